"""Queries and gallery as one set of images that are all compared.

Shapes: N images, of which the queries come first, B and T of a tile, P pairs,
D channels.
"""
from typing import Iterator, List, NamedTuple

import numpy as np
from torch import Tensor

from .distance import FeatureSimilarity, pair_products
from .matrix_product import Product

# Of squared distances in float64, by the squares of features.
_ROUNDING = 1e-12


class Tile(NamedTuple):
    """Rounded similarities of some images with others, (B, T).

    Attributes:
        rows: The B images.
        columns: The T images.
        values: Their similarities. The next tile overwrites them.
    """
    rows: slice
    columns: slice
    values: Tensor


class ImageSet:
    """Images whose features lie in two tensors, which are not copied.

    Their similarities have the offsets of both images in them, and do not
    depend on which of the two is the query.

    Args:
        query (FeatureSimilarity): To the queries, as if they were a gallery.
        gallery (FeatureSimilarity): To the gallery.
    """

    def __init__(self, query: FeatureSimilarity,
                 gallery: FeatureSimilarity) -> None:
        self.parts = query, gallery
        self.num_query = len(query.gallery)
        self._starts = np.array([0, self.num_query])
        self._squares = np.concatenate([part.squares for part in self.parts])
        self._offsets = np.concatenate(
            [part.offsets(part.gallery) for part in self.parts])

    def __len__(self) -> int:
        return len(self._squares)

    def features(self, block: slice) -> Tensor:
        """Those of some images that are all queries or all not, (B, D)."""
        part = self._part_of(block)
        start = self._starts[part]
        return self.parts[part].gallery[block.start - start:block.stop - start]

    def blocks(self, size: int, start: int = 0) -> List[slice]:
        """The images from one on in blocks of a size, or smaller ones. None
        has queries and others."""
        blocks: List[slice] = []
        for first, last in zip(self._starts, [*self._starts[1:], len(self)]):
            edges = [*range(max(first, start), last, size), last]
            blocks += map(slice, edges[:-1], edges[1:])
        return blocks

    def tolerance(self, block_size: int) -> float:
        """How far rounded similarities are from the exact ones at most, as
        far as is known beforehand."""
        largest = max(
            float(part.tolerance(self.features(block)).max())
            for block in self.blocks(block_size) for part in self.parts)
        return 2 * largest

    def tiles(self, rows: slice, columns: List[slice]) -> Iterator[Tile]:
        """The similarities of a block of images with others.

        Args:
            rows (slice): One of :meth:`blocks`.
            columns (list[slice]): Others, one for each tile.
        """
        query = self.features(rows)
        offsets = query.new_tensor(self._offsets[rows])[:, None]
        has_offsets = bool(offsets.any())
        product = Product(self.parts[0].prepare(query))
        for block in columns:
            part = self._part_of(block)
            values = product(self.features(block))
            self.parts[part].complete(values, block.start - self._starts[part])
            if has_offsets:
                values += offsets
            yield Tile(rows, block, values)

    def similarities(self, rows: np.ndarray,
                     columns: np.ndarray) -> np.ndarray:
        """Those of pairs of images, (P, ), exact to float64. They depend on
        the features of the two alone.

        Args:
            rows (np.ndarray): (P, ) the one image of each pair.
            columns (np.ndarray): (P, ) the other.
        """
        products = np.empty(len(rows))
        row_parts, column_parts = map(self._parts_of, (rows, columns))
        for i, one in enumerate(self.parts):
            for j, other in enumerate(self.parts):
                pairs = (row_parts == i) & (column_parts == j)
                products[pairs] = pair_products(
                    one.gallery, other.gallery, rows[pairs] - self._starts[i],
                    columns[pairs] - self._starts[j])
        return self.parts[0].exact(
            products, self._squares[rows],
            self._squares[columns]) + self._offsets[rows]

    def squared_distances(self, similarities: np.ndarray) -> np.ndarray:
        """What similarities mean. Of an image to itself it may be as little
        below 0 as rounding goes."""
        return self.parts[0].squared_distances(similarities)

    def smallest_distance(self) -> float:
        """A squared distance below which there is only rounding."""
        largest = self.squared_distances(self._offsets).max()
        return _ROUNDING * float(largest or 1)

    def _parts_of(self, images: np.ndarray) -> np.ndarray:
        return np.searchsorted(self._starts, images, 'right') - 1

    def _part_of(self, block: slice) -> int:
        return int(self._parts_of(block.start))
