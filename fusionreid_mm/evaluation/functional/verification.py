"""Are two images of the same person? How often a threshold is wrong.

The share of genuine pairs that are accepted changes only where the threshold
passes the similarity of a genuine pair, and those pairs are few. So impostors
have to be counted at a few of these similarities only: a histogram tells about
where, and a second pass counts there exactly, in the way of ranks. Shapes: Q
queries, B queries of a block, G gallery images, T of a tile, W thresholds, N
similarities of genuine pairs, P pairs.
"""
from typing import Callable, Dict, Iterable, List, NamedTuple, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from .counting import Intervals, count_places
from .distance import Similarity
from .images import (MEMORY_BUDGET, Array, Images, choose_sizes, gallery_shard,
                     query_and_gallery, query_blocks)
from .match_ranks import Annotations, GalleryShard, Processes

# Thresholds at which impostors are counted in one pass.
_WIDTH = 128

# Of the histogram, between the lowest and the highest threshold.
_CELLS = 2**17

# Beyond it, products of float32 overflow.
_LARGEST_SCALE = 1e30

# Roundings of float64 between similarities of different queries.
_ROUNDINGS = 8

# Gives all queries, some at a time, as often as it is called.
Blocks = Callable[[], Iterable[Images]]


class OperatingPoint(NamedTuple):
    """What a threshold does. Fractions, not percent.

    Attributes:
        threshold: Cosine similarity from which on, or Euclidean distance up
            to which two images are taken for the same person. NaN, with which
            nothing is accepted, if no genuine pair may be accepted.
        far: False accept rate, the share of impostor pairs that are accepted.
        tar: True accept rate, the share of genuine pairs that are accepted.
    """
    threshold: float
    far: float
    tar: float


class VerificationResult(NamedTuple):
    """How well thresholds tell people apart. Fractions, not percent.

    Attributes:
        tar_at_far: By the false accept rate that is allowed, the threshold
            with the highest true accept rate.
        eer: Equal error rate: the lowest rate that false accepts and false
            rejects both stay within, at one threshold.
        eer_point: That threshold.
        num_genuine: Pairs of one person by two cameras.
        num_impostor: Pairs of two people. To allow less than one in so many
            false accepts is to allow none.
    """
    tar_at_far: Dict[float, OperatingPoint]
    eer: float
    eer_point: OperatingPoint
    num_genuine: int
    num_impostor: int


class Crossing:
    """Finds the first of some thresholds where a rate is within its limit.

    From one threshold to the next the rate does not rise, and the limit does
    not fall.

    Args:
        limits (np.ndarray): (N, ) the limit at each threshold.

    Attributes:
        last_above (int): The last threshold where the rate is known to be
            above the limit; -1 at first.
        first_within (int): The first where it is known to be within; N, none
            of them, at first.
    """

    def __init__(self, limits: np.ndarray) -> None:
        self.limits = limits
        self.last_above = -1
        self.first_within = len(limits)
        self._guess = 0, len(limits)

    @property
    def is_found(self) -> bool:
        return self.first_within - self.last_above == 1

    def guess(self, low: np.ndarray, high: np.ndarray) -> None:
        """Look first where the rates are between these, (N, ) each. If they
        are not, it takes longer."""
        self._guess = (int(np.count_nonzero(low > self.limits)) - 1,
                       int(np.count_nonzero(high > self.limits)))

    def probes(self, number: int) -> np.ndarray:
        """Thresholds at which to measure the rate."""
        first, last = self.last_above + 1, self.first_within - 1
        likely = max(first, self._guess[0]), min(last, self._guess[1])
        if likely[0] <= likely[1]:
            first, last = likely
        return np.unique(np.linspace(first, last, number).astype(int))

    def learn(self, places: np.ndarray, rates: np.ndarray) -> None:
        """Narrow it down by the rates at some thresholds."""
        is_above = rates > self.limits[places]
        self.last_above = max(self.last_above,
                              places[is_above].max(initial=-1))
        self.first_within = min(
            self.first_within, places[~is_above].min(initial=len(self.limits)))


class _Thresholds(NamedTuple):
    """Where the share of accepted genuine pairs changes, and what is known
    there. Behind the N similarities stands NaN, which accepts nothing.

    Attributes:
        values: (N + 1, ) similarities of genuine pairs, ascending.
        rejected: (N + 1, ) genuine pairs below each.
        num_impostor: Impostor pairs in all.
        accepted: Impostor pairs that reach a threshold, by its place.
    """
    values: np.ndarray
    rejected: np.ndarray
    num_impostor: int
    accepted: Dict[int, int]

    def false_rejects(self) -> np.ndarray:
        """Rates, (N, )."""
        return self.rejected[:-1] / self.rejected[-1]

    def larger_rate(self, place: int) -> float:
        """Of false accepts and false rejects at a threshold at which impostors
        were counted."""
        return max(self.accepted[place] / self.num_impostor,
                   float(self.rejected[place] / self.rejected[-1]))

    def point(self, place: int, similarity: Similarity) -> OperatingPoint:
        """What such a threshold does."""
        num_genuine = int(self.rejected[-1])
        return OperatingPoint(
            threshold=float(similarity.scores(self.values[place])),
            far=self.accepted[place] / self.num_impostor,
            tar=(num_genuine - int(self.rejected[place])) / num_genuine)


def evaluate_verification(
        query_features: Array,
        gallery_features: Array,
        query_pids: Array,
        gallery_pids: Array,
        query_camids: Array,
        gallery_camids: Array,
        fars: Sequence[float] = (1e-4, 1e-3, 1e-2),
        metric: str = 'cosine',
        memory_budget: int = MEMORY_BUDGET) -> VerificationResult:
    """Tell by a threshold whether a query and a gallery image show the same
    person, and count how often that is wrong.

    All pairs count but those of one person by one camera. Counts are exact:
    similarities are told apart as float64 tells them, and of all thresholds
    those are looked at that are the similarity of a genuine pair, since at
    others nothing is gained. Memory is taken for the similarities of the
    genuine pairs, and otherwise as much as for ranking.

    Args:
        query_features (Array): (Q, D), array or tensor.
        gallery_features (Array): (G, D).
        query_pids (Array): (Q, ) integers.
        gallery_pids (Array): (G, ) integers.
        query_camids (Array): (Q, ) integers.
        gallery_camids (Array): (G, ) integers.
        fars (Sequence[float]): False accept rates that are allowed. Defaults
            to (1e-4, 1e-3, 1e-2).
        metric (str): ``'cosine'`` or ``'euclidean'``. Defaults to
            ``'cosine'``.
        memory_budget (int): About the bytes that may be taken beyond the
            features. Defaults to :data:`MEMORY_BUDGET`.

    Raises:
        ValueError: As :func:`evaluate_ranking`, if there are no genuine or no
            impostor pairs, or if ``fars`` are not between 0 and 1.
    """
    query, gallery = query_and_gallery(query_features, gallery_features,
                                       query_pids, gallery_pids, query_camids,
                                       gallery_camids)
    return verify_shards(query, gallery, Processes(), fars, metric,
                         memory_budget)


def verify_shards(query: Images,
                  gallery: Images,
                  processes: Processes,
                  fars: Sequence[float] = (1e-4, 1e-3, 1e-2),
                  metric: str = 'cosine',
                  memory_budget: int = MEMORY_BUDGET) -> VerificationResult:
    """As :func:`evaluate_verification`, of images that lie where their
    features were computed: each process gives its own ones and gets the result
    of all.

    Args:
        query (Images): The queries of this process.
        gallery (Images): The gallery images of this process.
        processes (Processes): All of them.
        fars (Sequence[float]): See :func:`evaluate_verification`, as the other
            arguments.
        metric (str): Likewise.
        memory_budget (int): Likewise, of each process.
    """
    if not all(0 <= far < 1 for far in fars):
        raise ValueError('fars must be rates from 0 to below 1, as 0.001: got '
                         f'{fars}')
    shard = gallery_shard(query, gallery, processes, metric)
    sizes = choose_sizes(query.features, memory_budget)
    return _verify(shard,
                   lambda: query_blocks(query, processes, sizes.queries), fars,
                   sizes.tile)


def _verify(shard: GalleryShard, blocks: Blocks, fars: Sequence[float],
            tile_size: int) -> VerificationResult:
    thresholds = _thresholds(shard, blocks)
    false_rejects = thresholds.false_rejects()
    allowed = [Crossing(np.full(len(false_rejects), far)) for far in fars]
    equal = Crossing(false_rejects)
    _find([*allowed, equal], thresholds, shard, blocks, tile_size)

    def point(place: int) -> OperatingPoint:
        return thresholds.point(place, shard.similarity)

    # The larger rate is the smallest on one of the two sides.
    sides = [p for p in (equal.last_above, equal.first_within) if p >= 0]
    eer, place = min((thresholds.larger_rate(side), side) for side in sides)
    return VerificationResult(
        tar_at_far={
            far: point(crossing.first_within)
            for far, crossing in zip(fars, allowed)
        },
        eer=eer,
        eer_point=point(place),
        num_genuine=int(thresholds.rejected[-1]),
        num_impostor=thresholds.num_impostor)


def _thresholds(shard: GalleryShard, blocks: Blocks) -> _Thresholds:
    genuine = [np.empty(0)]
    num_impostor = 0
    for query, annotations in blocks():
        persons = find_persons(shard, query, annotations)
        genuine.append(persons.values[persons.is_genuine])
        num_impostor += len(query) * len(shard.annotations.pids)
        num_impostor -= len(persons.values)
    parts, numbers = zip(*shard.processes.gather((np.concatenate(genuine),
                                                  num_impostor)))
    values, counts = np.unique(np.concatenate(parts), return_counts=True)
    rejected = np.concatenate([[0], np.cumsum(counts)])
    if not rejected[-1] or not sum(numbers):
        raise ValueError(
            f'there are {rejected[-1]} pairs of one person by two cameras and '
            f'{sum(numbers)} of two people, but both are needed: are query '
            'and gallery of the same dataset, and are the ids right?')
    return _Thresholds(
        values=np.append(values, np.nan),
        rejected=rejected,
        num_impostor=sum(numbers),
        accepted={len(values): 0})


class Persons(NamedTuple):
    """Pairs of a query and an image of the same person, (P, ) each, by rows of
    the shard.

    Attributes:
        query_rows, gallery_rows: Which they are.
        values: Similarities that can be compared between queries.
        is_genuine: Whether they are by two cameras.
    """
    query_rows: np.ndarray
    gallery_rows: np.ndarray
    values: np.ndarray
    is_genuine: np.ndarray


def find_persons(shard: GalleryShard, query: Tensor,
                 annotations: Annotations) -> Persons:
    rows, columns = shard.same_person(annotations.pids)
    order = np.argsort(columns, kind='stable')
    rows, columns = rows[order], columns[order]
    return Persons(
        rows, columns, _compare(shard, query, rows, columns),
        annotations.camids[rows] != shard.annotations.camids[columns])


def _compare(shard: GalleryShard, query: Tensor, rows: np.ndarray,
             columns: np.ndarray) -> np.ndarray:
    """Exact similarities that can be compared between queries, (P, )."""
    return (shard.similarity.of_pairs(query, rows, columns) +
            shard.similarity.offsets(query)[rows])


def _find(crossings: List[Crossing], thresholds: _Thresholds,
          shard: GalleryShard, blocks: Blocks, tile_size: int) -> None:
    """Count impostors until all crossings are found."""
    values = thresholds.values[:-1]
    if len(values) > _WIDTH:
        low, high = _estimate_accepted(shard, blocks, values, tile_size)
        for crossing in crossings:
            crossing.guess(low / thresholds.num_impostor,
                           high / thresholds.num_impostor)
    while True:
        pending = [item for item in crossings if not item.is_found]
        if not pending:
            return
        width = max(3, _WIDTH // len(pending))
        places = np.unique(
            np.concatenate([item.probes(width) for item in pending]))
        counts = _count_accepted(shard, blocks, values[places], tile_size)
        thresholds.accepted.update(zip(places.tolist(), counts.tolist()))
        for crossing in pending:
            crossing.learn(places, counts / thresholds.num_impostor)


def _estimate_accepted(shard: GalleryShard, blocks: Blocks, values: np.ndarray,
                       tile_size: int) -> Tuple[np.ndarray, np.ndarray]:
    """About how many impostors reach each of some ascending similarities, at
    least and at most, (N, ) each."""
    scale = min(_CELLS / (values[-1] - values[0]), _LARGEST_SCALE)
    histogram = np.zeros(_CELLS + 2, dtype=np.int64)
    for query, annotations in blocks():
        persons = find_persons(shard, query, annotations)
        shift = torch.from_numpy(shard.similarity.offsets(query) - values[0])
        for _, tile, _ in shard.similarity.tiles_without(
                query, persons.query_rows, persons.gallery_rows, tile_size):
            tile += shift.to(tile)[:, None]
            cells = tile.mul_(scale).add_(1).clamp_(0, _CELLS + 1).flatten()
            histogram += torch.bincount(
                cells.int(), minlength=len(histogram)).cpu().numpy()
    histogram = np.sum(shard.processes.gather(histogram), axis=0)
    reached = np.cumsum(histogram[::-1])[::-1]
    cells = ((values - values[0]) * scale).astype(int)
    # A cell more on either side, for what is rounded.
    return reached[(cells + 3).clip(max=_CELLS + 1)], reached[cells]


def _count_accepted(shard: GalleryShard, blocks: Blocks,
                    thresholds: np.ndarray, tile_size: int) -> np.ndarray:
    """How many impostor pairs reach each threshold, exactly.

    Args:
        shard (GalleryShard): The part of the gallery.
        blocks (Blocks): The queries.
        thresholds (np.ndarray): (W, ) similarities, ascending.
        tile_size (int): Gallery images that are compared at a time.

    Returns:
        np.ndarray: (W, ) counts in the whole gallery.
    """
    total = np.zeros(len(thresholds), dtype=np.int64)
    for query, annotations in blocks():
        own = shard.similarity.offsets(query)
        tolerance = shard.similarity.tolerance(query).double().cpu().numpy()
        tolerance += _ROUNDINGS * np.finfo(np.float64).eps * (
            np.abs(own) + np.abs(thresholds).max())
        persons = find_persons(shard, query, annotations)
        while True:
            counts, excesses = zip(*shard.processes.gather(
                _count(shard, query, persons, thresholds, tolerance,
                       tile_size)))
            if max(excesses) <= 1:
                break
            tolerance *= 2 * max(excesses)
        total += np.sum(counts, axis=0)
    return total


def _count(shard: GalleryShard, query: Tensor, persons: Persons,
           thresholds: np.ndarray, tolerance: np.ndarray,
           tile_size: int) -> Tuple[np.ndarray, float]:
    """The counts of a block if no rounded similarity is further from the exact
    one than the tolerance, and how far one was at most, by the tolerance."""
    own = shard.similarity.offsets(query)
    # As if each query had one match at each threshold.
    intervals = Intervals(
        np.repeat(np.arange(len(query)), len(thresholds)),
        (thresholds - own[:, None]).ravel(), tolerance, shard.similarity.dtype)
    places = np.zeros(len(intervals), dtype=np.int64)
    counts = np.zeros(len(thresholds), dtype=np.int64)
    removed = [np.empty(0)]
    for start, tile, values in shard.similarity.tiles_without(
            query, persons.query_rows, persons.gallery_rows, tile_size):
        removed.append(values)
        near = count_places(tile, intervals, places)
        exact = _compare(shard, query, near.query_rows,
                         start + near.gallery_rows)
        reached = np.searchsorted(thresholds, exact, 'right')
        numbers = np.bincount(reached, minlength=len(thresholds) + 1)
        counts += np.cumsum(numbers[:0:-1])[::-1]
    counts += intervals.closer(places).reshape(len(query), -1).sum(axis=0)
    rows = persons.query_rows
    deviations = np.concatenate(removed) - persons.values + own[rows]
    return counts, (np.abs(deviations) / tolerance[rows]).max(initial=0)
