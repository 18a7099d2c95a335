"""How much encodings overlap.

Shapes: Q queries, G gallery images, S of a part, N images in all, B queries
of a block, C of a chunk, E pairs that overlap.
"""
from typing import Iterable, Iterator, List, NamedTuple

import numpy as np

from .optional import compiled_loops
from .sparse_rows import SparseRows, split, stable_order, transpose

# Common weights, and pairs of images, that are looked at at a time.
_CHUNK = 2**19


class Overlaps(NamedTuple):
    """Jaccard similarities of pairs. All others have none.

    Attributes:
        cells: (E, ) ascending, the row of the gallery times B plus that of
            the block.
        values: (E, ) above 0 and up to 1.
    """
    cells: np.ndarray
    values: np.ndarray

    def at(self, cells: np.ndarray) -> np.ndarray:
        """The similarities of any pairs."""
        if not len(self.cells):
            return np.zeros(len(cells))
        places = np.searchsorted(self.cells, cells)
        places = np.minimum(places, len(self.cells) - 1)
        return np.where(self.cells[places] == cells, self.values[places], 0)


class _Part(NamedTuple):
    """Encodings of some images of the gallery.

    Attributes:
        start: The first one's row of the gallery.
        size: How many there are, S.
        columns: (N, S).
    """
    start: int
    size: int
    columns: SparseRows


class JaccardSimilarity:
    """One minus the Jaccard distance of encodings: the sum of the smaller of
    each two weights, by the sum of the larger ones.

    Source: "Re-ranking Person Re-identification with k-reciprocal Encoding"
    (CVPR 2017), equation 10.

    Args:
        query (SparseRows): Encodings of the queries, (Q, N).
        gallery (Iterable[SparseRows]): Those of the gallery, (S, N) of each
            part.
        num_images (int): N.
    """

    def __init__(self, query: SparseRows, gallery: Iterable[SparseRows],
                 num_images: int) -> None:
        self._query = query
        self._parts: List[_Part] = []
        start = 0
        for rows in gallery:
            size = len(rows.starts) - 1
            self._parts.append(_Part(start, size, transpose(rows, num_images)))
            start += size
        everyone = slice(0, len(query.starts) - 1)
        numbers = np.sum(
            [self._common_weights(everyone, part) for part in self._parts],
            axis=0)
        self._most_overlaps = np.minimum(numbers, start)

    def blocks(self, most_queries: int, most_pairs: int) -> Iterator[slice]:
        """Queries that overlap with a limited number of gallery images."""
        for block in split(self._most_overlaps, most_pairs):
            for start in range(block.start, block.stop, most_queries):
                yield slice(start, min(start + most_queries, block.stop))

    def of(self, block: slice) -> Overlaps:
        """Those of a block of queries with the whole gallery."""
        overlaps = [self._of_part(block, part) for part in self._parts]
        return Overlaps(*map(np.concatenate, zip(*overlaps)))

    def _of_part(self, block: slice, part: _Part) -> Overlaps:
        cells, values = [], []
        # Pairs take memory whether they overlap or not.
        numbers = np.maximum(self._common_weights(block, part), part.size)
        for chunk in split(numbers, _CHUNK):
            queries = np.arange(chunk.start, chunk.stop)
            shared = self._shared_weights(block.start + queries, part)
            found = np.flatnonzero(shared > 0)
            rows, columns = np.divmod(found, part.size)
            cells.append((part.start + columns) * len(numbers) + chunk.start +
                         rows)
            values.append(shared[found] / (2 - shared[found]))
        all_cells = np.concatenate(cells)
        order = stable_order(all_cells)
        return Overlaps(all_cells[order], np.concatenate(values)[order])

    def _common_weights(self, queries: slice, part: _Part) -> np.ndarray:
        """How many weights there are in a part for the images near each
        query."""
        starts = self._query.starts[queries.start:queries.stop + 1]
        columns = self._query.columns[starts[0]:starts[-1]]
        ends = np.cumsum(part.columns.numbers()[columns])
        return np.diff(np.append(0, ends)[starts - starts[0]])

    def _shared_weights(self, queries: np.ndarray, part: _Part) -> np.ndarray:
        """Sums of the smaller weights of all pairs of C queries and a part of
        the gallery, (C * S, )."""
        places, numbers = self._query.take(queries)
        rows = np.repeat(np.arange(len(queries)) * part.size, numbers)
        columns = self._query.columns[places]
        values = self._query.values[places]
        num_cells = len(queries) * part.size
        loops = compiled_loops()
        if loops is not None:
            return loops.add_smaller(rows, columns, values, *part.columns,
                                     num_cells)
        others, numbers = part.columns.take(columns)
        cells = np.repeat(rows, numbers) + part.columns.columns[others]
        smaller = np.minimum(
            np.repeat(values, numbers), part.columns.values[others])
        return np.bincount(cells, smaller, minlength=num_cells)
