"""How many images are closer to a query than each of its matches.

The similarities of a tile are rounded. So each match has an interval around
its exact similarity: images above it are surely closer and are only counted,
images below it are surely not, and the few within it are returned, to be
compared exactly. Shapes: B queries, T gallery images of a tile, P pairs.
"""
from typing import NamedTuple, Tuple

import numpy as np
import torch
from torch import Tensor

from .optional import compiled_loops

# Similarities that are looked at at once so.
_DENSE_CHUNK = 2**20


class Intervals:
    """Where an image is near a match of a query.

    Behind the last match of each query stands one that nothing is closer
    than, so that each place an image can take belongs to one query alone.

    Args:
        query_rows (np.ndarray): (M, ) the query of each match.
        values (np.ndarray): (M, ) its exact similarity.
        tolerance (np.ndarray): (B, ), how far from the exact ones rounded
            similarities are at most.
        dtype (np.dtype): Of the tiles.

    Attributes:
        lower, upper (np.ndarray): The ends of all intervals, query by query
            in ascending order.
        starts (np.ndarray): (B + 1, ) where each query's begin.
    """

    def __init__(self, query_rows: np.ndarray, values: np.ndarray,
                 tolerance: np.ndarray, dtype: np.dtype) -> None:
        self.tolerance = tolerance
        widths = 1 + np.bincount(query_rows, minlength=len(tolerance))
        self.starts = np.concatenate([[0], np.cumsum(widths)])
        self._is_match = np.ones(len(self), dtype=bool)
        self._is_match[self.starts[1:] - 1] = False
        self._order = np.lexsort((values, query_rows))
        values = values[self._order]
        tolerances = tolerance[query_rows[self._order]]
        self.lower = np.full(len(self), np.inf, dtype=dtype)
        self.upper = self.lower.copy()
        self.lower[self._is_match] = values - tolerances
        self.upper[self._is_match] = values + tolerances

    def __len__(self) -> int:
        return int(self.starts[-1])

    def closer(self, places: np.ndarray) -> np.ndarray:
        """Images above each match's interval, (M, ), from how many took each
        place: those of the places behind it."""
        behind = np.cumsum(places[::-1])[::-1]
        ends = np.append(behind, 0)[self.starts[1:]]
        closer = behind - np.repeat(ends, np.diff(self.starts)) - places
        in_order_of_matches = np.empty(len(self._order), dtype=np.int64)
        in_order_of_matches[self._order] = closer[self._is_match]
        return in_order_of_matches


class Near(NamedTuple):
    """Images whose order has to be found out exactly: (P, ) each.

    Attributes:
        query_rows: Queries that they are near a match of.
        gallery_rows: Columns of the tile.
    """
    query_rows: np.ndarray
    gallery_rows: np.ndarray


def count_places(tile: Tensor, intervals: Intervals,
                 places: np.ndarray) -> Near:
    """Add the images of a tile to the places that they take.

    Args:
        tile (Tensor): (B, T) similarities; images that do not count are
            ``-inf``.
        intervals (Intervals): Of the B queries.
        places (np.ndarray): Running totals, one for each interval: images
            that are above the interval before, but not above this one. Those
            within an interval are not among them.
    """
    if tile.device.type != 'cpu':
        return _count_dense(tile, intervals, places)
    loops = compiled_loops()
    if loops is not None:
        return Near(*loops.count_places(tile.numpy(), intervals, places))
    return _count_by_rows(tile.numpy(), intervals, places)


def _count_by_rows(tile: np.ndarray, intervals: Intervals,
                   places: np.ndarray) -> Near:
    starts, width = intervals.starts, tile.shape[1]
    lowest = intervals.lower[starts[:-1], None]
    cells = np.flatnonzero(tile >= lowest)
    candidates = tile.ravel()[cells]
    # Row by row is only what NumPy cannot do for all rows at once.
    bounds = cells.searchsorted(width * np.arange(1 + len(tile)))
    above = np.empty(len(cells), dtype=np.int64)
    for query, (first, last) in enumerate(zip(bounds[:-1], bounds[1:])):
        own = slice(starts[query], starts[query + 1])
        above[first:last] = own.start + intervals.upper[own].searchsorted(
            candidates[first:last])
    is_near = intervals.lower[above] <= candidates
    places += np.bincount(above[~is_near], minlength=len(places))
    return Near(*np.divmod(cells[is_near], width))


def _count_dense(tile: Tensor, intervals: Intervals,
                 places: np.ndarray) -> Near:
    """As it is done on a GPU: all places are searched at once."""
    lower, upper = _padded(intervals, tile)
    totals = torch.zeros_like(upper, dtype=torch.int64)
    near = []
    step = max(1, _DENSE_CHUNK // len(tile))
    for start in range(0, tile.size(1), step):
        values = tile[:, start:start + step].contiguous()
        above = torch.searchsorted(upper, values)
        is_near = torch.searchsorted(lower, values, right=True) > above
        totals.scatter_add_(1, above, (~is_near).long())
        query_rows, columns = is_near.nonzero(as_tuple=True)
        near.append((query_rows, start + columns))
    widths = torch.from_numpy(np.diff(intervals.starts))
    is_used = torch.arange(totals.size(1)) < widths[:, None]
    places += totals.cpu()[is_used].numpy()
    return Near(*(torch.cat(rows).cpu().numpy() for rows in zip(*near)))


def _padded(intervals: Intervals, tile: Tensor) -> Tuple[Tensor, Tensor]:
    """Both ends of the intervals of each query in a row of its own."""
    widths = np.diff(intervals.starts)
    is_used = np.arange(widths.max()) < widths[:, None]
    padded = []
    for ends in (intervals.lower, intervals.upper):
        rows = np.full(is_used.shape, np.inf, dtype=ends.dtype)
        rows[is_used] = ends
        padded.append(torch.from_numpy(rows).to(tile))
    return padded[0], padded[1]
