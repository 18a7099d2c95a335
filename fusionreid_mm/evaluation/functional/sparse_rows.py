"""Vectors of which few numbers are not zero.

Shapes: R rows, C columns, E entries, which are the numbers that are stored.
"""
from typing import Iterable, Iterator, NamedTuple, Tuple

import numpy as np


class SparseRows(NamedTuple):
    """A sparse matrix (R, C), row by row.

    Attributes:
        starts: (R + 1, ) where the entries of each row begin.
        columns: (E, ) ascending within a row.
        values: (E, ).
    """
    starts: np.ndarray
    columns: np.ndarray
    values: np.ndarray

    def numbers(self) -> np.ndarray:
        """How many entries each row has, (R, )."""
        return np.diff(self.starts)

    def take(self, rows: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Where the entries of some rows are, one row behind the other, and
        how many each has. A row may be taken more than once."""
        starts = self.starts[rows]
        numbers = self.starts[rows + 1] - starts
        return ranges(starts, numbers), numbers


def ranges(starts: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Whole numbers, ``numbers[i]`` of them from ``starts[i]`` on, one range
    behind the other."""
    shifts = starts - (np.cumsum(numbers) - numbers)
    return np.repeat(shifts, numbers) + np.arange(numbers.sum())


def stable_order(keys: np.ndarray) -> np.ndarray:
    """``np.argsort(keys, kind='stable')`` of whole numbers (E, ) that are not
    negative, and small enough to be put before a place."""
    # Sorting numbers is several times as fast as sorting places.
    bits = len(keys).bit_length()
    packed = np.sort((keys.astype(np.int64) << bits) + np.arange(len(keys)))
    return packed & (2**bits - 1)


def sum_cells(rows: np.ndarray, columns: np.ndarray, values: np.ndarray,
              shape: Tuple[int, int]) -> SparseRows:
    """The matrix of some entries, (E, ) each. Those of the same cell are
    added up in the order in which they come.

    Args:
        rows (np.ndarray): Their rows.
        columns (np.ndarray): Their columns.
        values (np.ndarray): Their values.
        shape (tuple[int, int]): R and C.
    """
    keys = rows * shape[1] + columns
    order = stable_order(keys)
    keys = keys[order]
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    rows, columns = np.divmod(keys[first], shape[1])
    sums = np.add.reduceat(values[order], first) if len(first) else values
    return SparseRows(
        np.searchsorted(rows, np.arange(shape[0] + 1)),
        columns.astype(np.int32), sums)


def stack(parts: Iterable[SparseRows]) -> SparseRows:
    """The rows of one matrix below those of another."""
    parts = list(parts)
    numbers = np.concatenate([part.numbers() for part in parts])
    return SparseRows(
        np.concatenate([[0], np.cumsum(numbers)]),
        np.concatenate([part.columns for part in parts]),
        np.concatenate([part.values for part in parts]))


def transpose(matrix: SparseRows, num_columns: int) -> SparseRows:
    """A matrix (R, C), column by column: (C, R)."""
    rows = np.repeat(
        np.arange(len(matrix.starts) - 1, dtype=np.int32), matrix.numbers())
    order = stable_order(matrix.columns)
    numbers = np.bincount(matrix.columns, minlength=num_columns)
    return SparseRows(
        np.concatenate([[0], np.cumsum(numbers)]), rows[order],
        matrix.values[order])


def split(numbers: np.ndarray, limit: int) -> Iterator[slice]:
    """Consecutive rows whose numbers, (R, ), add up to a limit at most; rows
    with more are alone."""
    ends = np.cumsum(numbers)
    start = 0
    while start < len(ends):
        before = ends[start - 1] if start else 0
        stop = int(np.searchsorted(ends, before + limit, 'right'))
        yield slice(start, max(stop, start + 1))
        start = max(stop, start + 1)
