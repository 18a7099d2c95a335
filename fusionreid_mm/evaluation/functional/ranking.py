"""Ranking under the Market-1501 protocol, without sorting a gallery.

AP, CMC and INP depend on the ranks of the matches only, and a rank is one plus
a count of closer images. So a block of similarities, which is thrown away
again, is all that is ever held.
"""
from collections import defaultdict
from typing import Dict, NamedTuple, Tuple, Union

import numpy as np
import torch
from torch import Tensor

from .distance import METRICS, similarity_blocks

Array = Union[np.ndarray, Tensor]

NO_MATCH = -1

# A block of similarities takes at most this many bytes.
_BLOCK_BYTES = 64 * 2**20

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
        first_match_rank: Rank of the first match of each query, from 1;
            -1 where it is not valid.
        num_valid_queries: Queries with a match by another camera. The others
            are left out of all means.
    """
    mAP: float
    mINP: float
    cmc: np.ndarray
    ap: np.ndarray
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
                     block_size: int = 0) -> RankingResult:
    """Rank the gallery for each query and measure where the matches stand.

    Of the gallery, images with the query's pid *and* camid are left out. The
    others are ordered by similarity; of equally similar ones, that which is
    listed first in the gallery comes first. AP is the mean of the precision
    at each match. Shapes: Q queries, G gallery images, D channels.

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
            memory taken, but not the result. 0 chooses by itself.

    Returns:
        RankingResult: The metrics.

    Raises:
        ValueError: If an argument is empty or of another length than its
            fellows, if features are not finite or so large or small that
            their products would not be, or if no query has a match.
    """
    if metric not in METRICS:
        raise ValueError(f'metric must be one of {METRICS}: got {metric!r}')
    if max_rank < 1 or block_size < 0:
        raise ValueError('max_rank must be at least 1 and block_size not '
                         f'negative: got {max_rank} and {block_size}')
    query = _features(query_features, 'query_features')
    gallery = _features(gallery_features, 'gallery_features')
    if query.size(1) != gallery.size(1):
        raise ValueError(
            f'query_features have {query.size(1)} channels, but '
            f'gallery_features {gallery.size(1)}: are they of one model?')
    dtype = torch.promote_types(query.dtype, gallery.dtype)
    query, gallery = query.to(gallery.device, dtype), gallery.to(dtype)
    query_pids = _ids(query_pids, 'query_pids', len(query))
    query_camids = _ids(query_camids, 'query_camids', len(query))
    gallery_camids = _ids(gallery_camids, 'gallery_camids', len(gallery))
    people = _index_by_pid(_ids(gallery_pids, 'gallery_pids', len(gallery)))

    ap = np.full(len(query), np.nan)
    inp = np.full(len(query), np.nan)
    first_match_rank = np.full(len(query), NO_MATCH)
    block_size = block_size or max(
        1, _BLOCK_BYTES // (len(gallery) * gallery.element_size()))
    for start, block in similarity_blocks(query, gallery, metric, block_size):
        for i, similarities in enumerate(block.cpu().numpy(), start=start):
            same_person = people[query_pids[i]]
            same_camera = gallery_camids[same_person] == query_camids[i]
            similarities[same_person[same_camera]] = -np.inf
            matches = same_person[~same_camera]
            if len(matches):
                ranks = ranks_of_matches(similarities, matches)
                ap[i], inp[i] = _precisions(ranks)
                first_match_rank[i] = ranks[0]

    valid = first_match_rank != NO_MATCH
    if not valid.any():
        raise ValueError(
            f'none of the {len(query)} queries has a gallery image of the '
            'same person by another camera: are query and gallery of the '
            'same dataset, and are the camera ids right?')
    return RankingResult(
        mAP=float(ap[valid].mean()),
        mINP=float(inp[valid].mean()),
        cmc=_cumulative_matches(first_match_rank[valid], max_rank),
        ap=ap,
        first_match_rank=first_match_rank,
        num_valid_queries=int(valid.sum()))


def ranks_of_matches(similarities: np.ndarray,
                     matches: np.ndarray) -> np.ndarray:
    """The ranks of some gallery images, from 1, in ascending order.

    Args:
        similarities (np.ndarray): (G, ), the larger the closer. Of equal
            values the first is ranked first.
        matches (np.ndarray): Indices of the images in question, ascending.
    """
    values = np.sort(similarities[matches])
    candidates = similarities[similarities >= values[0]]
    # How many of the matches each candidate is strictly closer than, and from
    # that the number of candidates that are closer than each match.
    beaten = np.searchsorted(values, candidates)
    counts = np.bincount(beaten, minlength=len(values) + 1)
    closer = len(candidates) - np.cumsum(counts)[:-1]

    equal = values[np.minimum(beaten, len(values) - 1)] == candidates
    if np.count_nonzero(equal) > len(values):
        return _ranks_with_ties(similarities, matches)
    # Matches that are equal among themselves stand one behind the other.
    first_equal = np.searchsorted(values, values)
    return np.sort(1 + closer + np.arange(len(values)) - first_equal)


def _ranks_with_ties(similarities: np.ndarray,
                     matches: np.ndarray) -> np.ndarray:
    """As :func:`ranks_of_matches`, where others are as close as a match."""
    ranks = []
    for match in matches:
        value = similarities[match]
        before = np.count_nonzero(similarities[:match] == value)
        ranks.append(1 + before + np.count_nonzero(similarities > value))
    return np.sort(ranks)


def _precisions(ranks: np.ndarray) -> Tuple[float, float]:
    """AP and INP of one query."""
    found = np.arange(1, len(ranks) + 1)
    return float((found / ranks).mean()), len(ranks) / int(ranks[-1])


def _cumulative_matches(first_ranks: np.ndarray, max_rank: int) -> np.ndarray:
    return (first_ranks[:, None] <= np.arange(1, max_rank + 1)).mean(axis=0)


def _index_by_pid(pids: np.ndarray) -> Dict[int, np.ndarray]:
    """The gallery indices of each person, ascending; nobody's are none."""
    order = np.argsort(pids, kind='stable')
    unique, starts = np.unique(pids[order], return_index=True)
    people: Dict[int,
                 np.ndarray] = defaultdict(lambda: np.empty(0, dtype=np.int64))
    people.update(zip(unique.tolist(), np.split(order, starts[1:])))
    return people


def _features(features: Array, name: str) -> Tensor:
    if not isinstance(features, Tensor):
        features = np.ascontiguousarray(features)
    tensor = torch.as_tensor(features).detach()
    if tensor.ndim != 2 or not tensor.numel():
        raise ValueError(f'{name} must be (images, channels) and not empty: '
                         f'got shape {tuple(tensor.shape)}')
    if tensor.dtype not in (torch.float32, torch.float64):
        tensor = tensor.float()
    _check_magnitude(tensor, name)
    return tensor


def _check_magnitude(features: Tensor, name: str) -> None:
    # Slices, so that nothing as large as the features is allocated.
    for start in range(0, len(features), _CHUNK):
        largest = features[start:start + _CHUNK].abs().amax(dim=1)
        usable = (largest == 0) | ((largest >= _SMALLEST) &
                                   (largest <= _LARGEST))
        if not usable.all():
            row = int((~usable).nonzero()[0])
            raise ValueError(
                f'{name} must be finite, and of a magnitude between '
                f'{_SMALLEST:g} and {_LARGEST:g} or all zero: row '
                f'{start + row} goes up to {float(largest[row]):g}')


def _ids(ids: Array, name: str, length: int) -> np.ndarray:
    array = torch.as_tensor(ids).cpu().numpy()
    if array.shape != (length, ):
        raise ValueError(f'{name} must have one entry for each of the {length}'
                         f' images: got shape {array.shape}')
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f'{name} must be integers: got {array.dtype}')
    return array.astype(np.int64)
