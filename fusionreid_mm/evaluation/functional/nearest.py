"""The gallery images that are nearest to each query.

Rounded similarities tell which images may be among them, and these few are
compared exactly. The lists of several shards are merged by the function that
also shortens a single one, :func:`keep_nearest`. Shapes: Q queries, B queries
of a block, G gallery images, T of a tile, D channels, P pairs.
"""
from typing import List, NamedTuple, Tuple

import numpy as np
import torch
from torch import Tensor

from .images import (MEMORY_BUDGET, Array, Images, choose_sizes, gallery_shard,
                     query_and_gallery, query_blocks)
from .match_ranks import Annotations, GalleryShard, Processes

NOBODY = -1


class Nearest(NamedTuple):
    """The k nearest gallery images of each query, the nearest first.

    Attributes:
        indices: (Q, k) places in the gallery; -1 where less than k images are
            left to compare with.
        scores: (Q, k) what they have in common with the query: the cosine
            similarity, or the Euclidean distance; NaN where there is none.
    """
    indices: np.ndarray
    scores: np.ndarray


class Neighbors(NamedTuple):
    """Pairs of a query and a gallery image near it: (P, ) each.

    Attributes:
        query_rows: Which of the queries.
        indices: Place in the gallery.
        values: Exact similarity.
    """
    query_rows: np.ndarray
    indices: np.ndarray
    values: np.ndarray


def find_nearest(query_features: Array,
                 gallery_features: Array,
                 query_pids: Array,
                 gallery_pids: Array,
                 query_camids: Array,
                 gallery_camids: Array,
                 k: int = 10,
                 metric: str = 'cosine',
                 memory_budget: int = MEMORY_BUDGET) -> Nearest:
    """The gallery images that come first for each query, in the order of
    :func:`evaluate_ranking`.

    Args:
        query_features (Array): (Q, D), array or tensor.
        gallery_features (Array): (G, D).
        query_pids (Array): (Q, ) integers.
        gallery_pids (Array): (G, ) integers.
        query_camids (Array): (Q, ) integers.
        gallery_camids (Array): (G, ) integers.
        k (int): Images of each query. Defaults to 10.
        metric (str): ``'cosine'`` or ``'euclidean'``. Defaults to
            ``'cosine'``.
        memory_budget (int): About the bytes that may be taken beyond the
            features. Defaults to :data:`MEMORY_BUDGET`.

    Raises:
        ValueError: As :func:`evaluate_ranking`, but for queries without a
            match.

    Examples:
        >>> nearest = find_nearest(
        ...     [[1., 0.]], [[0., 1.], [2., 0.], [1., 0.]],
        ...     query_pids=[7], gallery_pids=[8, 7, 7],
        ...     query_camids=[0], gallery_camids=[0, 1, 0], k=3)
        >>> nearest.indices, nearest.scores
        (array([[ 1,  0, -1]]), array([[ 1.,  0., nan]]))
    """
    query, gallery = query_and_gallery(query_features, gallery_features,
                                       query_pids, gallery_pids, query_camids,
                                       gallery_camids)
    return find_nearest_in_shards(query, gallery, Processes(), k, metric,
                                  memory_budget)


def find_nearest_in_shards(query: Images,
                           gallery: Images,
                           processes: Processes,
                           k: int = 10,
                           metric: str = 'cosine',
                           memory_budget: int = MEMORY_BUDGET) -> Nearest:
    """As :func:`find_nearest`, of images that lie where their features were
    computed: each process gives its own ones and gets the result of all.

    Args:
        query (Images): The queries of this process.
        gallery (Images): The gallery images of this process.
        processes (Processes): All of them.
        k (int): See :func:`find_nearest`, as the other arguments.
        metric (str): Likewise.
        memory_budget (int): Likewise, of each process.

    Returns:
        Nearest: Queries are in the order of their indices; gallery images are
        called by theirs.
    """
    if k < 1:
        raise ValueError(f'k must be at least 1: got {k}')
    shard = gallery_shard(query, gallery, processes, metric)
    sizes = choose_sizes(query.features, memory_budget)
    order, blocks = [], []
    for block in query_blocks(query, processes, sizes.queries):
        parts = processes.gather(
            nearest_in_shard(shard, *block, k=k, tile_size=sizes.tile))
        order.append(block.annotations.indices)
        blocks.append(
            _in_rows(shard, block.features, keep_nearest(parts, k), k))
    in_order = np.argsort(np.concatenate(order))
    return Nearest(*(np.concatenate(rows)[in_order] for rows in zip(*blocks)))


def _in_rows(shard: GalleryShard, query: Tensor, nearest: Neighbors,
             k: int) -> Nearest:
    rows = nearest.query_rows
    cells = rows, np.arange(len(rows)) - np.searchsorted(rows, rows)
    similarity = shard.similarity
    indices = np.full((len(query), k), NOBODY)
    scores = np.full(indices.shape, np.nan)
    indices[cells] = nearest.indices
    scores[cells] = similarity.scores(nearest.values +
                                      similarity.offsets(query)[rows])
    return Nearest(indices, scores)


def keep_nearest(parts: List[Neighbors], k: int) -> Neighbors:
    """The k nearest images of each query among those of all parts, in order:
    by query, then from the nearest; of images that are equally similar, the
    one listed first in the gallery comes first.

    Args:
        parts (List[Neighbors]): Of the same queries, but different images.
        k (int): Images of a query to keep at most.
    """
    query_rows, indices, values = map(np.concatenate, zip(*parts))
    order = np.lexsort((indices, -values, query_rows))
    in_order = query_rows[order]
    place = np.arange(len(order)) - np.searchsorted(in_order, in_order)
    kept = order[place < k]
    return Neighbors(query_rows[kept], indices[kept], values[kept])


def nearest_in_shard(shard: GalleryShard, query: Tensor,
                     annotations: Annotations, k: int,
                     tile_size: int) -> Neighbors:
    """The nearest images of a part of the gallery, those of the query's person
    by the query's camera left out.

    Args:
        shard (GalleryShard): The part.
        query (Tensor): (B, D).
        annotations (Annotations): Of these queries.
        k (int): Images of a query at most.
        tile_size (int): Gallery images that are compared at a time.
    """
    rows, columns = shard.same_person(annotations.pids)
    is_left_out = annotations.camids[rows] == shard.annotations.camids[columns]
    order = np.argsort(columns[is_left_out], kind='stable')
    left_out = rows[is_left_out][order], columns[is_left_out][order]
    tolerance = shard.similarity.tolerance(query).double().cpu().numpy()
    while True:
        nearest, excess = _search(shard, query, left_out, k, tile_size,
                                  tolerance)
        if excess <= 1:
            return nearest
        tolerance *= 2 * excess


def _search(shard: GalleryShard, query: Tensor,
            left_out: Tuple[np.ndarray, np.ndarray], k: int, tile_size: int,
            tolerance: np.ndarray) -> Tuple[Neighbors, float]:
    """The nearest images if no rounded similarity is further from the exact
    one than the tolerance, and how far one was at most, by the tolerance."""
    nothing = np.empty(0, dtype=np.int64)
    nearest = Neighbors(nothing, nothing, np.empty(0))
    excess = 0.
    for start, tile, _ in shard.similarity.tiles_without(
            query, *left_out, tile_size):
        lowest = _last_values(nearest, len(query), k)
        if np.isneginf(lowest).any():
            lowest = np.maximum(lowest, _kth_largest(tile, k) - tolerance)
        # Twice, since the limits are rounded like the tile.
        rows, columns, rounded = _at_least(tile, lowest - 2 * tolerance)
        values = shard.similarity.of_pairs(query, rows, start + columns)
        deviations = np.abs(rounded - values) / tolerance[rows]
        excess = max(excess, deviations.max(initial=0))
        found = Neighbors(rows, shard.annotations.indices[start + columns],
                          values)
        nearest = keep_nearest([nearest, found], k)
    return nearest, excess


def _last_values(nearest: Neighbors, num_queries: int, k: int) -> np.ndarray:
    """What an image has to reach to be among the k nearest of each query."""
    numbers = np.bincount(nearest.query_rows, minlength=num_queries)
    is_full = numbers == k
    last = np.full(num_queries, -np.inf)
    last[is_full] = nearest.values[np.cumsum(numbers)[is_full] - 1]
    return last


def _kth_largest(tile: Tensor, k: int) -> np.ndarray:
    """Of each query, (B, ); ``-inf`` if there are less than k."""
    if tile.size(1) < k:
        return np.full(len(tile), -np.inf)
    largest = torch.topk(tile, k, dim=1, sorted=False).values
    return largest.amin(dim=1).double().cpu().numpy()


def _at_least(tile: Tensor,
              limits: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, columns and values of what reaches the query's limit."""
    limits = limits.clip(min=torch.finfo(tile.dtype).min)
    reaches = tile >= torch.from_numpy(limits).to(tile)[:, None]
    if tile.device.type == 'cpu':
        # Four times as fast as PyTorch finds them.
        rows, columns = np.divmod(
            np.flatnonzero(reaches.numpy()), tile.size(1))
    else:
        rows, columns = reaches.nonzero().T.cpu().numpy()
    return rows, columns, tile[rows, columns].cpu().numpy()
