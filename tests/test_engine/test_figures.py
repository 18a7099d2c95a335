import argparse

import pytest
from matplotlib import pyplot as plt
from PIL import Image

from fusionreid_mm.engine import figures


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    figures.add_figure_arguments(parser)
    return parser


def test_defaults_are_those_of_mmpretrain(parser):
    args = parser.parse_args([])
    assert args.style == 'seaborn-v0_8-whitegrid'
    assert args.window_size == (12, 7)
    assert args.title is None


@pytest.mark.parametrize('name, style', [('dark', 'seaborn-v0_8-dark'),
                                         ('ggplot', 'ggplot'),
                                         ('default', 'default')])
def test_styles(parser, name, style):
    assert parser.parse_args(['--style', name]).style == style


@pytest.mark.parametrize('option, message', [
    (['--style', 'nice'], "no style 'nice'; there are .*, whitegrid"),
    (['--window-size', '12x7'], "'12x7' is not a width"),
    (['--window-size', '0*7'], r"'0\*7' is not a width"),
    (['--window-size', '12*'], r"'12\*' is not a width"),
])
def test_errors(parser, capsys, option, message):
    with pytest.raises(SystemExit):
        parser.parse_args(option)
    capsys.readouterr()
    convert = figures.style_sheet if 'style' in option[
        0] else figures.window_size
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        convert(option[1])


def test_a_figure_is_written_and_shown(parser, tmp_path, monkeypatch):
    plt.switch_backend('agg')
    assert not figures.has_window()
    # Other tests of this process may have left figures.
    others = set(plt.get_fignums())
    shown = []
    monkeypatch.setattr(plt, 'show',
                        lambda: shown.append(set(plt.get_fignums()) - others))
    args = parser.parse_args(['--window-size', '4*2.5'])
    out = tmp_path / 'new' / 'figure.png'
    with figures.drawing(args, out, show=True) as figure:
        figure.suptitle('title')
    with Image.open(out) as picture:
        assert picture.size == (400, 250)
    # Neither the figure nor the style stays.
    assert [len(figures_shown) for figures_shown in shown] == [1]
    assert set(plt.get_fignums()) == others
    with figures.drawing(args, None, show=False):
        pass
    assert len(shown) == 1


def test_files_that_cannot_be_written(parser, tmp_path):
    (tmp_path / 'folder').mkdir()
    args = parser.parse_args([])
    # Matplotlib would write folder.png.
    wrong = {
        'a.xyz': 'a.xyz: .* end with one of .*png',
        'folder': 'folder: the name of a picture must'
    }
    for name, message in wrong.items():
        with pytest.raises(ValueError, match=message):
            figures.check_figure_path(tmp_path / name)
        with pytest.raises(ValueError, match=message):
            with figures.drawing(args, tmp_path / name, show=False):
                pytest.fail('what is drawn would be lost')
    with pytest.raises(OSError, match='a.png.* is a file'):
        (tmp_path / 'file').touch()
        figures.check_figure_path(tmp_path / 'file' / 'a.png')
    figures.check_figure_path(tmp_path / 'new' / 'a.PDF')
