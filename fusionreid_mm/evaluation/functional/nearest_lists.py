"""The nearest images of many, without sorting any row of similarities.

Shapes: N images, K neighbours of each, E candidates, B and T of a tile.
"""
from typing import Callable, NamedTuple, Tuple

import numpy as np
import torch
from torch import Tensor

#: Exact similarities of pairs (rows, columns).
Compare = Callable[[np.ndarray, np.ndarray], np.ndarray]

# Columns from which it is guessed how near the neighbours are.
_SAMPLE = 512

# Candidates that are compared exactly at a time.
_CHUNK = 2**18


class Cells(NamedTuple):
    """Places of a matrix, row by row: (E, ) each.

    Attributes:
        rows: Their rows.
        columns: Their columns.
        values: What is there.
    """
    rows: np.ndarray
    columns: np.ndarray
    values: np.ndarray


class NearestLists:
    """Lists of the images that may be among the nearest of each image.

    Rounded similarities tell which images are surely not. The rest is
    compared exactly, in the end, or as soon as a list overflows.

    Args:
        num_rows (int): Images whose neighbours are looked for, N.
        num_neighbors (int): K.
        tolerance (float): How far from the exact ones rounded similarities
            are at most.
        dtype (np.dtype): Of the rounded similarities.
        compare (Compare): Gives exact similarities.

    Attributes:
        thresholds (np.ndarray): (N, ): less similar images are not among the
            nearest.
        deviation (float): How far from the exact ones rounded similarities
            were at most, where both are known.
    """

    def __init__(self, num_rows: int, num_neighbors: int, tolerance: float,
                 dtype: np.dtype, compare: Compare) -> None:
        self.num_neighbors = num_neighbors
        self.thresholds = np.full(num_rows, -np.inf, dtype=dtype)
        self._tolerance = tolerance
        self.deviation = 0.
        self._compare = compare
        # As many again, so that lists are rarely put in order.
        width = 2 * num_neighbors + 16
        self._values = np.empty((num_rows, width), dtype=dtype)
        self._indices = np.empty((num_rows, width), dtype=np.int32)
        self._lengths = np.zeros(num_rows, dtype=np.int64)

    def guess_thresholds(self, rows: slice, values: Tensor) -> None:
        """Learn from the similarities of consecutive rows with some images
        how near the neighbours of each are at least."""
        sample = values[:, :_SAMPLE].cpu().numpy()
        if sample.shape[1] >= self.num_neighbors:
            self._raise(rows, _largest(sample, self.num_neighbors))

    def add(self, rows: np.ndarray, indices: np.ndarray,
            values: np.ndarray) -> None:
        """Put images into the lists.

        Args:
            rows (np.ndarray): (E, ) whose lists, in ascending order.
            indices (np.ndarray): (E, ) the images.
            values (np.ndarray): (E, ) their rounded similarities.
        """
        width = self._values.shape[1]
        while len(rows):
            starts = np.flatnonzero(np.diff(rows, prepend=-1))
            numbers = np.diff(starts, append=len(rows))
            owners = rows[starts]
            slots = np.arange(len(rows)) + np.repeat(
                self._lengths[owners] - starts, numbers)
            fits = slots < width
            cells = rows[fits], slots[fits]
            self._values[cells] = values[fits]
            self._indices[cells] = indices[fits]
            lengths = self._lengths[owners] + numbers
            self._lengths[owners] = np.minimum(lengths, width)
            self._shorten(owners[lengths > width])
            rest = ~fits & (values >= self.thresholds[rows])
            rows, indices, values = rows[rest], indices[rest], values[rest]

    def finish(self) -> Tuple[np.ndarray, np.ndarray]:
        """The neighbours (N, K), and their exact similarities. The nearest
        comes first; of images that are equally near, the first."""
        num_rows, width = self._values.shape
        shape = num_rows, self.num_neighbors
        indices, similarities = np.empty(
            shape, dtype=np.int32), np.empty(shape)
        step = max(1, _CHUNK // width)
        for start in range(0, num_rows, step):
            rows = np.arange(start, min(start + step, num_rows))
            indices[rows], similarities[rows] = self._best(rows)
        return indices, similarities

    def _raise(self, rows, kth: np.ndarray) -> None:
        self.thresholds[rows] = np.maximum(self.thresholds[rows],
                                           kth - 2 * self._tolerance)

    def _shorten(self, rows: np.ndarray) -> None:
        """Make room in lists that are full."""
        values = self._values[rows]
        self._raise(rows, _largest(values, self.num_neighbors))
        is_kept = values >= self.thresholds[rows, None]
        lengths = is_kept.sum(axis=1)
        # Puts those that are kept in front.
        order = np.argsort(~is_kept, axis=1, kind='stable')
        self._values[rows] = np.take_along_axis(values, order, axis=1)
        self._indices[rows] = np.take_along_axis(
            self._indices[rows], order, axis=1)
        self._lengths[rows] = lengths
        crowded = rows[2 * lengths > self.num_neighbors + values.shape[1]]
        if len(crowded):
            indices, exact = self._best(crowded)
            self._indices[crowded, :self.num_neighbors] = indices
            self._values[crowded, :self.num_neighbors] = exact
            self._lengths[crowded] = self.num_neighbors

    def _best(self, rows: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """The K nearest in the lists of some rows, and how similar they are.
        """
        values, indices = self._values[rows], self._indices[rows]
        in_use = np.arange(values.shape[1]) < self._lengths[rows, None]
        values = np.where(in_use, values, -np.inf)
        bound = _largest(values, self.num_neighbors) - 2 * self._tolerance
        cells = np.nonzero(in_use & (values >= bound[:, None]))
        exact = np.full(values.shape, -np.inf)
        exact[cells] = self._compare(rows[cells[0]],
                                     indices[cells].astype(np.int64))
        self.deviation = max(self.deviation,
                             float(np.abs(exact[cells] - values[cells]).max()))
        order = np.lexsort((indices, -exact))[:, :self.num_neighbors]
        return (np.take_along_axis(indices, order, axis=1),
                np.take_along_axis(exact, order, axis=1))


def cells_above(values: Tensor, thresholds: np.ndarray) -> Cells:
    """What is not below its threshold.

    Args:
        values (Tensor): (B, T).
        thresholds (np.ndarray): (B, 1) or (T, ).
    """
    if values.device.type == 'cpu':
        return _cells_above_by_numpy(values.numpy(), thresholds)
    return _cells_above_by_torch(values, thresholds)


def _cells_above_by_numpy(values: np.ndarray, thresholds: np.ndarray) -> Cells:
    # Several times as fast as PyTorch.
    places = np.flatnonzero(values >= thresholds)
    rows, columns = np.divmod(places, values.shape[1])
    return Cells(rows, columns, values.ravel()[places])


def _cells_above_by_torch(values: Tensor, thresholds: np.ndarray) -> Cells:
    is_above = values >= torch.from_numpy(thresholds).to(values.device)
    cells = is_above.nonzero(as_tuple=True)
    return Cells(*(part.cpu().numpy() for part in (*cells, values[cells])))


def _largest(values: np.ndarray, k: int) -> np.ndarray:
    """The k-th largest of each row."""
    place = values.shape[1] - k
    return np.partition(values, place, axis=1)[:, place]
