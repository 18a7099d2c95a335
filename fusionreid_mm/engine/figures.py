"""What the command-line tools that draw curves share."""
import argparse
import re
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional, Tuple

import matplotlib
from matplotlib import pyplot as plt
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure

from fusionreid_mm.checkpoint_io import check_writable_file

# Matplotlib has the styles of seaborn under names of its own.
_SEABORN = 'seaborn-v0_8-'


def add_figure_arguments(parser: argparse.ArgumentParser) -> None:
    """``--title``, ``--style`` and ``--window-size``."""
    parser.add_argument('--title', help='title of the figure')
    parser.add_argument(
        '--style',
        type=style_sheet,
        default='whitegrid',
        help='style of the figure: one of seaborn or Matplotlib (default: '
        '%(default)s)')
    parser.add_argument(
        '--window-size',
        type=window_size,
        default='12*7',
        help='width*height of the figure in inches (default: %(default)s)')


def style_sheet(name: str) -> str:
    """What Matplotlib calls a style."""
    for style in (_SEABORN + name, name):
        if style == 'default' or style in plt.style.available:
            return style
    known = sorted(
        style.replace(_SEABORN, '') for style in plt.style.available
        if not style.startswith('_'))
    raise argparse.ArgumentTypeError(
        f'there is no style {name!r}; there are {", ".join(known)}')


def window_size(text: str) -> Tuple[float, float]:
    """Width and height of ``'12*7'``."""
    numbers = re.fullmatch(r'(\d+(?:\.\d+)?)\*(\d+(?:\.\d+)?)', text)
    if numbers is None or 0 in map(float, numbers.groups()):
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a width*height in inches, such as 12*7')
    width, height = map(float, numbers.groups())
    return width, height


def has_window() -> bool:
    """Whether figures can be shown: Matplotlib takes ``agg``, which cannot,
    where there is no display."""
    return matplotlib.get_backend().lower() != 'agg'


def check_figure_path(path: Path) -> None:
    """Refuse a file that :func:`drawing` could not write, before long work
    begins.

    Raises:
        ValueError: If its name ends with no format of pictures.
        OSError: If it is a folder, or its folder cannot be written to.
    """
    formats = FigureCanvasBase.get_supported_filetypes()
    if path.suffix[1:].lower() not in formats:
        raise ValueError(f'{path}: the name of a picture must end with one of '
                         f'.{", .".join(sorted(formats))}')
    check_writable_file(path)


@contextmanager
def drawing(args: argparse.Namespace, out: Optional[Path],
            show: bool) -> Iterator[Figure]:
    """A figure as :func:`add_figure_arguments` has it, which is written to
    ``out`` and shown in the end.

    Raises:
        As :func:`check_figure_path`.
    """
    if out is not None:
        check_figure_path(out)
    with plt.style.context(args.style):
        figure = plt.figure(figsize=args.window_size, layout='constrained')
        yield figure
        if out is not None:
            out.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(out)
        if show:
            plt.show()
        plt.close(figure)
