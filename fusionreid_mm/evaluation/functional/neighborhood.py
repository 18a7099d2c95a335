"""How near the images of a set are to each other.

Shapes: N images, K neighbours of each.
"""
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .image_set import ImageSet, Tile
from .nearest_lists import NearestLists, cells_above

# Columns of a tile, by its rows.
_WIDTH = 2


class Neighborhood(NamedTuple):
    """The images near each image.

    Attributes:
        nearest: (N, K) their indices, the image itself among them. The nearest
            comes first; of images that are equally near, the first.
        distances: (N, K) their squared distances.
        largest: (N, ) squared distance of each to the farthest image. Where
            several are so to rounding, it is that of any.
    """
    nearest: np.ndarray
    distances: np.ndarray
    largest: np.ndarray


def find_neighborhood(images: ImageSet, num_neighbors: int,
                      block_size: int) -> Neighborhood:
    """Compare all images with all, each pair once.

    Args:
        images (ImageSet): N.
        num_neighbors (int): K, not more than N.
        block_size (int): Images that are compared at a time. It changes the
            memory taken, but not the neighbours.
    """
    tolerance = images.tolerance(block_size)
    while True:
        search = _Search(images, num_neighbors, tolerance)
        search.run(block_size)
        nearest, similarities = search.lists.finish()
        if search.lists.deviation <= tolerance:
            break
        tolerance = 2 * search.lists.deviation
    farthest = images.similarities(np.arange(len(images)), search.farthest)
    return Neighborhood(
        nearest, images.squared_distances(similarities),
        np.maximum(
            images.squared_distances(farthest), images.smallest_distance()))


class _Search:
    """One pass over all pairs."""

    def __init__(self, images: ImageSet, num_neighbors: int,
                 tolerance: float) -> None:
        self.images = images
        dtype = images.parts[0].dtype
        self.lists = NearestLists(
            len(images), num_neighbors, tolerance, dtype, images.similarities)
        self.lowest = np.full(len(images), np.inf, dtype=dtype)
        self.farthest = np.zeros(len(images), dtype=np.int64)

    def run(self, block_size: int) -> None:
        blocks = self.images.blocks(block_size)
        # First those around the diagonal, which give all rows a threshold.
        for block in blocks:
            for tile in self.images.tiles(block, [block]):
                self.lists.guess_thresholds(tile.rows, tile.values)
                self._look_at_rows(tile)
        for block in blocks:
            others = self.images.blocks(_WIDTH * block_size, block.stop)
            for tile in self.images.tiles(block, others):
                self._look_at_rows(tile)
                self._look_at_columns(tile)

    def _look_at_rows(self, tile: Tile) -> None:
        """Take the columns as candidates of the rows."""
        thresholds = self.lists.thresholds[tile.rows, None]
        rows, columns, values = cells_above(tile.values, thresholds)
        self.lists.add(rows + tile.rows.start, columns + tile.columns.start,
                       values)
        self._look_for_farthest(tile.values, tile.rows, tile.columns)

    def _look_at_columns(self, tile: Tile) -> None:
        """Take the rows as candidates of the columns."""
        thresholds = self.lists.thresholds[tile.columns]
        rows, columns, values = cells_above(tile.values, thresholds)
        order = np.argsort(columns, kind='stable')
        self.lists.add(columns[order] + tile.columns.start,
                       rows[order] + tile.rows.start, values[order])
        self._look_for_farthest(tile.values.T, tile.columns, tile.rows)

    def _look_for_farthest(self, values: Tensor, rows: slice,
                           columns: slice) -> None:
        lowest = values.amin(dim=1).cpu().numpy()
        lower = np.flatnonzero(lowest < self.lowest[rows])
        places = values[torch.from_numpy(lower).to(values.device)].argmin(1)
        self.lowest[rows.start + lower] = lowest[lower]
        self.farthest[rows.start + lower] = \
            columns.start + places.cpu().numpy()
