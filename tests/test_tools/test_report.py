"""Reports, ranked lists and curves, as commands on image files."""
import re
import runpy
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.drawn_data import write_market
from helpers.read_page import Page
from helpers.small_run import small_run_cfg
from helpers.tools import DEPRECATIONS_TOO, TOOLS, run_inline, run_process
from mmengine.runner import Runner
from PIL import Image

from fusionreid_mm.evaluation import (evaluate_ranking, evaluate_verification,
                                      load_results, save_results)

LISTS = 'visualization/vis_ranked_lists.py'
CURVES = 'visualization/vis_curves.py'


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    """A config and a checkpoint of the small model."""
    folder = tmp_path_factory.mktemp('model')
    data_root = write_market(
        folder / 'data', {
            'query': [(p, c, 1) for p in range(20, 24) for c in (1, 2)],
            'bounding_box_test': [(p, c, 2) for p in range(20, 24)
                                  for c in (1, 2, 3)] + [(0, 2, 3)],
        })
    cfg = small_run_cfg(data_root, folder / 'run', log_level='INFO')
    cfg.train_dataloader = cfg.train_cfg = cfg.optim_wrapper = None
    runner = Runner.from_cfg(cfg)
    torch.save(
        dict(state_dict=runner.model.state_dict()), folder / 'model.pth')
    cfg.dump(folder / 'small.py')
    return folder / 'small.py', folder / 'model.pth'


@pytest.fixture(scope='module')
def tested(model, tmp_path_factory):
    """``(folder of the results, console output)``."""
    out = tmp_path_factory.mktemp('tested')
    output = run_process(
        'test.py',
        *model,
        '--work-dir',
        out / 'logs',
        '--report',
        out / 'report.html',
        '--out',
        out / 'results.npz',
        PYTHONWARNINGS=DEPRECATIONS_TOO)
    return out, output


@pytest.fixture
def results(tested):
    return load_results(tested[0] / 'results.npz')


def test_report(model, tested):
    out, output = tested
    page = Page(out / 'report.html')
    page.check_alone()
    printed = dict(re.findall(r'(reid/\S+): ([\d.]+)', output))
    assert len(printed) == 15
    table, = [t for t in page.tables if t[0] == ['metric', '%']]
    assert {
        name: value
        for name, value in table[1:] if name.startswith('reid/')
    } == printed
    facts = dict(page.tables[0][1:])
    assert facts['Config'] == str(model[0])
    assert facts['Checkpoint'] == str(model[1])
    assert '--report' in facts['Command']
    assert '8 queries of 4 people, 27 gallery images, of which 3' in page.words
    assert 'Warning' not in output


@pytest.mark.parametrize('report, message', [
    ('report.pdf', r'report.pdf: .* must end with \.html'),
    ('taken/report.html', 'taken'),
    ('folder.html', 'folder.html is a folder'),
])
def test_a_report_that_cannot_be_written(model, tmp_path, monkeypatch, report,
                                         message):
    """It is told before anything is built."""
    (tmp_path / 'taken').touch()
    (tmp_path / 'folder.html').mkdir()
    with pytest.raises((ValueError, OSError), match=message):
        run_inline(monkeypatch, 'test.py', *model, '--work-dir',
                   tmp_path / 'logs', '--report', tmp_path / report)
    assert not (tmp_path / 'logs').exists()


@pytest.mark.parametrize('option, name', [('--out', 'taken/results.npz'),
                                          ('--show-dir', 'taken')])
def test_other_files_that_cannot_be_written(model, tmp_path, monkeypatch,
                                            option, name):
    """Else a test would end without its metrics."""
    (tmp_path / 'taken').touch()
    with pytest.raises(NotADirectoryError, match='taken is a file'):
        run_inline(monkeypatch, 'test.py', *model, '--work-dir',
                   tmp_path / 'logs', option, tmp_path / name)
    assert not (tmp_path / 'logs').exists()


@pytest.mark.parametrize('choice, sign', [('worst', 1), ('best', -1)])
def test_pictures_of_the_extremes(tested, results, tmp_path, monkeypatch,
                                  capsys, choice, sign):
    run_inline(monkeypatch, LISTS, tested[0] / 'results.npz', '--out',
               tmp_path / 'lists', '--choose', choice, '--num-queries', 3,
               '--topk', 4)
    order = np.argsort(sign * results.ap, kind='stable')[:3]
    assert sorted(path.name for path in (tmp_path / 'lists').iterdir()) == [
        f'{place:05d}_{results.query_paths[row].split("/")[-1][:-4]}.png'
        for place, row in enumerate(order)
    ]
    for path in (tmp_path / 'lists').iterdir():
        with Image.open(path) as picture:
            assert picture.size == (5 * 104 + 16, 242)
    output = capsys.readouterr().out
    assert f'AP {100 * results.ap[order[0]]:.1f} %, first match at rank ' \
        f'{results.first_match_rank[order[0]]}' in output


def test_a_page_by_name(tested, results, tmp_path, monkeypatch):
    run_inline(monkeypatch, LISTS, tested[0] / 'results.npz', '--out',
               tmp_path / 'lists.html', '--names', '0021_*',
               '0023_c2s1_000000_00')
    page = Page(tmp_path / 'lists.html')
    page.check_alone()
    rows = [
        row for row in np.argsort(results.ap, kind='stable')
        if results.query_pids[row] == 21 or (results.query_pids[row],
                                             results.query_camids[row]) == (23,
                                                                            1)
    ]
    captions = re.findall(r'(\S+\.jpg): AP ([\d.]+) %', page.words)
    assert captions == [(results.query_paths[row].split('/')[-1],
                         f'{100 * results.ap[row]:.1f}') for row in rows]
    assert len(captions) == 3
    is_match = results.gallery_pids[results.nearest[rows]] == \
        results.query_pids[rows, None]
    assert len(page.of_class('query')) == 3
    assert len(page.of_class('right')) == is_match.sum() > 0
    assert len(page.of_class('wrong')) == (~is_match).sum() > 0


def test_queries_at_random(tested, results, tmp_path, monkeypatch):

    def draw(seed):
        run_inline(monkeypatch, LISTS, tested[0] / 'results.npz', '--out',
                   tmp_path / 'lists.html', '--choose', 'random', '--seed',
                   seed, '--num-queries', 4)
        return re.findall(r'(\S+\.jpg): AP',
                          Page(tmp_path / 'lists.html').words)

    first = draw(1)
    assert len(set(first)) == 4
    assert first == draw(1) != draw(2)


def test_lists_that_cannot_be_drawn(tested, results, tmp_path, monkeypatch):

    def draw(path, *options):
        run_inline(monkeypatch, LISTS, path, '--out', tmp_path / 'lists',
                   *options)

    path = tested[0] / 'results.npz'
    with pytest.raises(ValueError, match='no query of .* is called 7_.* or x'):
        draw(path, '--names', '7_*', 'x')
    with pytest.raises(ValueError, match='have the 10 nearest.*topk=11'):
        draw(path, '--topk', 11)
    with pytest.raises(SystemExit):
        draw(path, '--num-queries', 0)
    with pytest.raises(FileNotFoundError, match='absent.npz'):
        draw('absent.npz')
    with pytest.raises(ValueError, match='lists.png: name a folder'):
        run_inline(monkeypatch, LISTS, path, '--out', tmp_path / 'lists.png')
    # The images were moved.
    paths = np.array(['/gone/' + p for p in results.query_paths.tolist()])
    save_results(tmp_path / 'moved.npz', results._replace(query_paths=paths))
    for out in ('lists', 'lists.html'):
        with pytest.raises(OSError, match='/gone/.*jpg.*move since the test'):
            run_inline(monkeypatch, LISTS, tmp_path / 'moved.npz', '--out',
                       tmp_path / out)


def arguments_of(results):
    return [
        getattr(results, f'{role}_{name}')
        for name in ('features', 'pids', 'camids')
        for role in ('query', 'gallery')
    ]


def test_curves(tested, tmp_path, monkeypatch, capsys):
    other = shutil.copy(tested[0] / 'results.npz', tmp_path / 'other.npz')
    out = tmp_path / 'new' / 'curves.png'
    run_inline(monkeypatch, CURVES, tested[0] / 'results.npz', other,
               '--curves', 'cmc', 'pr', 'roc', '--legend', 'one', 'two',
               '--out', out, '--window-size', '12*4')
    assert 'cmc, pr, roc of 2 tests' in capsys.readouterr().out
    with Image.open(out) as picture:
        assert picture.size == (1200, 400)


def test_values_of_the_curves(tested, results, monkeypatch):
    """They are those of the functions."""
    tool = runpy.run_path(str(TOOLS / CURVES))
    args = SimpleNamespace(max_rank=7)
    ranking = evaluate_ranking(*arguments_of(results), max_rank=7)
    np.testing.assert_array_equal(tool['cmc_of'](results, args), ranking.cmc)
    np.testing.assert_array_equal(tool['precision_of'](results, args),
                                  ranking.precision)
    far, tar = tool['roc_of'](results, args)
    assert far[0] == 1 / (8 * 27) and np.all(np.diff(far) > 0)
    points = evaluate_verification(
        *arguments_of(results), fars=far.tolist()).tar_at_far
    assert tar.tolist() == [points[one].tar for one in far.tolist()]
    assert np.all(np.diff(tar) >= 0) and tar[-1] > tar[0]


def test_curves_that_cannot_be_drawn(tested, results, tmp_path, monkeypatch,
                                     capsys):
    path = tested[0] / 'results.npz'
    save_results(tmp_path / 'bare.npz',
                 results._replace(query_features=None, gallery_features=None))

    def draw(*arguments):
        run_inline(monkeypatch, CURVES, *arguments, '--out',
                   tmp_path / 'a.png')

    draw(tmp_path / 'bare.npz', '--curves', 'cmc')
    with pytest.raises(ValueError, match='no features.*--curves cmc'):
        draw(tmp_path / 'bare.npz')
    for arguments, message in (
        ([path, path], 'two tests have one name'),
        ([path, '--legend', 'a', 'b'], '2 names for 1 files'),
        ([path, '--max-rank', 0], 'at least 1'),
    ):
        with pytest.raises(SystemExit):
            draw(*arguments)
        assert message in capsys.readouterr().err
    # Told before the results are looked for.
    with pytest.raises(ValueError, match='a.xyz: the name of a picture'):
        run_inline(monkeypatch, CURVES, 'absent.npz', '--out',
                   tmp_path / 'a.xyz')


def test_names_of_tests_are_text(tested, tmp_path, monkeypatch):
    run_inline(monkeypatch, CURVES, tested[0] / 'results.npz', '--curves',
               'cmc', '--legend', 'a$x_^$', '--out', tmp_path / 'a.png')
    assert (tmp_path / 'a.png').is_file()
