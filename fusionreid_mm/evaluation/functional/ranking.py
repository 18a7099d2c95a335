"""Ranking under the Market-1501 protocol, without sorting a gallery.

AP, CMC and INP depend on the ranks of the matches only, and a rank is one plus
a count of closer images. So a tile of similarities, which is thrown away
again, is all that is ever held.
"""
from typing import NamedTuple, Sequence

import numpy as np

from .images import (MEMORY_BUDGET, Array, Images, choose_sizes, gallery_shard,
                     query_and_gallery, query_blocks)
from .match_ranks import MatchRanks, Processes
from .precision_recall import precision_at_recall

NO_MATCH = -1


class RankingResult(NamedTuple):
    """How well the gallery was ranked. Fractions, not percent.

    Attributes:
        mAP: Mean of ``ap`` over the valid queries.
        mINP: Mean inverse negative penalty: the share of matches among the
            images down to the last match, averaged over the valid queries.
        cmc: ``cmc[k - 1]`` is Rank-k, the share of valid queries with a match
            among the first k images.
        ap: Average precision of each query; NaN where it is not valid.
        inp: Inverse negative penalty of each query; NaN likewise.
        first_match_rank: Rank of the first match of each query, from 1;
            -1 where it is not valid.
        num_valid_queries: Queries with a match by another camera. The others
            are left out of all means.
        precision: The precision-recall curve, averaged over the valid queries:
            ``precision[k]`` from recall k / 100 to (k + 1) / 100
            (:func:`.precision_at_recall`). Its mean is ``mAP``.
    """
    mAP: float
    mINP: float
    cmc: np.ndarray
    ap: np.ndarray
    inp: np.ndarray
    first_match_rank: np.ndarray
    num_valid_queries: int
    precision: np.ndarray


def evaluate_ranking(query_features: Array,
                     gallery_features: Array,
                     query_pids: Array,
                     gallery_pids: Array,
                     query_camids: Array,
                     gallery_camids: Array,
                     metric: str = 'cosine',
                     max_rank: int = 50,
                     block_size: int = 0,
                     memory_budget: int = MEMORY_BUDGET) -> RankingResult:
    """Rank the gallery for each query and measure where the matches stand.

    Of the gallery, images with the query's pid *and* camid are left out. The
    others are ordered by similarity; of equally similar ones, that which is
    listed first in the gallery comes first. AP is the mean of the precision
    at each match. Similarities are told apart as float64 tells them,
    whatever the features are; so the result depends neither on the sizes of
    blocks nor on the machine. Shapes: Q queries, G gallery images, D channels.

    Source: "Scalable Person Re-identification: A Benchmark" (ICCV 2015), for
    mAP and CMC; "Deep Learning for Person Re-identification: A Survey and
    Outlook" (arXiv 2001.04193), for mINP.

    Args:
        query_features (Array): (Q, D), array or tensor.
        gallery_features (Array): (G, D).
        query_pids (Array): (Q, ) integers.
        gallery_pids (Array): (G, ) integers.
        query_camids (Array): (Q, ) integers.
        gallery_camids (Array): (G, ) integers.
        metric (str): ``'cosine'`` normalises the features, ``'euclidean'``
            takes them as they are. Defaults to ``'cosine'``.
        max_rank (int): Length of ``cmc``. Defaults to 50.
        block_size (int): Queries that are compared at a time. It changes the
            memory taken, but not the result. 0, the default, chooses by
            ``memory_budget``.
        memory_budget (int): About the bytes that may be taken beyond the
            features. Defaults to :data:`MEMORY_BUDGET`.

    Returns:
        RankingResult: The metrics.

    Raises:
        ValueError: If an argument is empty or of another length than its
            fellows, if features are not finite or so large or small that
            their products would not be, or if no query has a match.
    """
    check_settings(max_rank, block_size)
    query, gallery = query_and_gallery(query_features, gallery_features,
                                       query_pids, gallery_pids, query_camids,
                                       gallery_camids)
    return evaluate_shards(
        query,
        gallery,
        Processes(),
        metric=metric,
        max_rank=max_rank,
        block_size=block_size,
        memory_budget=memory_budget)


def evaluate_shards(query: Images,
                    gallery: Images,
                    processes: Processes,
                    metric: str = 'cosine',
                    max_rank: int = 50,
                    block_size: int = 0,
                    memory_budget: int = MEMORY_BUDGET) -> RankingResult:
    """As :func:`evaluate_ranking`, of images that lie where their features
    were computed. Each process gives its own ones and gets the result of all,
    which is the same to the last bit however the images are distributed.

    The gallery stays where it is: a block of queries at a time goes to all
    processes, and a few numbers of each match come back.

    Args:
        query (Images): The queries of this process.
        gallery (Images): The gallery images of this process.
        processes (Processes): All of them.
        metric (str): See :func:`evaluate_ranking`, as the other arguments.
        max_rank (int): Likewise.
        block_size (int): Likewise.
        memory_budget (int): Likewise, of each process.

    Returns:
        RankingResult: The metrics; queries are in the order of their indices.

    Raises:
        ValueError: If features are not finite, or so large or small that their
            products would not be, or if no query has a match.
    """
    shard = gallery_shard(query, gallery, processes, metric)
    sizes = choose_sizes(query.features, memory_budget)
    block_size = block_size or sizes.queries
    blocks = [
        (annotations.indices,
         shard.match_ranks(features, annotations, sizes.tile))
        for features, annotations in query_blocks(query, processes, block_size)
    ]
    indices, ranks = zip(*blocks)
    return summarize(ranks, np.argsort(np.concatenate(indices)), max_rank)


def check_settings(max_rank: int, block_size: int) -> None:
    """
    Raises:
        ValueError: If :func:`evaluate_ranking` cannot do with one of them.
    """
    if max_rank < 1 or block_size < 0:
        raise ValueError('max_rank must be at least 1 and block_size not '
                         f'negative: got {max_rank} and {block_size}')


def summarize(blocks: Sequence[MatchRanks], order: np.ndarray,
              max_rank: int) -> RankingResult:
    """The metrics of blocks of queries, which are put in order."""
    ranks, counts = map(np.concatenate, zip(*blocks))
    valid = counts > 0
    if not valid.any():
        raise ValueError(
            f'none of the {len(counts)} queries has a gallery image of the '
            'same person by another camera: are query and gallery of the '
            'same dataset, and are the camera ids right?')
    ends = np.cumsum(counts)
    starts = ends - counts
    found = 1 + np.arange(len(ranks)) - np.repeat(starts, counts)
    ap = np.full(len(counts), np.nan)
    ap[valid] = np.add.reduceat(found / ranks, starts[valid]) / counts[valid]
    inp = np.full(len(counts), np.nan)
    inp[valid] = counts[valid] / ranks[ends[valid] - 1]
    first_match_rank = np.full(len(counts), NO_MATCH)
    first_match_rank[valid] = ranks[starts[valid]]
    # Before anything is added up, so that it is so in the same order.
    ap, inp, first_match_rank, valid = (
        column[order] for column in (ap, inp, first_match_rank, valid))
    return RankingResult(
        mAP=float(ap[valid].mean()),
        mINP=float(inp[valid].mean()),
        cmc=_cumulative_matches(first_match_rank[valid], max_rank),
        ap=ap,
        inp=inp,
        first_match_rank=first_match_rank,
        num_valid_queries=int(valid.sum()),
        precision=precision_at_recall(*_in_order(ranks, counts, order)))


def _in_order(ranks: np.ndarray, counts: np.ndarray,
              order: np.ndarray) -> MatchRanks:
    """The ranks of the matches with the queries in another order."""
    starts = (np.cumsum(counts) - counts)[order]
    counts = counts[order]
    skipped = np.repeat(starts - (np.cumsum(counts) - counts), counts)
    return MatchRanks(ranks[skipped + np.arange(len(ranks))], counts)


def _cumulative_matches(first_ranks: np.ndarray, max_rank: int) -> np.ndarray:
    return (first_ranks[:, None] <= np.arange(1, max_rank + 1)).mean(axis=0)
