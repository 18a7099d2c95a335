"""How precise the ranking still is when so much has been found.

Shapes: Q queries, M matches of all of them, L levels of recall.
"""
import numpy as np

#: Levels of recall of a curve.
NUM_LEVELS = 100

# Queries that are looked at at a time.
_CHUNK = 1024


def precision_at_recall(ranks: np.ndarray,
                        counts: np.ndarray,
                        num_levels: int = NUM_LEVELS) -> np.ndarray:
    """The precision-recall curve of a ranking, averaged over its queries.

    The i-th of M matches, at rank r, brings recall from (i - 1) / M to i / M,
    with precision i / r all the way. Each level is the mean of that step
    function over its share of recall, and of all queries that have a match.
    So the area below the curve, the mean of the levels, is mAP as
    :func:`.evaluate_ranking` defines it. Nothing is interpolated: a curve may
    rise.

    Source: Manning, Raghavan and Schütze, "Introduction to Information
    Retrieval" (2008), section 8.4, for average precision as the area below a
    query's uninterpolated curve.

    Args:
        ranks (np.ndarray): (M, ) ranks from 1 of the matches, one query behind
            the other, each one's ascending.
        counts (np.ndarray): (Q, ) matches of each query, maybe 0.
        num_levels (int): L. Defaults to :data:`NUM_LEVELS`.

    Returns:
        np.ndarray: (L, ), fractions: the first is the precision from recall 0
        to 1 / L.

    Raises:
        ValueError: If ``num_levels`` is less than 1, the ranks are not as many
            as counted, or no query has a match.

    Examples:
        >>> # matches at ranks 1 and 4, and at rank 2
        >>> precision_at_recall(np.array([1, 4, 2]), np.array([2, 1]), 4)
        array([0.75, 0.75, 0.5 , 0.5 ])
    """
    ranks, counts = np.asarray(ranks), np.asarray(counts)
    if num_levels < 1:
        raise ValueError(f'num_levels must be at least 1: got {num_levels}')
    if counts.sum() != len(ranks):
        raise ValueError(f'{counts.sum()} matches are counted, but there are '
                         f'{len(ranks)} ranks')
    starts = np.cumsum(counts) - counts
    has_match = counts > 0
    starts, counts = starts[has_match], counts[has_match]
    if not len(counts):
        raise ValueError('no query has a match')
    found = 1 + np.arange(len(ranks)) - np.repeat(starts, counts)
    # What the matches before each one, and it itself, add to the area.
    precisions = np.append(found / ranks, 0)
    total = np.zeros(num_levels + 1)
    for first in range(0, len(counts), _CHUNK):
        part = slice(first, first + _CHUNK)
        total += _areas(precisions, starts[part], counts[part], num_levels)
    return np.diff(total) * num_levels / len(counts)


def _areas(precisions: np.ndarray, starts: np.ndarray, counts: np.ndarray,
           num_levels: int) -> np.ndarray:
    """The areas of some queries together up to each level, (L + 1, )."""
    before = np.append(0, np.cumsum(precisions))
    # Recall in matches, as a whole number and a rest of L parts.
    whole, rest = np.divmod(
        np.arange(num_levels + 1) * counts[:, None], num_levels)
    rows = starts[:, None] + whole
    areas = before[rows] - before[starts][:, None]
    areas += precisions[rows] * rest / num_levels
    return (areas / counts[:, None]).sum(axis=0)
