"""The inner loops of ranking, compiled by numba, which is an option.

Without it NumPy does the same, half as fast.
"""
from typing import TYPE_CHECKING, Tuple

import numba
import numpy as np

if TYPE_CHECKING:
    from .counting import Intervals


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
        found = _count(tile, intervals.lower, intervals.upper,
                       intervals.starts, counted, near)
        if found <= room:
            break
        room = found
    places += counted
    return near[0, :found], near[1, :found]


@numba.njit(cache=True, nogil=True)
def _count(tile, lower, upper, starts, places, near):
    found = 0
    columns = np.empty(tile.shape[1], dtype=np.int32)
    values = np.empty(tile.shape[1], dtype=tile.dtype)
    for query in range(tile.shape[0]):
        own = slice(starts[query], starts[query + 1])
        number = _candidates(tile[query], lower[own.start], columns, values)
        # Loops without branches, which is what makes them fast, until an
        # image is near a match.
        if not _add_to_places(values[:number], lower[own], upper[own],
                              places[own]):
            found = _look_one_by_one(values[:number], columns, query,
                                     lower[own], upper[own], places[own], near,
                                     found)
    return found


@numba.njit(cache=True, nogil=True)
def _candidates(row, lowest, columns, values):
    """Copy what is not below ``lowest``, and return how much it is."""
    number = 0
    for column in range(len(row)):
        # What is too low is overwritten by the next one. The last place is
        # never beyond the end, since there are as many as columns.
        columns[number] = column
        number += row[column] >= lowest
    for candidate in range(number):
        values[candidate] = row[columns[candidate]]
    return number


@numba.njit(cache=True, nogil=True)
def _add_to_places(values, lower, upper, places):
    """Count the candidates of one query, unless any of them is near a match.

    Returns:
        bool: Whether they were counted.
    """
    counted = np.empty_like(places)
    rest = np.int32(len(values))
    for place in range(len(places)):
        above, within = np.int32(0), np.int32(0)
        for candidate in range(len(values)):
            above += values[candidate] > upper[place]
            within += values[candidate] >= lower[place]
        if within != above:
            return False
        counted[place] = rest - above
        rest = above
    places += counted
    return True


@numba.njit(cache=True, nogil=True)
def _look_one_by_one(values, columns, query, lower, upper, places, near,
                     found):
    for candidate in range(len(values)):
        value = values[candidate]
        place, length = 0, len(places)
        while length > 1:
            half = length // 2
            if upper[place + half - 1] < value:
                place += half
            length -= half
        if lower[place] > value:
            places[place] += 1
            continue
        if found < near.shape[1]:
            near[0, found] = query
            near[1, found] = columns[candidate]
        found += 1
    return found


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


@numba.njit(cache=True, nogil=True)
def add_smaller(cells, rows, values, starts, columns, others, num_cells):
    """Add up the smaller of ``values[i]`` and each value of row ``rows[i]``
    of a sparse matrix, in the cells of its columns from ``cells[i]`` on.

    Returns:
        np.ndarray: (num_cells, ) sums in float64.
    """
    sums = np.zeros(num_cells)
    for i in range(len(rows)):
        for place in range(starts[rows[i]], starts[rows[i] + 1]):
            sums[cells[i] + columns[place]] += min(values[i], others[place])
    return sums
