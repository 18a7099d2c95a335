"""Ranking under the Market-1501 protocol, without sorting a gallery.

AP, CMC and INP depend on the ranks of the matches only, and a rank is one plus
a count of closer images. So a tile of similarities, which is thrown away
again, is all that is ever held.
"""
from typing import Iterator, NamedTuple, Optional, Sequence, Union

import numpy as np
import torch
from torch import Tensor

from .distance import METRICS, build_similarity
from .match_ranks import Annotations, GalleryShard, MatchRanks, Processes

Array = Union[np.ndarray, Tensor]

NO_MATCH = -1

#: Bytes that ranking takes beyond the features, if nothing else is said.
MEMORY_BUDGET = 64 * 2**20

# More queries at a time do not make it any faster.
_MOST_QUERIES = 1024

# Rows that are looked at at a time.
_CHUNK = 1024

# Squares of float32 numbers beyond these over- or underflow.
_SMALLEST, _LARGEST = 1e-15, 1e15


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
    """
    mAP: float
    mINP: float
    cmc: np.ndarray
    ap: np.ndarray
    inp: np.ndarray
    first_match_rank: np.ndarray
    num_valid_queries: int


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
    if metric not in METRICS:
        raise ValueError(f'metric must be one of {METRICS}: got {metric!r}')
    if max_rank < 1 or block_size < 0 or memory_budget < 1:
        raise ValueError(
            'max_rank and memory_budget must be at least 1 and block_size not '
            f'negative: got {max_rank}, {memory_budget} and {block_size}')
    query = _features(query_features, 'query_features')
    gallery = _features(gallery_features, 'gallery_features')
    if query.size(1) != gallery.size(1):
        raise ValueError(
            f'query_features have {query.size(1)} channels, but '
            f'gallery_features {gallery.size(1)}: are they of one model?')
    dtype = torch.promote_types(query.dtype, gallery.dtype)
    query, gallery = query.to(gallery.device, dtype), gallery.to(dtype)
    return evaluate_shards(
        Images(query, _annotations(query_pids, query_camids, 'query', query)),
        Images(gallery,
               _annotations(gallery_pids, gallery_camids, 'gallery', gallery)),
        Processes(),
        metric=metric,
        max_rank=max_rank,
        block_size=block_size,
        memory_budget=memory_budget)


class Images(NamedTuple):
    """What one process has of the query or the gallery images.

    Attributes:
        features: (N, D), of floating point. N may be 0.
        annotations: Of these images.
    """
    features: Tensor
    annotations: Annotations


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
    _check_magnitudes(query, gallery, processes)
    shard = GalleryShard(
        build_similarity(metric, gallery.features), gallery.annotations,
        processes)
    sizes = choose_sizes(query.features, memory_budget)
    block_size = block_size or sizes.queries
    blocks = [
        (annotations.indices,
         shard.match_ranks(features, annotations, sizes.tile))
        for features, annotations in _blocks(query, processes, block_size)
    ]
    indices, ranks = zip(*blocks)
    return _summarize(ranks, np.argsort(np.concatenate(indices)), max_rank)


def _blocks(query: Images, processes: Processes,
            block_size: int) -> Iterator[Images]:
    """Some queries of all processes at a time, until there are no more."""
    everyones = processes.gather(len(query.features))
    share = -(-block_size // len(everyones))
    for start in range(0, max(everyones), share):
        part = slice(start, start + share)
        annotations = processes.gather(query.annotations.take(part))
        yield Images(
            processes.gather_rows(query.features[part]),
            Annotations(*map(np.concatenate, zip(*annotations))))


class Sizes(NamedTuple):
    """Images that are compared at a time.

    Attributes:
        queries: Of a block.
        tile: Gallery images.
    """
    queries: int
    tile: int


def choose_sizes(features: Tensor, memory_budget: int) -> Sizes:
    """Sizes that fit into some bytes: half of them for the features of
    queries, and half for similarities."""
    numbers = memory_budget // features.element_size() // 2
    queries = max(1, min(_MOST_QUERIES, numbers // features.size(1)))
    return Sizes(queries=queries, tile=max(1, numbers // _MOST_QUERIES))


def _summarize(blocks: Sequence[MatchRanks], order: np.ndarray,
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
        num_valid_queries=int(valid.sum()))


def _cumulative_matches(first_ranks: np.ndarray, max_rank: int) -> np.ndarray:
    return (first_ranks[:, None] <= np.arange(1, max_rank + 1)).mean(axis=0)


def _annotations(pids: Array, camids: Array, role: str,
                 features: Tensor) -> Annotations:
    length = len(features)
    return Annotations(
        _ids(pids, f'{role}_pids', length),
        _ids(camids, f'{role}_camids', length), np.arange(length))


def _features(features: Array, name: str) -> Tensor:
    if not isinstance(features, Tensor):
        features = np.ascontiguousarray(features)
    tensor = torch.as_tensor(features).detach()
    if tensor.ndim != 2 or not tensor.numel():
        raise ValueError(f'{name} must be (images, channels) and not empty: '
                         f'got shape {tuple(tensor.shape)}')
    if tensor.dtype not in (torch.float32, torch.float64):
        tensor = tensor.float()
    return tensor


def _check_magnitudes(query: Images, gallery: Images,
                      processes: Processes) -> None:
    """All processes learn what one of them finds: none may go on alone."""
    found = [
        _bad_magnitude(images, name)
        for images, name in ((query, 'query_features'), (gallery,
                                                         'gallery_features'))
    ]
    for message in filter(None, sum(processes.gather(found), [])):
        raise ValueError(message)


def _bad_magnitude(images: Images, name: str) -> Optional[str]:
    # Slices, so that nothing as large as the features is allocated.
    for start in range(0, len(images.features), _CHUNK):
        largest = images.features[start:start + _CHUNK].abs().amax(dim=1)
        usable = (largest == 0) | ((largest >= _SMALLEST) &
                                   (largest <= _LARGEST))
        if not usable.all():
            row = int((~usable).nonzero()[0])
            index = images.annotations.indices[start + row]
            return (f'{name} must be finite, and of a magnitude between '
                    f'{_SMALLEST:g} and {_LARGEST:g} or all zero: row '
                    f'{index} goes up to {float(largest[row]):g}')
    return None


def _ids(ids: Array, name: str, length: int) -> np.ndarray:
    array = torch.as_tensor(ids).cpu().numpy()
    if array.shape != (length, ):
        raise ValueError(f'{name} must have one entry for each of the {length}'
                         f' images: got shape {array.shape}')
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f'{name} must be integers: got {array.dtype}')
    return array.astype(np.int64)
