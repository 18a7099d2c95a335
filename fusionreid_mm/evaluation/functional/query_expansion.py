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
    query, gallery = features_of(query_features, gallery_features)
    check_query_expansion(k, alpha)
    if k > len(gallery):
        raise ValueError(f'k must be from 1 to {len(gallery)}, the number of '
                         f'gallery images: got {k}')
    # None is of a query's person, so that none is left out.
    nearest = find_nearest_in_shards(
        _of_one_person(query, 0),
        _of_one_person(gallery, 1),
        Processes(),
        k,
        memory_budget=memory_budget)
    indices = torch.from_numpy(nearest.indices).to(gallery.device)
    weights = torch.from_numpy(nearest.scores.clip(min=0)**alpha).to(gallery)
    expanded = torch.empty_like(query)
    size = choose_sizes(query, memory_budget).queries
    for rows, result, images, counts in zip(*(column.split(size)
                                              for column in (query, expanded,
                                                             indices,
                                                             weights))):
        total = F.normalize(rows)
        for i in range(k):
            found = F.normalize(gallery[images[:, i]])
            total += found * counts[:, i, None]
        result.copy_(F.normalize(total))
    return expanded


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


def evaluate_expanded_shards(query: Images,
                             gallery: Images,
                             processes: Processes,
                             k: int = 5,
                             alpha: float = 0.,
                             max_rank: int = 50) -> RankingResult:
    """Rank the gallery for expanded queries, by cosine similarity. All
    features go to each process, and each does the same.

    Args:
        query (Images): The queries of this process.
        gallery (Images): The gallery images of this process.
        processes (Processes): All of them.
        k (int): See :func:`expand_queries`.
        alpha (float): Likewise.
        max_rank (int): Length of ``cmc``. Defaults to 50.

    Returns:
        RankingResult: The metrics; queries are in the order of their indices.

    Raises:
        ValueError: As by :func:`expand_queries`.
    """
    query, gallery = (
        gather_images(images, processes) for images in (query, gallery))
    expanded = expand_queries(query.features, gallery.features, k, alpha)
    return evaluate_shards(
        query._replace(features=expanded),
        gallery,
        Processes(),
        max_rank=max_rank)


def _of_one_person(features: Tensor, pid: int) -> Images:
    pids = np.full(len(features), pid)
    return Images(features, Annotations(pids, pids, np.arange(len(features))))
