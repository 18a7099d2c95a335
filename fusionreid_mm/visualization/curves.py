"""Curves of rankings, each of one or several models or parts of a model.

Curves are told apart by colours that the colour-blind see as well, and by
their lines.
"""
from typing import Mapping, NamedTuple

import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

# Okabe and Ito's: blue, vermilion, green, purple, orange, sky blue, black.
_COLOURS = [
    '#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'
]
_LINES = ['-', '--', '-.', ':', (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1))]


class RocCurve(NamedTuple):
    """How many pairs a threshold accepts. Fractions, not percent.

    Attributes:
        far: (N, ) false accept rates, ascending.
        tar: (N, ) true accept rates.
    """
    far: np.ndarray
    tar: np.ndarray


def plot_cmc(axes: Axes, curves: Mapping[str, np.ndarray]) -> None:
    """Cumulative matching characteristics.

    Args:
        axes (Axes): Where to draw.
        curves (Mapping[str, np.ndarray]): By name, each (K, ): the first is
            Rank-1, a fraction.
    """
    _begin(axes, xlabel='rank', ylabel='queries with a match (%)')
    longest = max(len(cmc) for cmc in curves.values())
    for name, cmc in curves.items():
        marker = '.' if len(curves) == 1 else ''
        axes.plot(
            1 + np.arange(len(cmc)), 100 * cmc, marker=marker, label=name)
    axes.set_xlim(0.5, longest + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _end(axes, curves, 'lower right')


def plot_precision_recall(axes: Axes, curves: Mapping[str,
                                                      np.ndarray]) -> None:
    """Precision over recall.

    Args:
        axes (Axes): Where to draw.
        curves (Mapping[str, np.ndarray]): By name, each (L, ), as
            :func:`.precision_at_recall` gives them.
    """
    _begin(axes, xlabel='matches found (recall, %)', ylabel='precision (%)')
    for name, precision in curves.items():
        # The middle of each level.
        recall = (0.5 + np.arange(len(precision))) / len(precision)
        axes.plot(100 * recall, 100 * precision, label=name)
    axes.set_xlim(0, 100)
    _end(axes, curves, 'lower left')


def plot_roc(axes: Axes, curves: Mapping[str, RocCurve]) -> None:
    """True accept rates over false accept rates, on a logarithmic axis.

    Args:
        axes (Axes): Where to draw.
        curves (Mapping[str, RocCurve]): By name.
    """
    _begin(
        axes,
        xlabel='pairs of two people that are accepted (FAR, %)',
        ylabel='pairs of one person that are accepted (TAR, %)')
    for name, curve in curves.items():
        axes.plot(100 * curve.far, 100 * curve.tar, label=name)
    axes.set_xscale('log')
    _end(axes, curves, 'lower right')


def plot_matrix(axes: Axes, values: np.ndarray, rows: list,
                columns: list) -> None:
    """Numbers in cells, the larger the darker.

    Args:
        axes (Axes): Where to draw.
        values (np.ndarray): (R, C) fractions, written in percent; NaN is left
            empty.
        rows (list): Names of the rows.
        columns (list): Those of the columns.
    """
    # By no more than where the numbers can still be read.
    axes.imshow(values, cmap='Blues', vmin=0, vmax=1.4, aspect='auto')
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)
    for (row, column), value in np.ndenumerate(values):
        text = '–' if np.isnan(value) else f'{100 * value:.1f}'
        axes.text(column, row, text, ha='center', va='center', fontsize=9)


def _begin(axes: Axes, xlabel: str, ylabel: str) -> None:
    axes.set_prop_cycle(cycler(color=_COLOURS) + cycler(linestyle=_LINES))
    axes.set(xlabel=xlabel, ylabel=ylabel, ylim=(0, 102))
    axes.grid(alpha=0.3)


def _end(axes: Axes, curves: Mapping, place: str) -> None:
    if len(curves) > 1:
        axes.legend(loc=place)
