import json
import runpy
import shutil

import numpy as np
import pytest
from helpers.tools import TOOLS, run_inline, run_process
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

TOOL = 'analysis_tools/analyze_logs.py'


@pytest.fixture(autouse=True)
def no_window():
    plt.switch_backend('agg')


@pytest.fixture(scope='module')
def tool():
    return runpy.run_path(str(TOOLS / TOOL))


@pytest.fixture(scope='module')
def resumed(config, trained, tmp_path_factory):
    """A work dir of two runs: the second trained the last epoch again."""
    work_dir = tmp_path_factory.mktemp('logs') / 'resumed'
    shutil.copytree(trained[0], work_dir)
    run_process('train.py', config, '--work-dir', work_dir, '--resume',
                work_dir / 'epoch_1.pth')
    return work_dir


def scalars_of(work_dir) -> list:
    """The files of the runs, and what they say."""
    return [[json.loads(line) for line in path.read_text().splitlines()]
            for path in sorted(work_dir.glob('*/vis_data/scalars.json'))]


def draw(tool, *paths, keys=None) -> Figure:
    figure = Figure()
    logs = [tool['load_log'](str(path)) for path in paths]
    curves = tool['choose_curves'](logs, keys)
    tool['plot_curves'](figure, curves, tool['default_legend'](curves))
    return figure


def write_rows(path, rows):
    path.write_text(''.join(f'{json.dumps(row)}\n' for row in rows))
    return path


def write_iterations(path):
    """As a training by iteration logs them."""
    return write_rows(path, [
        *(dict(lr=0.1, loss=9. - i, iter=i, step=i) for i in (2, 4, 6)),
        {
            'reid/mAP': 50.,
            'step': 6
        },
    ])


def test_loss_and_map_above_epochs(tool, trained):
    """By default, of validations before and after each epoch."""
    rows, = scalars_of(trained[0])
    loss, precision = draw(tool, trained[0]).axes
    curve, = loss.lines
    assert curve.get_xdata().tolist() == [0.5, 1, 1.5, 2]
    assert curve.get_ydata().tolist() == [
        row['loss'] for row in rows if 'loss' in row
    ]
    assert curve.get_label() == 'loss'
    curve, = precision.lines
    assert curve.get_xdata().tolist() == [0, 1, 2]
    assert curve.get_ydata().tolist() == [
        row['reid/mAP'] for row in rows if 'reid/mAP' in row
    ]
    assert (loss.get_ylabel(), precision.get_ylabel()) == ('loss', '%')
    assert precision.get_xlabel() == 'epochs'
    assert precision.get_xlim() == loss.get_xlim()


@pytest.mark.parametrize('place',
                         ['', '2*', '*/vis_data', '*/vis_data/scalars.json'])
def test_what_may_be_given(tool, trained, place):
    path, = trained[0].glob(place) if place else [trained[0]]
    log = tool['load_log'](str(path))
    assert [row['step'] for row in log.train] == [1, 2, 3, 4]
    assert [row['step'] for row in log.val] == [0, 1, 2]


def test_a_resumed_run_goes_on(tool, resumed):
    first, second = scalars_of(resumed)
    log = tool['load_log'](str(resumed))
    assert [row['step'] for row in log.train] == [1, 2, 3, 4]
    again = [row for row in second if 'iter' in row]
    assert log.train[2:] == again
    assert log.train[:2] == [row for row in first if 'iter' in row][:2]
    assert [row['step'] for row in log.val] == [0, 1, 2]
    assert log.val[2] == second[-1] != first[-1]


def test_several_trainings(tool, trained, resumed, tmp_path):
    other = shutil.copytree(resumed, tmp_path / 'other')
    keys = ['loss', 'cnn.loss_id', 'reid/Rank-1']
    losses, ranks = draw(tool, resumed, other, keys=keys).axes
    assert [line.get_label().split()[-1]
            for line in losses.lines] == keys[:2] * 2
    names = [line.get_label().split()[0] for line in ranks.lines]
    assert [name.rpartition('/')[2] for name in names] == ['resumed', 'other']
    # A colour for each training.
    colours = [line.get_color() for line in losses.lines]
    assert colours[0] == colours[1] != colours[2] == colours[3]
    assert ranks.lines[1].get_color() == colours[2]


def test_short_names(tool, tmp_path):
    paths = [str(tmp_path / name / 'vis_data/scalars.json')
             for name in 'ab'] + [str(tmp_path / 'c')]
    names = tool['short_names'](paths)
    assert list(names.values()) == ['a', 'b', 'c']


def test_trainings_by_iteration(tool, trained, tmp_path):
    path = write_iterations(tmp_path / 'log.json')
    loss, precision = draw(tool, path).axes
    assert loss.lines[0].get_xdata().tolist() == [2, 4, 6]
    assert precision.lines[0].get_xdata().tolist() == [6]
    assert precision.get_xlabel() == 'iterations'
    # Beside one by epoch, of two iterations each.
    _, precision = draw(tool, path, trained[0]).axes
    assert precision.lines[1].get_xdata().tolist() == [0, 2, 4]
    assert precision.get_xlabel() == 'iterations'


def test_the_ends_of_epochs_are_not_logged(tool, tmp_path):
    """37 iterations, every tenth of which is logged."""
    rows = [
        dict(
            loss=1., epoch=epoch + 1, iter=37 * epoch + i, step=37 * epoch + i)
        for epoch in range(3) for i in (10, 20, 30)
    ]
    log = tool['load_log'](str(write_rows(tmp_path / 'log.json', rows)))
    assert log.epoch_length() == 37
    log = tool['load_log'](str(write_rows(tmp_path / 'log.json', rows[:3])))
    assert log.epoch_length() == 30


def test_the_picture(trained, tmp_path, monkeypatch, capsys):
    out = tmp_path / 'pictures' / 'curves.png'
    run_inline(monkeypatch, TOOL, 'plot_curve', trained[0], '--keys', 'lr',
               'reid/mAP', 'loss', '--legend', 'a', 'b', 'c', '--title',
               'Mine', '--style', 'darkgrid', '--window-size', '8*5', '--out',
               out)
    assert capsys.readouterr().out == f'3 curves: {out}\n'
    with Image.open(out) as picture:
        assert picture.size == (800, 500)


def test_average_times(trained, resumed, monkeypatch, capsys):
    first = [row['time'] for row in scalars_of(trained[0])[0] if 'lr' in row]
    run_inline(monkeypatch, TOOL, 'cal_train_time', trained[0], resumed,
               '--include-outliers')
    title, slowest, fastest, spread, average, blank, *_ = (
        capsys.readouterr().out.splitlines())
    means = np.reshape(first, (2, 2)).mean(axis=1)
    assert str(trained[0]) in title and blank == ''
    assert slowest == (f'slowest epoch {means.argmax() + 1}, '
                       f'average time is {means.max():.4f}')
    assert fastest == (f'fastest epoch {means.argmin() + 1}, '
                       f'average time is {means.min():.4f}')
    assert spread == f'time std over epochs is {means.std():.4f}'
    assert average == f'average iter time: {np.mean(first):.4f} s/iter'
    # Without the first of each epoch.
    run_inline(monkeypatch, TOOL, 'cal_train_time', trained[0])
    assert (f'average iter time: {np.mean(first[1::2]):.4f}'
            in capsys.readouterr().out)


def test_killed_while_it_wrote_a_row(tool, tmp_path):
    path = write_iterations(tmp_path / 'log.json')
    whole = path.read_text()
    path.write_text(whole[:-10])
    log = tool['load_log'](str(path))
    assert len(log.train) == 3 and not log.val
    path.write_text(whole[:60] + whole[70:])
    with pytest.raises(ValueError, match='log.json, line [12]: .*no row'):
        tool['load_log'](str(path))


@pytest.mark.parametrize('text, message', [
    ('', 'nothing is logged in'),
    ('[1, 2]\n', 'line 1: this is no row'),
    ('{"reid/mAP": 50.0}\n', 'line 1: this is no row'),
    ('_base_ = []\n', 'line 1: this is no row'),
])
def test_a_file_that_is_no_log(tool, tmp_path, text, message):
    (tmp_path / 'log.json').write_text(text)
    with pytest.raises(ValueError, match=message):
        tool['load_log'](str(tmp_path / 'log.json'))


def test_wrong_arguments(tool, tmp_path, monkeypatch, capsys):
    log = write_iterations(tmp_path / 'log.json')
    out = '--out', tmp_path / 'curves.png'
    with pytest.raises(FileNotFoundError, match="no log 'absent'.*work dir"):
        run_inline(monkeypatch, TOOL, 'plot_curve', 'absent', *out)
    with pytest.raises(FileNotFoundError, match='no log .*scalars.json'):
        run_inline(monkeypatch, TOOL, 'plot_curve', tmp_path, *out)
    with pytest.raises(
            ValueError, match="no key 'mAP'; it has lr, loss, reid/mAP"):
        run_inline(monkeypatch, TOOL, 'plot_curve', log, '--keys', 'mAP', *out)
    with pytest.raises(ValueError, match='1 names for 2 curves.*loss, reid'):
        run_inline(monkeypatch, TOOL, 'plot_curve', log, '--legend', 'a', *out)
    with pytest.raises(ValueError, match='has no times'):
        run_inline(monkeypatch, TOOL, 'cal_train_time', log)
    with pytest.raises(SystemExit, match='no display.*--out'):
        run_inline(monkeypatch, TOOL, 'plot_curve', log)
    with pytest.raises(ValueError, match='neither a loss nor a mAP.* lr'):
        tool['choose_curves']([tool['Log']('log', [dict(lr=1)], [])], None)
    for option in (['--style', 'nice'], ['--window-size', '12']):
        with pytest.raises(SystemExit):
            run_inline(monkeypatch, TOOL, 'plot_curve', log, *out, *option)
        assert f"{option[1]!r}" in capsys.readouterr().err
    assert not (tmp_path / 'curves.png').exists()
