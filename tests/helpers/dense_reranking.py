"""k-reciprocal re-ranking as the paper and the released code have it: loops
over matrices of all pairs."""
import numpy as np


def nearest_first(similarities: np.ndarray) -> np.ndarray:
    """All images in the order of each, (N, N); of those that are equally
    similar, the first comes first."""
    return np.argsort(-similarities, axis=1, kind='stable')


def reciprocal(order: np.ndarray, image: int, k: int) -> np.ndarray:
    """The images among the ``k + 1`` nearest that have this one among
    theirs."""
    forward = order[image, :k + 1]
    return forward[(order[forward, :k + 1] == image).any(axis=1)]


def rerank(distances: np.ndarray,
           order: np.ndarray,
           num_query: int,
           k1: int,
           k2: int,
           lambda_value: float,
           dtype: type = np.float64) -> np.ndarray:
    """Final distances of queries to gallery, (Q, N - Q).

    Args:
        distances (np.ndarray): (N, N) of all images, the queries first.
        order (np.ndarray): (N, N) the images in the order of each.
        num_query (int): Q.
        k1 (int): As in the paper, as the next two.
        k2 (int): Likewise.
        lambda_value (float): Likewise.
        dtype (type): Of weights: float16 in the released code.
    """
    original = distances / distances.max(axis=1)[:, None]
    weights = np.zeros(distances.shape, dtype=dtype)
    for image, row in enumerate(weights):
        members = reciprocal(order, image, k1)
        expanded = members
        for member in members:
            more = reciprocal(order, member, int(np.around(k1 / 2)))
            if len(np.intersect1d(more, members)) > 2 / 3 * len(more):
                expanded = np.union1d(expanded, more)
        similarities = np.exp(-original[image, expanded])
        row[expanded] = similarities / similarities.sum()
    if k2 > 1:
        weights = np.stack(
            [weights[nearest].mean(axis=0) for nearest in order[:, :k2]])
    final = lambda_value * original[:num_query, num_query:]
    for query, row in enumerate(final):
        shared = np.zeros(len(row), dtype=dtype)
        # One by one, since halves are rounded at each step.
        for image in np.flatnonzero(weights[query]):
            shared += np.minimum(weights[query, image], weights[num_query:,
                                                                image])
        # As the sum of either's weights is 1.
        row += (1 - lambda_value) * (1 - shared / (2 - shared))
    return final
