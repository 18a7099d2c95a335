"""The main job, as processes on image files: train, resume, test."""
import json
import re
import shutil
import socket

import mmengine
import numpy as np
import pytest
from helpers.tools import DEPRECATIONS_TOO, run_inline, run_process
from PIL import Image

from fusionreid_mm.evaluation import evaluate_ranking


@pytest.fixture(scope='module')
def tested(config, trained, tmp_path_factory):
    """``(folder of the results, console output)``."""
    out = tmp_path_factory.mktemp('tested')
    output = run_process(
        'test.py',
        config,
        trained[0] / 'epoch_2.pth',
        '--work-dir',
        out / 'logs',
        '--out',
        out / 'all.pkl',
        '--show-dir',
        out / 'pictures',
        PYTHONWARNINGS=DEPRECATIONS_TOO)
    return out, output


def free_port() -> str:
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return str(listener.getsockname()[1])


def metrics_of(output: str) -> dict:
    """Of the last evaluation in a console output."""
    line = [line for line in output.splitlines() if 'reid/mAP:' in line][-1]
    return {
        name: float(value)
        for name, value in re.findall(r'(reid/\S+): ([\d.]+)', line)
    }


def test_training_reports_and_saves(trained):
    work_dir, output = trained
    assert re.search(r'Epoch\(train\) +\[2\].* eta: ', output)
    assert 'transformer_htm.loss_triplet' in output
    # before the first epoch, and after each
    assert len(re.findall(r'Epoch\(val\).*reid/mAP', output)) == 3
    assert (work_dir / 'epoch_2.pth').is_file()
    assert list(work_dir.glob('best_reid_mAP_epoch_*.pth'))
    assert (work_dir / 'mine.py').is_file()
    # Nothing that a user cannot act on.
    assert 'Warning' not in output
    warnings = [
        line for line in output.splitlines() if ' - WARNING - ' in line
    ]
    assert all('does not hold what the publication says' in line
               for line in warnings)


def test_resumes_where_it_stopped(config, trained, tmp_path):
    work_dir, _ = trained
    output = run_process('train.py', config, '--work-dir', tmp_path,
                         '--resume', work_dir / 'epoch_1.pth', '--cfg-options',
                         'train_cfg.max_epochs=2')
    assert 'resumed epoch: 1' in output
    assert 'Epoch(train) [1]' not in output.replace('  ', ' ')
    # The same epoch from the same state.
    lines = [
        re.search(r'Epoch\(train\) +\[2\].* (lr: \S+) .* (loss: .*)',
                  text).groups() for text in (output, trained[1])
    ]
    assert lines[0] == lines[1]


def test_resumes_from_a_folder_that_was_moved(config, trained, tmp_path):
    moved = tmp_path / 'moved'
    moved.mkdir()
    shutil.copy(trained[0] / 'epoch_2.pth', moved)
    (moved / 'last_checkpoint').write_text('/elsewhere/epoch_2.pth')
    output = run_process('train.py', config, '--work-dir', moved, '--resume')
    assert 'resumed epoch: 2' in output
    # It was complete.
    assert 'Epoch(train)' not in output


def test_nothing_to_resume(config, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run_inline(monkeypatch, 'train.py', config, '--resume', 'absent.pth')
    assert "no checkpoint file 'absent.pth'" in capsys.readouterr().err


def test_metrics_are_those_of_the_written_features(tested):
    out, output = tested
    samples = mmengine.load(out / 'all.pkl')
    assert 'Warning' not in output
    assert len(samples) == 12 + 36 + 3  # without junk
    assert samples[0]['feature'].shape == (128 + 96 + 4 * 96, )

    def column(role, key):
        return np.array(
            [sample[key] for sample in samples if sample['split'] == role])

    features = [
        np.stack([s['feature'].numpy() for s in samples if s['split'] == role])
        for role in ('query', 'gallery')
    ]
    result = evaluate_ranking(*features, column('query', 'pid'),
                              column('gallery', 'pid'),
                              column('query', 'camid'),
                              column('gallery', 'camid'))
    printed = metrics_of(output)
    assert printed['reid/mAP'] == pytest.approx(100 * result.mAP, abs=1e-3)
    assert printed['reid/mINP'] == pytest.approx(100 * result.mINP, abs=1e-3)
    assert printed['reid/Rank-5'] == pytest.approx(
        100 * result.cmc[4], abs=1e-3)


def test_flip_test_averages_both_versions(config, trained, tested, tmp_path):
    """Turned around, an image and its mirror image are what they were."""
    out = tmp_path / 'flipped.pkl'
    output = run_process('test.py', config, trained[0] / 'epoch_2.pth',
                         '--work-dir', tmp_path, '--tta', '--out', out)
    assert metrics_of(output).keys() == metrics_of(tested[1]).keys()
    once = mmengine.load(tested[0] / 'all.pkl')
    both = mmengine.load(out)
    assert [s['img_path'] for s in both] == [s['img_path'] for s in once]
    mirrored = tmp_path / 'mirrored.py'
    mirrored.write_text(f"""
_base_ = {str(config)!r}

tta_pipeline = [
    dict(type='LoadReIDImage'),
    dict(type='RandomFlip', prob=1.),
    dict(type='Resize', scale=(64, 128), interpolation='bilinear',
         backend='pillow'),
    dict(type='TestTimeAug', transforms=[[dict(type='PackReIDInputs')]]),
]
""")
    run_process('test.py', mirrored, trained[0] / 'epoch_2.pth', '--work-dir',
                tmp_path, '--tta', '--out', tmp_path / 'mirrored.pkl')
    other = mmengine.load(tmp_path / 'mirrored.pkl')
    for mean, one, two in zip(both, once, other):
        assert not np.allclose(one['feature'], two['feature'], atol=1e-3)
        np.testing.assert_allclose(
            mean['feature'], (one['feature'] + two['feature']) / 2, atol=1e-4)


def test_several_datasets_in_one_run(config, data_root, trained, tested,
                                     tmp_path):
    other = shutil.copytree(data_root, tmp_path / 'other')
    path = tmp_path / 'both.py'
    path.write_text(f"""
_base_ = {str(config)!r}

parts = [
    dict(_base_.test_dataloader.dataset, name=name, data_root=root)
    for name, root in (('here', {str(data_root)!r}), ('there', {str(other)!r}))
]
test_dataloader = dict(
    dataset=dict(_delete_=True, type='ConcatDataset', datasets=parts))
""")
    output = run_process('test.py', path, trained[0] / 'epoch_2.pth',
                         '--work-dir', tmp_path, '--tta', '--out',
                         tmp_path / 'found.npz')
    flipped = {
        name: float(value)
        for name, value in re.findall(r'(reid/\S+): ([\d.]+)', output)
    }
    assert len(flipped) == 10
    assert flipped['reid/here/mAP'] == flipped['reid/there/mAP'] > 0
    run_process('analysis_tools/compare_results.py',
                tmp_path / 'found_here.npz', tmp_path / 'found_there.npz')


def test_pictures_are_drawn(tested):
    pictures = sorted((tested[0] / 'pictures').iterdir())
    lists = [path for path in pictures if path.name.startswith('ranked_list')]
    assert len(lists) == 12
    with Image.open(lists[0]) as picture:
        assert picture.width > 1000 and picture.height > 200
    with Image.open(tested[0] / 'pictures' / 'cmc.png') as picture:
        assert picture.size == (720, 480)


@pytest.mark.slow
def test_two_processes_measure_what_one_does(config, trained, tested,
                                             tmp_path):
    """51 images on two processes: the last one is padded."""
    run_process(
        'dist_test.sh',
        config,
        trained[0] / 'epoch_2.pth',
        2,
        '--work-dir',
        tmp_path,
        '--out',
        tmp_path / 'metrics.json',
        '--out-item',
        'metrics',
        PORT=free_port())
    two = json.loads((tmp_path / 'metrics.json').read_text())
    assert {
        name: round(value, 4)
        for name, value in two.items() if name.startswith('reid/')
    } == metrics_of(tested[1])


@pytest.mark.slow
def test_two_processes_train(config, tmp_path):
    output = run_process(
        'dist_train.sh',
        config,
        2,
        '--work-dir',
        tmp_path,
        '--auto-scale-lr',
        '--amp',
        '--cfg-options',
        'train_dataloader.batch_size=8',
        'train_dataloader.sampler.num_identities=2',
        'auto_scale_lr.base_batch_size=32',
        PORT=free_port(),
        PYTHONWARNINGS=DEPRECATIONS_TOO)
    assert 'Warning' not in output
    assert re.search(r'Epoch\(train\) +\[2\]\[2/2\]', output)
    assert metrics_of(output)['reid/mAP'] > 0
    # 2 processes x 8 images are half of the 32, so 2e-3 became 1e-3, of which
    # the first of two epochs takes half (and half of the lowest rate).
    assert re.search(r'Epoch\(train\) +\[1\]\[1/2\] +lr: 5.0500e-04', output)
    assert (tmp_path / 'epoch_2.pth').is_file()


def test_no_validate(config, tmp_path):
    output = run_process('train.py', config, '--work-dir', tmp_path,
                         '--no-validate', '--cfg-options',
                         'train_cfg.max_epochs=1')
    assert 'Epoch(val)' not in output
    assert (tmp_path / 'epoch_1.pth').is_file()
