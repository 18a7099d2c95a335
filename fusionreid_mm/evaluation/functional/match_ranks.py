"""The ranks of all matches, without sorting a gallery.

A rank is one plus a count of closer images, and counts add up. So the gallery
may lie in shards, in as many processes; what travels between them are a few
numbers of each match, and one block of queries at a time.
"""
from typing import Any, List, NamedTuple, Tuple, Union

import numpy as np
from torch import Tensor

from .counting import Intervals, count_places
from .distance import Similarity

_NOBODY = np.empty(0, dtype=np.int64)


class Processes:
    """The processes that hold the parts of a gallery: here, one alone.

    Attributes:
        is_main: Whether this is the process that does what is done once.
    """

    is_main = True

    def gather(self, item: Any) -> List[Any]:
        """What each process has, a few numbers, at all of them."""
        return [item]

    def gather_rows(self, rows: Tensor) -> Tensor:
        """The rows of all processes, at all of them."""
        return rows


class Annotations(NamedTuple):
    """Whole numbers of each image: (N, ) each.

    Attributes:
        pids: Who it is.
        camids: Which camera took it.
        indices: Its place in the dataset. Of images that are equally similar
            to a query, the first comes first.
    """
    pids: np.ndarray
    camids: np.ndarray
    indices: np.ndarray

    def take(self, images: Union[slice, np.ndarray]) -> 'Annotations':
        """Those of some images."""
        return Annotations(*(column[images] for column in self))


class MatchRanks(NamedTuple):
    """Ranks from 1 of the matches of some queries.

    Attributes:
        ranks: (M, ) one query behind the other, each one's ascending.
        counts: (Q, ) matches of each query.
    """
    ranks: np.ndarray
    counts: np.ndarray


class _Entries(NamedTuple):
    """Pairs whose exact similarity is known: (P, ) each."""
    query_rows: np.ndarray
    indices: np.ndarray
    values: np.ndarray


class _Count(NamedTuple):
    """What a shard says of a block of queries.

    Attributes:
        places: See :func:`count_places`.
        near: Images that have to be compared with the matches one by one.
        excess: How far rounded similarities were from the exact ones at most,
            where both are known, by the tolerance.
    """
    places: np.ndarray
    near: _Entries
    excess: float


class GalleryShard:
    """A part of the gallery, or all of it.

    Args:
        similarity (Similarity): To the shard's features.
        annotations (Annotations): Of its images.
        processes (Processes): Those that hold the other parts.
    """

    def __init__(self, similarity: Similarity, annotations: Annotations,
                 processes: Processes) -> None:
        self.similarity = similarity
        self.annotations = annotations
        self.processes = processes
        self._by_pid = np.argsort(annotations.pids, kind='stable')
        self._sorted_pids = annotations.pids[self._by_pid]

    def match_ranks(self, query: Tensor, annotations: Annotations,
                    tile_size: int) -> MatchRanks:
        """Where the matches of a block of queries stand in the whole gallery.

        All processes ask for the same queries at the same time.

        Args:
            query (Tensor): (B, D).
            annotations (Annotations): Of these queries.
            tile_size (int): Gallery images that are compared at a time. It
                changes the memory taken, but not the ranks.
        """
        persons, columns = self._same_person(query, annotations.pids)
        is_match = self.annotations.camids[columns] != \
            annotations.camids[persons.query_rows]
        matches = _join(
            self.processes.gather(
                _Entries(*(part[is_match] for part in persons))))
        tolerance = self.similarity.tolerance(query).double().cpu().numpy()
        while True:
            intervals = Intervals(matches.query_rows, matches.values,
                                  tolerance, self.similarity.dtype)
            counts = self.processes.gather(
                self._count(query, intervals, persons, columns, tile_size))
            excess = max(count.excess for count in counts)
            if excess <= 1:
                break
            tolerance *= 2 * excess
        places = np.sum([count.places for count in counts], axis=0)
        near = _join([count.near for count in counts])
        return _ranks(matches, intervals.closer(places), near, len(query))

    def same_person(self, pids: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """All pairs of a query and an image of the same person in the shard:
        the rows of both, (P, ) each."""
        first = np.searchsorted(self._sorted_pids, pids)
        numbers = np.searchsorted(self._sorted_pids, pids, 'right') - first
        rows = np.repeat(np.arange(len(pids)), numbers)
        skipped = np.repeat(first - (np.cumsum(numbers) - numbers), numbers)
        return rows, self._by_pid[skipped + np.arange(len(rows))]

    def _same_person(self, query: Tensor,
                     pids: np.ndarray) -> Tuple[_Entries, np.ndarray]:
        """Such pairs, and the rows of the images once more."""
        rows, columns = self.same_person(pids)
        return self._compare_exactly(query, rows, columns), columns

    def _compare_exactly(self, query: Tensor, rows: np.ndarray,
                         columns: np.ndarray) -> _Entries:
        return _Entries(rows, self.annotations.indices[columns],
                        self.similarity.of_pairs(query, rows, columns))

    def _count(self, query: Tensor, intervals: Intervals, persons: _Entries,
               columns: np.ndarray, tile_size: int) -> _Count:
        """Count the images of other people. Those of the same, in ``columns``
        of the shard, tell how exact the similarities are."""
        order = np.argsort(columns, kind='stable')
        rows, columns = persons.query_rows[order], columns[order]
        values = persons.values[order]
        places = np.zeros(len(intervals), dtype=np.int64)
        near = [(_NOBODY, _NOBODY)]
        excess = 0.
        for start, tile in self.similarity.tiles(query, tile_size):
            inside = slice(
                *np.searchsorted(columns, (start, start + tile.size(1))))
            cells = rows[inside], columns[inside] - start
            deviations = tile[cells].cpu().numpy() - values[inside]
            excess = max(excess,
                         (np.abs(deviations) /
                          intervals.tolerance[rows[inside]]).max(initial=0))
            tile[cells] = -np.inf
            near_rows, near_columns = count_places(tile, intervals, places)
            near.append((near_rows, start + near_columns))
        near_rows, near_columns = map(np.concatenate, zip(*near))
        return _Count(places,
                      self._compare_exactly(query, near_rows, near_columns),
                      excess)


def _join(parts: List[_Entries]) -> _Entries:
    return _Entries(*map(np.concatenate, zip(*parts)))


def _ranks(matches: _Entries, closer: np.ndarray, near: _Entries,
           num_queries: int) -> MatchRanks:
    """Put the matches and the images near them in order, and the surely
    closer ones before them."""
    entries = _join([matches, near])
    before = np.concatenate([closer, np.full(len(near.values), -1)])
    order = np.lexsort((entries.indices, -entries.values, entries.query_rows))
    rows, before = entries.query_rows[order], before[order]
    numbers = np.bincount(rows, minlength=num_queries)
    place = np.arange(len(rows)) - (np.cumsum(numbers) - numbers)[rows]
    is_match = before >= 0
    return MatchRanks(
        ranks=(1 + place + before)[is_match],
        counts=np.bincount(matches.query_rows, minlength=num_queries))
