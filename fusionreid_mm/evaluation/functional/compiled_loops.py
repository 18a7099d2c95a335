"""The inner loops of ranking, compiled by numba, which is an option.

Without it NumPy does the same, half as fast.
"""
from typing import TYPE_CHECKING, Tuple

import numba
import numpy as np

if TYPE_CHECKING:
    from .counting import Intervals

# Queries that are looked at together: most have no candidate among them.
_LANES = 16


def count_places(tile: np.ndarray, intervals: 'Intervals',
                 places: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """See :func:`fusionreid_mm.evaluation.functional.counting.count_places`.

    Returns:
        tuple: Query rows and gallery rows of the images that are near.
    """
    room = 4096
    while True:
        near = np.empty((2, room), dtype=np.int64)
        counted = np.zeros_like(places)
        found = _count(tile, intervals.lowest, intervals.lower,
                       intervals.upper, intervals.starts, counted, near)
        if found <= room:
            break
        room = found
    places += counted
    return near[0, :found], near[1, :found]


@numba.njit(cache=True, nogil=True)
def _count(tile, lowest, lower, upper, starts, places, near):
    found = 0
    for row in range(tile.shape[0]):
        values = tile[row]
        for first in range(0, len(values), _LANES):
            last = first + _LANES
            if last <= len(values) and not _any(values, lowest, first):
                continue
            for query in range(first, min(last, len(values))):
                value = values[query]
                if value < lowest[query]:
                    continue
                place = _place(upper, starts[query], starts[query + 1], value)
                if lower[place] > value:
                    places[place] += 1
                    continue
                if found < near.shape[1]:
                    near[0, found] = query
                    near[1, found] = row
                found += 1
    return found


@numba.njit(cache=True, nogil=True, inline='always')
def _any(values, lowest, first):
    """Whether any of some queries has a candidate."""
    candidates = np.int32(0)
    # A sum of a known length, for which processors have instructions.
    for lane in range(_LANES):
        candidates += np.int32(values[first + lane] >= lowest[first + lane])
    return candidates > 0


@numba.njit(cache=True, nogil=True, inline='always')
def _place(upper, start, end, value):
    """The first of ``upper[start:end]`` that is not below a value."""
    length = end - start
    while length > 1:
        half = length // 2
        # No branch, which the processor would have to guess.
        start += half if upper[start + half - 1] < value else 0
        length -= half
    return start


@numba.njit(cache=True, nogil=True, fastmath=True)
def pair_products(one, other, rows, columns):
    """Scalar products in float64 of ``one[rows]`` with ``other[columns]``."""
    products = np.empty(len(rows))
    for pair in range(len(rows)):
        left, right = one[rows[pair]], other[columns[pair]]
        total = 0.
        for channel in range(len(left)):
            total += np.float64(left[channel]) * np.float64(right[channel])
        products[pair] = total
    return products
