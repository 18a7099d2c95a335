"""Curves of rankings, each of one or several models or parts of a model.

Curves are told apart by colours that the colour-blind see as well, and by
their lines.
"""
from typing import Literal, Mapping, NamedTuple

import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from fusionreid_mm.evaluation.functional import ScoreHistogram

# Okabe and Ito's: blue, vermilion, green, purple, orange, sky blue, black.
_COLOURS = [
    '#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'
]
_RIGHT, _WRONG = _COLOURS[2], _COLOURS[1]
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
    _begin(axes)
    axes.set(xlabel='rank', ylabel='queries with a match (%)')
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
    _begin(axes)
    axes.set(xlabel='matches found (recall, %)', ylabel='precision (%)')
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
    _begin(axes)
    axes.set(
        xlabel='pairs of two people that are accepted (FAR, %)',
        ylabel='pairs of one person that are accepted (TAR, %)')
    for name, curve in curves.items():
        axes.plot(100 * curve.far, 100 * curve.tar, label=name)
    axes.set_xscale('log')
    _end(axes, curves, 'lower right')


def plot_scores(axes: Axes, scores: ScoreHistogram, metric: str) -> None:
    """How many pairs of one person, and of two, have which score.

    Args:
        axes (Axes): Where to draw.
        scores (ScoreHistogram): What was counted.
        metric (str): ``'cosine'`` or ``'euclidean'``.
    """
    _begin(axes)
    for name, counts, colour, hatch in (('one person', scores.genuine, _RIGHT,
                                         '//'), ('two people', scores.impostor,
                                                 _WRONG, '')):
        share = 100 * counts / max(1, counts.sum())
        axes.stairs(
            share,
            scores.edges,
            fill=True,
            alpha=0.35,
            color=colour,
            hatch=hatch)
        axes.stairs(share, scores.edges, color=colour, label=name)
    axes.set(
        xlabel='cosine similarity' if metric == 'cosine' else 'distance',
        ylabel='pairs (%)')
    axes.legend()


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
    # No darker than where the numbers can still be read.
    low, high = np.nanmin(values), np.nanmax(values)
    axes.imshow(
        values,
        cmap='Blues',
        vmin=low,
        vmax=low + 1.8 * max(high - low, .01),
        aspect='auto')
    axes.set_facecolor('#eeeeee')
    axes.spines[:].set_visible(False)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)
    for (row, column), value in np.ndenumerate(values):
        text = '–' if np.isnan(value) else f'{100 * value:.1f}'
        axes.text(column, row, text, ha='center', va='center', fontsize=9)


def _begin(axes: Axes) -> None:
    axes.set_prop_cycle(cycler(color=_COLOURS) + cycler(linestyle=_LINES))
    axes.grid(alpha=0.3)


def _end(axes: Axes, curves: Mapping, place: Literal['lower left',
                                                     'lower right']) -> None:
    axes.set_ylim(0, 102)
    if len(curves) > 1:
        # Given one by one, since Matplotlib leaves out what begins with an
        # underscore; and names are no mathematics.
        legend = axes.legend(axes.get_lines(), list(curves), loc=place)
        for text in legend.get_texts():
            text.set_parse_math(False)
