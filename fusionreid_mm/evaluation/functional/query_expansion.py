"""Queries that are averaged with what they find.

Shapes: Q queries, G gallery images, D channels, k neighbours.
"""
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .images import (MEMORY_BUDGET, Array, Images, choose_sizes, features_of,
                     gather_images)
from .match_ranks import Annotations, Processes
from .nearest import find_nearest_in_shards
from .ranking import RankingResult, evaluate_shards


def expand_queries(query_features: Array,
                   gallery_features: Array,
                   k: int = 5,
                   alpha: float = 0.,
                   memory_budget: int = MEMORY_BUDGET) -> Tensor:
    """Average query expansion: the mean of each query and of the ``k`` gallery
    images that are the nearest to it, all normalised.

    Nobody's pid or camid is looked at, so that images by the query's camera
    are among them. The gallery stays as it is.

    Source: "Total Recall: Automatic Query Expansion with a Generative Feature
    Model for Object Retrieval" (ICCV 2007); weights as in "Fine-tuning CNN
    Image Retrieval with No Human Annotation" (TPAMI 2019).

    Args:
        query_features (Array): (Q, D), array or tensor.
        gallery_features (Array): (G, D).
        k (int): Gallery images; of those that are equally near, the first ones
            of the gallery. Defaults to 5.
        alpha (float): They are weighted by their cosine similarity, or 0 where
            it is negative, to the power of it. Defaults to 0: all count as
            much as the query.
        memory_budget (int): About the bytes that may be taken beyond old and
            new features.

    Returns:
        Tensor: (Q, D) new features of the queries, normalised, to be compared
        by ``metric='cosine'``.

    Raises:
        ValueError: If features are empty, of different widths, not finite, or
            so large or small that their products would not be, if ``k`` is not
            from 1 to G, or ``alpha`` is negative or infinite.

    Examples:
        >>> expand_queries([[1., 0.]], [[-1., 0.], [0., 1.]], k=1)
        tensor([[0.7071, 0.7071]], dtype=torch.float64)
    """
    query, gallery = (_of_one_person(features, pid, np.arange(len(features)))
                      for pid, features in enumerate(
                          features_of(query_features, gallery_features)))
    return _expand(query, gallery, Processes(), k, alpha, memory_budget)


def check_query_expansion(k: int = 5, alpha: float = 0.) -> None:
    """Refuse arguments that :func:`expand_queries` cannot take.

    Raises:
        ValueError: If ``k`` is less than 1, or ``alpha`` is negative or
            infinite.
    """
    if k < 1:
        raise ValueError(f'k must be from 1 on: got {k}')
    if not 0 <= alpha < float('inf'):
        raise ValueError(f'alpha must be finite and not negative: got {alpha}')


def evaluate_expanded_shards(
        query: Images,
        gallery: Images,
        processes: Processes,
        k: int = 5,
        alpha: float = 0.,
        max_rank: int = 50,
        memory_budget: int = MEMORY_BUDGET) -> RankingResult:
    """Rank the gallery for expanded queries, by cosine similarity, of images
    that lie where their features were computed. What is found for some queries
    at a time goes to all processes.

    Args:
        query (Images): The queries of this process.
        gallery (Images): The gallery images of this process.
        processes (Processes): All of them.
        k (int): See :func:`expand_queries`.
        alpha (float): Likewise.
        max_rank (int): Length of ``cmc``. Defaults to 50.
        memory_budget (int): See :func:`expand_queries`, of each process.

    Returns:
        RankingResult: The metrics; queries are in the order of their indices.

    Raises:
        ValueError: As by :func:`expand_queries`.
    """
    # None is of a query's person, so that none is left out.
    strangers = [
        _of_one_person(images.features, pid, images.annotations.indices)
        for pid, images in enumerate((query, gallery))
    ]
    expanded = _expand(strangers[0], strangers[1], processes, k, alpha,
                       memory_budget)
    return evaluate_shards(
        query._replace(features=expanded),
        gallery,
        processes,
        max_rank=max_rank,
        memory_budget=memory_budget)


def _expand(query: Images, gallery: Images, processes: Processes, k: int,
            alpha: float, memory_budget: int) -> Tensor:
    """New features of the queries of this process, of which none is of the
    person of any gallery image."""
    check_query_expansion(k, alpha)
    num_gallery = sum(processes.gather(len(gallery.features)))
    if k > num_gallery:
        raise ValueError(f'k must be from 1 to {num_gallery}, the number of '
                         f'gallery images: got {k}')
    nearest = find_nearest_in_shards(
        query, gallery, processes, k, memory_budget=memory_budget)
    places = _places_among_all(query, processes)
    expanded = torch.empty_like(query.features)
    size = max(1, choose_sizes(query.features, memory_budget).queries // k)
    for start in range(0, len(nearest.indices), size):
        found = _take(gallery, nearest.indices[start:start + size], processes)
        own = np.flatnonzero((places >= start) & (places < start + size))
        total = F.normalize(query.features[own])
        for indices, scores in zip(nearest.indices[places[own]].T,
                                   nearest.scores[places[own]].T):
            rows = np.searchsorted(found.annotations.indices, indices)
            weights = torch.from_numpy(scores.clip(min=0)**alpha).to(total)
            total += F.normalize(found.features[rows]) * weights[:, None]
        expanded[own] = F.normalize(total)
    return expanded


def _places_among_all(images: Images, processes: Processes) -> np.ndarray:
    """Where the images of this process stand among those of all."""
    own = images.annotations.indices
    everyones = np.sort(np.concatenate(processes.gather(own)))
    return np.searchsorted(everyones, own)


def _take(gallery: Images, indices: np.ndarray,
          processes: Processes) -> Images:
    """Images of all processes, in the order of their indices, each once."""
    part = gallery.take(np.isin(gallery.annotations.indices, indices))
    return gather_images(part, processes)


def _of_one_person(features: Tensor, pid: int, indices: np.ndarray) -> Images:
    pids = np.full(len(features), pid)
    return Images(features, Annotations(pids, pids, indices))
