"""k-reciprocal re-ranking, sparse.

An image shares reciprocal neighbours with few others. The Jaccard distance to
all others is 1, so that they stay in their order, and the memory taken grows
with the number of images, not of pairs. Shapes: Q queries, G gallery images,
N images in all, B queries of a block, T gallery images of a tile, D channels,
P pairs.
"""
from typing import Iterator, Tuple

import numpy as np
import torch
from torch import Tensor

from .distance import FeatureSimilarity, Similarity, build_similarity
from .image_set import ImageSet
from .images import (MEMORY_BUDGET, Array, Images, check_images, choose_sizes,
                     collect_images, query_and_gallery)
from .jaccard import JaccardSimilarity, Overlaps
from .k_reciprocal import average, encode
from .match_ranks import GalleryShard, Processes
from .neighborhood import find_neighborhood
from .ranking import RankingResult, check_settings, summarize

# Images that are compared with twice as many at a time.
_BLOCK = 2**10

# Gallery images whose encodings are turned round at a time.
_PART = 2**13

# Pairs of a block that share neighbours.
_MOST_OVERLAPS = 2**22

# With a smaller share of the original distance, images without shared
# neighbours cannot be told apart but one by one.
_SMALLEST_LAMBDA = 1e-3

# Bytes of a pair that is compared so.
_PAIR_BYTES = 64


def evaluate_reranked(query_features: Array,
                      gallery_features: Array,
                      query_pids: Array,
                      gallery_pids: Array,
                      query_camids: Array,
                      gallery_camids: Array,
                      metric: str = 'cosine',
                      k1: int = 20,
                      k2: int = 6,
                      lambda_value: float = 0.3,
                      max_rank: int = 50,
                      block_size: int = 0,
                      memory_budget: int = MEMORY_BUDGET) -> RankingResult:
    """As :func:`evaluate_ranking`, by k-reciprocal distances.

    They are a weighted sum of the original distances and of Jaccard distances
    of k-reciprocal encodings, for which the queries and the gallery are seen
    together, without their pids and camids. Original distances are squared
    Euclidean ones, by the largest of the query. As in the released code,
    where there are fewer than ``k1 + 1`` images all are neighbours. Neighbours
    and distances are those of float64, except that the distance to the
    farthest image is found to rounding.

    Source: "Re-ranking Person Re-identification with k-reciprocal Encoding"
    (CVPR 2017).

    Args:
        query_features (Array): See :func:`evaluate_ranking`, as the other
            arguments that are not below.
        gallery_features (Array): Likewise.
        query_pids (Array): Likewise.
        gallery_pids (Array): Likewise.
        query_camids (Array): Likewise.
        gallery_camids (Array): Likewise.
        metric (str): Likewise.
        k1 (int): Neighbours of which the reciprocal ones are taken. Defaults
            to 20.
        k2 (int): Images, with the image itself, over which encodings are
            averaged. Defaults to 6.
        lambda_value (float): Share of the original distance, from 0 to 1.
            Defaults to 0.3.
        max_rank (int): See :func:`evaluate_ranking`.
        block_size (int): Likewise; images that are compared at a time.
        memory_budget (int): About the bytes that may be taken beyond the
            features and a few hundred numbers for each image.

    Returns:
        RankingResult: The metrics.

    Raises:
        ValueError: As by :func:`evaluate_ranking`, or if not ``k1 >= k2 >= 1``
            or ``0 <= lambda_value <= 1``.
    """
    return evaluate_reranked_shards(
        *query_and_gallery(query_features, gallery_features, query_pids,
                           gallery_pids, query_camids, gallery_camids),
        Processes(),
        metric=metric,
        k1=k1,
        k2=k2,
        lambda_value=lambda_value,
        max_rank=max_rank,
        block_size=block_size,
        memory_budget=memory_budget)


def evaluate_reranked_shards(
        query: Images,
        gallery: Images,
        processes: Processes,
        metric: str = 'cosine',
        k1: int = 20,
        k2: int = 6,
        lambda_value: float = 0.3,
        max_rank: int = 50,
        block_size: int = 0,
        memory_budget: int = MEMORY_BUDGET) -> RankingResult:
    """As :func:`evaluate_reranked`, of images that lie where their features
    were computed. All images are compared with all, so all features go to the
    main process, a few at a time. The others wait for what it finds.

    Args:
        query (Images): The queries of this process.
        gallery (Images): The gallery images of this process.
        processes (Processes): All of them.
        metric (str): See :func:`evaluate_reranked`, as the other arguments.
        k1 (int): Likewise.
        k2 (int): Likewise.
        lambda_value (float): Likewise.
        max_rank (int): Likewise.
        block_size (int): Likewise.
        memory_budget (int): Likewise.

    Returns:
        RankingResult: The metrics; queries are in the order of their indices.

    Raises:
        ValueError: As by :func:`evaluate_reranked`.
    """
    check_settings(max_rank, block_size)
    check_reranking(k1, k2, lambda_value)
    check_images(query, gallery, processes, metric)
    query, gallery = (
        collect_images(images, processes) for images in (query, gallery))
    result = None
    if processes.is_main:
        result = _rank(query, gallery, metric, k1, k2, lambda_value, max_rank,
                       block_size, memory_budget)
    return processes.gather(result)[0]


def _rank(query: Images, gallery: Images, metric: str, k1: int, k2: int,
          lambda_value: float, max_rank: int, block_size: int,
          memory_budget: int) -> RankingResult:
    sizes = choose_sizes(gallery.features, memory_budget)
    block_size = block_size or min(_BLOCK, sizes.queries)
    reranking = Reranking(
        ImageSet(
            build_similarity(metric, query.features),
            build_similarity(metric, gallery.features)), k1, k2, lambda_value,
        block_size)
    if lambda_value < _SMALLEST_LAMBDA:
        num_pairs = memory_budget // _PAIR_BYTES
        block_size = max(1, min(block_size,
                                num_pairs // len(gallery.features)))
    ranks = []
    for block in reranking.blocks(block_size):
        shard = GalleryShard(
            reranking.similarity(block), gallery.annotations, Processes())
        ranks.append(
            shard.match_ranks(query.features[block],
                              query.annotations.take(block), sizes.tile))
    return summarize(ranks, np.arange(len(query.features)), max_rank)


def check_reranking(k1: int = 20,
                    k2: int = 6,
                    lambda_value: float = 0.3) -> None:
    """Refuse arguments that :func:`evaluate_reranked` cannot take.

    Raises:
        ValueError: If not ``k1 >= k2 >= 1`` or ``0 <= lambda_value <= 1``.
    """
    if not k1 >= k2 >= 1:
        raise ValueError('k1 must be at least k2, and k2 at least 1: got '
                         f'k1={k1}, k2={k2}')
    if not 0 <= lambda_value <= 1:
        raise ValueError(
            f'lambda_value must be from 0 to 1: got {lambda_value}')


class Reranking:
    """The k-reciprocal distances of queries and gallery.

    ::

        features ── neighbours ── reciprocal ones ── mean over k2 ── Jaccard ─┐
           └──────────────────── original distance ───────────────────────── +

    Args:
        images (ImageSet): Queries and gallery.
        k1 (int): See :func:`evaluate_reranked`.
        k2 (int): Likewise.
        lambda_value (float): Likewise.
        block_size (int): Images that are compared at a time.
    """

    def __init__(self, images: ImageSet, k1: int, k2: int, lambda_value: float,
                 block_size: int) -> None:
        self._original = images.parts[1]
        self._lambda = lambda_value
        num_query = images.num_query
        neighborhood = find_neighborhood(images, min(k1 + 1, len(images)),
                                         block_size)
        self._factors = lambda_value / neighborhood.largest[:num_query]
        encoding = encode(images, neighborhood, k1)
        # Alone, an image is not near others that are the same.
        nearest = neighborhood.nearest[:, :k2] if k2 > 1 \
            else np.arange(len(images))[:, None]
        parts = (
            slice(start, min(start + _PART, len(images)))
            for start in range(num_query, len(images), _PART))
        self._jaccard = JaccardSimilarity(
            average(encoding, nearest, slice(0, num_query)),
            (average(encoding, nearest, part) for part in parts), len(images))

    def blocks(self, block_size: int) -> Iterator[slice]:
        """Queries, not more than of a size, which share neighbours with a
        limited number of images."""
        return self._jaccard.blocks(block_size, _MOST_OVERLAPS)

    def similarity(self, queries: slice) -> 'RerankedSimilarity':
        """The gallery's similarity to a block of queries."""
        return RerankedSimilarity(self._original, self._factors[queries],
                                  self._jaccard.of(queries), 1 - self._lambda)


class RerankedSimilarity(Similarity):
    """Minus the k-reciprocal distance, but for what all images share.

    Args:
        original (FeatureSimilarity): To the gallery.
        factors (np.ndarray): (B, ) what a squared distance to each query
            counts.
        overlaps (Overlaps): Jaccard similarities.
        jaccard_factor (float): What they count.
    """

    def __init__(self, original: FeatureSimilarity, factors: np.ndarray,
                 overlaps: Overlaps, jaccard_factor: float) -> None:
        self.dtype = original.dtype
        self._original = original
        self._factors = factors
        self._jaccard_factor = jaccard_factor
        self._overlaps = overlaps._replace(values=jaccard_factor *
                                           overlaps.values)
        # A distance changes twice as fast as its similarity.
        self._slopes = 2 * factors

    def of_pairs(self, query: Tensor, query_rows: np.ndarray,
                 gallery_rows: np.ndarray) -> np.ndarray:
        similarities = self._overlaps.at(gallery_rows * len(query) +
                                         query_rows)
        if self._slopes.any():
            similarities += self._slopes[query_rows] * \
                self._original.of_pairs(query, query_rows, gallery_rows)
        return similarities

    def tolerance(self, query: Tensor) -> Tensor:
        slopes = query.new_tensor(self._slopes)
        largest = slopes * self._original.scale(query) + self._jaccard_factor
        rounding = 4 * torch.finfo(query.dtype).eps * largest
        return slopes * self._original.tolerance(query) + rounding

    def offsets(self, query: Tensor) -> np.ndarray:
        # The distance that is left when all similarities are 0.
        original = self._original.squared_distances(
            self._original.offsets(query))
        return -self._factors * original - self._jaccard_factor

    def scores(self, values: np.ndarray) -> np.ndarray:
        """The k-reciprocal distance, the smaller the closer."""
        return -values

    def tiles(self, query: Tensor,
              tile_size: int) -> Iterator[Tuple[int, Tensor]]:
        slopes = query.new_tensor(self._slopes)[:, None]
        values = torch.from_numpy(self._overlaps.values).to(query)
        columns, rows = (
            torch.from_numpy(index).to(query.device)
            for index in np.divmod(self._overlaps.cells, len(query)))
        for start, tile in self._original.tiles(query, tile_size):
            tile *= slopes
            first, last = self._overlaps.cells.searchsorted(
                (start * len(query), (start + tile.size(1)) * len(query)))
            inside = slice(first, last)
            tile[rows[inside], columns[inside] - start] += values[inside]
            yield start, tile
