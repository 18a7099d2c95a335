"""Reports of real tests of the small model."""
import json

import pytest
import torch
from helpers.read_page import Page
from helpers.small_run import run_in_processes, small_run_cfg, write_small_data
from mmengine.hooks import Hook
from mmengine.runner import Runner

from fusionreid_mm.compat import use_cpu_group
from fusionreid_mm.engine.command_line import augment_tests
from fusionreid_mm.engine.hooks import ReportHook


class KeepsMetrics(Hook):
    """Remembers what was printed."""

    def after_test_epoch(self, runner, metrics=None):
        self.metrics = metrics


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    return write_small_data(tmp_path_factory.mktemp('data'))


def run_test(data_root, tmp_path, change=None, **options):
    """The page, and the metrics that were printed."""
    cfg = small_run_cfg(data_root, tmp_path / 'run', **options)
    cfg.custom_hooks = [
        dict(type='ReportHook', out=str(tmp_path / 'report.html'), topk=3)
    ]
    if change is not None:
        change(cfg)
    torch.manual_seed(0)
    runner = Runner.from_cfg(cfg)
    kept = KeepsMetrics()
    runner.register_hook(kept)
    runner.test()
    return Page(tmp_path / 'report.html'), kept.metrics


def metrics_shown(page) -> dict:
    table, = [t for t in page.tables if t[0] == ['metric', '%']]
    return {name: float(value) for name, value in table[1:]}


def facts_of(page) -> dict:
    return dict(page.tables[0][1:])


def test_report_of_a_test(data_root, monkeypatch, tmp_path):
    monkeypatch.setattr('sys.argv', ['tools/test.py', 'mine.py'])
    page, metrics = run_test(data_root, tmp_path)
    page.check_alone()
    # The branches alone are measured for it.
    assert {f'reid/{part}Rank-1'
            for part in ('', 'cnn/', 'transformer/')} <= metrics.keys()
    assert metrics_shown(page) == pytest.approx(metrics, abs=1e-4)
    assert 'Where the branches disagree' in page.headings
    assert '3 queries of 3 people, 6 gallery images' in page.words
    facts = facts_of(page)
    assert facts['Processes'] == '1'
    assert facts['Test-time augmentation'] == 'no'
    assert facts['Descriptor'].startswith('cnn, transformer, cnn_lru')
    assert 'tools/test.py mine.py' in facts['Command']


def test_what_is_measured_already_is_not_measured_twice(data_root, tmp_path):
    _, metrics = run_test(
        data_root,
        tmp_path,
        test_evaluator__embeddings=dict(
            htm=['cnn_htm', 'transformer_htm'], cnn=['cnn']))
    parts = [name for name in metrics if name.endswith('/mAP')]
    assert parts == [
        'reid/mAP', 'reid/htm/mAP', 'reid/cnn/mAP', 'reid/transformer/mAP'
    ]


@pytest.mark.parametrize('embeddings', [['cnn'], ['cnn_htm', 'cnn_lru']])
def test_descriptors_without_both_branches(data_root, tmp_path, embeddings):
    page, metrics = run_test(
        data_root, tmp_path, model__head__test_embeddings=embeddings)
    assert 'nothing that could disagree' in page.words
    assert not [name for name in metrics if name.count('/') > 1]


def test_augmented(data_root, tmp_path):
    page, metrics = run_test(data_root, tmp_path, augment_tests)
    assert facts_of(page)['Test-time augmentation'] == 'yes'
    assert metrics_shown(page) == pytest.approx(metrics, abs=1e-4)


def test_several_datasets(data_root, tmp_path):

    def join(cfg):
        dataset = cfg.test_dataloader.dataset
        cfg.test_dataloader.dataset = dict(
            type='ConcatDataset',
            datasets=[dict(dataset, name=name) for name in ('a', 'b')])

    page, metrics = run_test(data_root, tmp_path, join)
    assert metrics_shown(page) == pytest.approx(metrics, abs=1e-4)
    assert {'Metrics of a', 'Metrics of b'} <= set(page.headings)


def test_curve_of_the_training(data_root, tmp_path):
    """That of the folder of the checkpoint, if there is one."""
    folder = tmp_path / 'training' / '20260101_000000' / 'vis_data'
    folder.mkdir(parents=True)
    rows = [dict(lr=.1, loss=3. / i, epoch=i, iter=i, step=i) for i in (1, 2)]
    (folder / 'scalars.json').write_text('\n'.join(map(json.dumps, rows)))
    checkpoint = tmp_path / 'training' / 'epoch_2.pth'
    cfg = small_run_cfg(data_root, tmp_path / 'weights')
    model = Runner.from_cfg(cfg).model
    torch.save(dict(state_dict=model.state_dict()), checkpoint)
    page, _ = run_test(data_root, tmp_path, load_from=str(checkpoint))
    assert 'Training' in page.headings
    assert facts_of(page)['Checkpoint'] == str(checkpoint)
    (folder / 'scalars.json').write_text('no log')
    page, _ = run_test(data_root, tmp_path, load_from=str(checkpoint))
    assert 'Training' not in page.headings


def test_two_tests_of_one_runner(data_root, tmp_path):
    """Nothing of the first is in the report of the second."""
    cfg = small_run_cfg(data_root, tmp_path / 'run')
    cfg.custom_hooks = [
        dict(type='ReportHook', out=str(tmp_path / 'report.html'))
    ]
    runner = Runner.from_cfg(cfg)
    for _ in range(2):
        runner.test()
    page = Page(tmp_path / 'report.html')
    assert [h for h in page.headings if h.startswith('Metrics')] == ['Metrics']


def test_processes(data_root, tmp_path):
    """The main process writes what a single one would."""

    def run(rank):
        folder = tmp_path / str(rank)

        def use_processes(cfg):
            cfg.launcher = 'pytorch'
            use_cpu_group(cfg)

        try:
            page, metrics = run_test(data_root, folder, use_processes)
        except FileNotFoundError:
            return 'no page'
        return page.tables, page.words, metrics

    (tables, words, metrics), other = run_in_processes(run, tmp_path)
    assert other == 'no page'
    (tmp_path / 'alone').mkdir()
    page, alone = run_test(data_root, tmp_path / 'alone')
    assert metrics == pytest.approx(alone)
    assert dict(tables[0][1:])['Processes'] == '2'
    assert tables[1:] == page.tables[1:]


@pytest.mark.parametrize('out, error, message', [
    ('report.pdf', ValueError, r'report.pdf: .* end with \.html'),
    ('taken/report.html', OSError, 'taken'),
    ('.', ValueError, 'end with'),
])
def test_is_refused_before_the_test(data_root, tmp_path, out, error, message):
    (tmp_path / 'taken').touch()
    cfg = small_run_cfg(data_root, tmp_path / 'run')
    cfg.custom_hooks = [dict(type='ReportHook', out=str(tmp_path / out))]
    runner = Runner.from_cfg(cfg)
    runner.register_hook(kept := KeepsMetrics())
    with pytest.raises(error, match=message):
        runner.test()
    assert not hasattr(kept, 'metrics')


class RemovesImages(Hook):
    """Removes the images when all are tested."""

    def __init__(self, folder):
        self.folder = folder

    def after_test_epoch(self, runner, metrics=None):
        for path in self.folder.rglob('*.jpg'):
            path.unlink()


def test_metrics_are_printed_before_it_is_drawn(tmp_path):
    """So that nobody has to test again for them."""
    data_root = write_small_data(tmp_path / 'data')
    cfg = small_run_cfg(data_root, tmp_path / 'run')
    cfg.custom_hooks = [
        dict(type='ReportHook', out=str(tmp_path / 'report.html'))
    ]
    runner = Runner.from_cfg(cfg)
    runner.register_hook(RemovesImages(data_root))
    runner.register_hook(kept := KeepsMetrics(), priority='VERY_LOW')
    with pytest.raises(OSError, match='cannot be shown'):
        runner.test()
    assert kept.metrics['reid/mAP'] > 0
    assert not (tmp_path / 'report.html').exists()


def test_metrics_are_printed_before_lists_are_drawn(tmp_path):
    """Likewise, for tools/test.py --show-dir."""
    data_root = write_small_data(tmp_path / 'data')
    cfg = small_run_cfg(data_root, tmp_path / 'run')
    cfg.default_hooks.visualization.update(
        enable=True, out_dir=str(tmp_path / 'lists'))
    runner = Runner.from_cfg(cfg)
    runner.register_hook(RemovesImages(data_root))
    # As LoggerHook, which prints them.
    runner.register_hook(kept := KeepsMetrics(), priority='BELOW_NORMAL')
    with pytest.raises(OSError, match='cannot be shown'):
        runner.test()
    assert kept.metrics['reid/mAP'] > 0


def test_lists_are_refused_before_the_test(data_root, tmp_path):
    (tmp_path / 'taken').touch()
    cfg = small_run_cfg(data_root, tmp_path / 'run')
    cfg.default_hooks.visualization.update(
        enable=True, out_dir=str(tmp_path / 'taken'))
    runner = Runner.from_cfg(cfg)
    runner.register_hook(kept := KeepsMetrics())
    with pytest.raises(NotADirectoryError, match='taken is a file'):
        runner.test()
    assert not hasattr(kept, 'metrics')


def test_needs_a_reid_metric(data_root, tmp_path):
    cfg = small_run_cfg(data_root, tmp_path / 'run')
    cfg.test_evaluator = dict(
        type='DumpResults', out_file_path=str(tmp_path / 'a.pkl'))
    cfg.custom_hooks = [
        dict(type='ReportHook', out=str(tmp_path / 'report.html'))
    ]
    with pytest.raises(TypeError, match="ReportHook.*type='ReIDMetric'"):
        Runner.from_cfg(cfg).test()


@pytest.mark.parametrize(
    'numbers',
    [dict(num_worst=0), dict(num_examples=0),
     dict(topk=0)])
def test_bad_arguments(numbers):
    with pytest.raises(ValueError, match='at least 1'):
        ReportHook('report.html', **numbers)
