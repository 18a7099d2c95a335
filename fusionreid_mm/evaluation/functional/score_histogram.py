"""How similar images of one person are, and those of two people.

Shapes: N bins.
"""
from typing import NamedTuple

import numpy as np

from .distance import squares
from .images import (MEMORY_BUDGET, Images, choose_sizes, gallery_shard,
                     query_blocks)
from .match_ranks import Processes
from .verification import find_persons

# Between the lowest and the highest score that there can be. Bins are made of
# these where there are scores.
_CELLS = 2**16

# Scores that are rounded beyond the highest one.
_MARGIN = 1e-5


class ScoreHistogram(NamedTuple):
    """How many pairs of a query and a gallery image have which score.

    Attributes:
        edges: (N + 1, ) of the bins: cosine similarities or Euclidean
            distances.
        genuine: (N, ) pairs of one person by two cameras.
        impostor: (N, ) pairs of two people.
    """
    edges: np.ndarray
    genuine: np.ndarray
    impostor: np.ndarray


class _Cells(NamedTuple):
    """The range of the scores, in cells; before and behind them is one for
    pairs that do not count."""
    low: float
    high: float

    def tally(self, scores: np.ndarray) -> np.ndarray:
        """Scores in each cell, (_CELLS + 2, )."""
        scale = _CELLS / (self.high - self.low)
        places = (scores.ravel() - self.low) * scale + 1
        places = places.clip(0, _CELLS + 1, out=places).astype(np.int32)
        return np.bincount(places, minlength=_CELLS + 2)

    def edges(self) -> np.ndarray:
        return np.linspace(self.low, self.high, _CELLS + 1)


def count_scores(query: Images,
                 gallery: Images,
                 processes: Processes,
                 metric: str = 'cosine',
                 max_bins: int = 100,
                 memory_budget: int = MEMORY_BUDGET) -> ScoreHistogram:
    """Count the scores of all pairs but those of one person by one camera.

    Similarities are rounded as their type rounds them, so single pairs at the
    edge of a bin may be counted in the next one.

    Args:
        query (Images): The queries of this process.
        gallery (Images): The gallery images of this process.
        processes (Processes): All of them.
        metric (str): ``'cosine'`` or ``'euclidean'``. Defaults to
            ``'cosine'``.
        max_bins (int): N at most. Defaults to 100.
        memory_budget (int): About the bytes that each process may take beyond
            the features. Defaults to :data:`MEMORY_BUDGET`.

    Returns:
        ScoreHistogram: The same at all processes. The first and the last bin
        hold a pair.
    """
    shard = gallery_shard(query, gallery, processes, metric)
    # Arrays of float64 are made of similarities.
    sizes = choose_sizes(query.features, memory_budget // 4)
    cells = _Cells(*_range_of_scores(query, gallery, processes, metric))
    genuine, impostor = np.zeros((2, _CELLS + 2), dtype=np.int64)
    for features, annotations in query_blocks(query, processes, sizes.queries):
        persons = find_persons(shard, features, annotations)
        genuine += cells.tally(
            shard.similarity.scores(persons.values[persons.is_genuine]))
        offsets = shard.similarity.offsets(features)[:, None]
        for _, tile, _ in shard.similarity.tiles_without(
                features, persons.query_rows, persons.gallery_rows,
                sizes.tile):
            impostor += cells.tally(
                shard.similarity.scores(tile.cpu().numpy() + offsets))
    genuine, impostor = np.sum(
        processes.gather(np.stack([genuine, impostor])), axis=0)[:, 1:-1]
    return _in_bins(cells.edges(), genuine, impostor, max_bins)


def _range_of_scores(query: Images, gallery: Images, processes: Processes,
                     metric: str) -> tuple:
    if metric == 'cosine':
        return -1 - _MARGIN, 1 + _MARGIN
    norms = [
        np.sqrt(squares(images.features).max(initial=0))
        for images in (query, gallery)
    ]
    largest = np.max(processes.gather(norms), axis=0).sum()
    return 0., float(largest) * (1 + _MARGIN)


def _in_bins(edges: np.ndarray, genuine: np.ndarray, impostor: np.ndarray,
             max_bins: int) -> ScoreHistogram:
    """Cells that hold any pair, joined to bins of one width."""
    used = np.flatnonzero(genuine + impostor)
    first, last = used[0], used[-1] + 1
    width = -(-(last - first) // max_bins)
    starts = np.arange(first, last, width)
    ends = np.append(starts, min(starts[-1] + width, _CELLS))
    counts = [
        np.add.reduceat(column[:last], starts)
        for column in (genuine, impostor)
    ]
    return ScoreHistogram(edges[ends], *counts)
