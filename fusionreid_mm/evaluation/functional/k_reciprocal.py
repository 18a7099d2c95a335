"""k-reciprocal encoding: images described by the images near them.

Source: "Re-ranking Person Re-identification with k-reciprocal Encoding"
(CVPR 2017). Shapes: N images, K neighbours of each, H of about half as many,
R images of a chunk, E pairs of such an image and any.
"""
from typing import Iterator, Tuple

import numpy as np

from .image_set import ImageSet
from .neighborhood import Neighborhood
from .sparse_rows import SparseRows, stack, sum_cells

# Pairs that are looked at at a time.
_CHUNK = 2**20

# Bytes in which pairs of a chunk with all images are marked.
_MARKS = 2**24


def encode(images: ImageSet, neighborhood: Neighborhood,
           k1: int) -> SparseRows:
    """Weights of the images near each image, (N, N).

    An image and those of its ``k1 + 1`` nearest that have it among theirs are
    reciprocal neighbours. Those that one of them has among half as many are
    added if more than two thirds of them are there already (section 3.2).
    Weights fall with the distance (equation 7), which is relative to the
    largest of the image, and add up to 1, as in the released code.

    Args:
        images (ImageSet): N.
        neighborhood (Neighborhood): Their ``k1 + 1`` nearest, or all if there
            are fewer.
        k1 (int): Neighbours, without the image itself.
    """
    nearest = neighborhood.nearest
    is_mutual = mutual(nearest)
    # Half of an odd number is rounded to an even one.
    expansion = _Expansion(nearest[:, :round(k1 / 2) + 1])
    parts = []
    for chunk in _chunks(0, len(images), expansion.num_rows):
        rows, slots = np.nonzero(is_mutual[chunk])
        columns = nearest[chunk][rows, slots]
        more_rows, more_columns = expansion.of(rows, columns)
        distances = np.concatenate([
            neighborhood.distances[chunk][rows, slots],
            images.squared_distances(
                images.similarities(chunk.start + more_rows, more_columns))
        ])
        rows = np.concatenate([rows, more_rows])
        columns = np.concatenate([columns, more_columns])
        weights = np.exp(-distances / neighborhood.largest[chunk][rows])
        size = chunk.stop - chunk.start
        weights /= np.bincount(rows, weights, minlength=size)[rows]
        parts.append(sum_cells(rows, columns, weights, (size, len(images))))
    return stack(parts)


def mutual(nearest: np.ndarray) -> np.ndarray:
    """Which neighbours (N, K) have the image among theirs."""
    is_mutual = np.empty(nearest.shape, dtype=bool)
    size = max(1, _CHUNK // nearest.shape[1]**2)
    for chunk in _chunks(0, len(nearest), size):
        owners = np.arange(chunk.start, chunk.stop)[:, None, None]
        is_mutual[chunk] = (nearest[nearest[chunk]] == owners).any(axis=2)
    return is_mutual


class _Expansion:
    """The reciprocal neighbours of reciprocal neighbours.

    Args:
        nearest (np.ndarray): (N, H).

    Attributes:
        num_rows: The most images of a chunk.
    """

    def __init__(self, nearest: np.ndarray) -> None:
        self.num_rows = max(1, _MARKS // len(nearest))
        self._nearest = nearest
        self._is_mutual = mutual(nearest)
        self._numbers = self._is_mutual.sum(axis=1)
        self._marks = np.zeros((self.num_rows, len(nearest)), dtype=bool)

    def of(self, rows: np.ndarray,
           columns: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """What is added to the reciprocal neighbours of some images: rows and
        columns, each pair once.

        Args:
            rows (np.ndarray): (E, ) rows of the chunk.
            columns (np.ndarray): (E, ) reciprocal neighbours of each.
        """
        self._marks[rows, columns] = True
        candidates = self._nearest[columns]
        is_mutual = self._is_mutual[columns]
        is_there = self._marks[rows[:, None], candidates] & is_mutual
        self._marks[rows, columns] = False
        is_near = 3 * is_there.sum(axis=1) > 2 * self._numbers[columns]
        pairs, slots = np.nonzero(is_near[:, None] & is_mutual & ~is_there)
        num_images = len(self._nearest)
        keys = rows[pairs] * num_images + candidates[pairs, slots]
        more_rows, more_columns = np.divmod(np.unique(keys), num_images)
        return more_rows, more_columns


def average(encoding: SparseRows, nearest: np.ndarray,
            images: slice) -> SparseRows:
    """The mean of the weights of some images and of those near each ("local
    query expansion", section 3.4), (R, N) in float32.

    Args:
        encoding (SparseRows): (N, N).
        nearest (np.ndarray): (N, k2), the image itself among them.
        images (slice): R of the N.
    """
    num_images, k2 = nearest.shape
    mean_length = 1 + len(encoding.columns) // num_images
    size = max(1, _CHUNK // k2 // mean_length)
    parts = []
    for chunk in _chunks(images.start, images.stop, size):
        places, numbers = encoding.take(nearest[chunk].ravel())
        num_rows = chunk.stop - chunk.start
        rows = np.repeat(np.repeat(np.arange(num_rows), k2), numbers)
        part = sum_cells(rows, encoding.columns[places],
                         encoding.values[places] / k2, (num_rows, num_images))
        parts.append(part._replace(values=part.values.astype(np.float32)))
    return stack(parts)


def _chunks(start: int, stop: int, size: int) -> Iterator[slice]:
    for first in range(start, stop, size):
        yield slice(first, min(first + size, stop))
