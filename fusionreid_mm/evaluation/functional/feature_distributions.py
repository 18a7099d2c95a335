"""Whether two sets of vectors are alike.

Shapes: N and M vectors, D and E their widths. What compares vectors of one
space needs equal widths. What compares two descriptions of the same N images
does not: it looks at how the images lie to each other in each space.
"""
from typing import Any, Optional, Tuple

import numpy as np

# Vectors at a time, which bounds the memory of neighbourhoods.
_BLOCK = 1024


def maximum_mean_discrepancy(x: np.ndarray,
                             y: np.ndarray,
                             bandwidth: Optional[float] = None) -> float:
    """Squared maximum mean discrepancy (MMD) with the kernel
    ``exp(-|a - b|^2 / (2 bandwidth^2))``, the unbiased estimate.

    It is 0 in the mean for samples of one distribution (so it may be
    negative) and at most 2.

    Source: Gretton et al., "A Kernel Two-Sample Test" (JMLR 13, 2012),
    equation 3, and section 8 for the bandwidth.

    Args:
        x (np.ndarray): (N, D), at least two.
        y (np.ndarray): (M, D), at least two.
        bandwidth (float, optional): None takes the median of the distances
            among all vectors of both sets. Defaults to None.

    Raises:
        ValueError: If the widths differ, or a set has less than two vectors.
    """
    x, y = _check_one_space(x, y)
    distances = _squared_distances(x, x), _squared_distances(
        y, y), _squared_distances(x, y)
    if bandwidth is None:
        bandwidth = _median_distance(*distances)
    xx, yy, xy = (np.exp(-d / (2 * bandwidth**2)) for d in distances)
    n, m = len(x), len(y)
    # A vector's similarity to itself, 1, says nothing.
    within_x = (xx.sum() - n) / (n * (n - 1))
    within_y = (yy.sum() - m) / (m * (m - 1))
    return float(within_x + within_y - 2 * xy.mean())


def frechet_distance(x: np.ndarray, y: np.ndarray) -> float:
    """Squared Frechet distance of the normal distributions that have the means
    and covariances of two sets.

    With few vectors for their width it is too large, also between samples of
    one distribution.

    Source: Dowson and Landau, "The Frechet distance between multivariate
    normal distributions" (1982); as the FID of Heusel et al. (arXiv
    1706.08500).

    Args:
        x (np.ndarray): (N, D), at least two.
        y (np.ndarray): (M, D), at least two.

    Raises:
        ValueError: If the widths differ, or a set has less than two vectors.
    """
    x, y = _check_one_space(x, y)
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    root_x, root_y = _covariance_root(x - mean_x), _covariance_root(y - mean_y)
    # The trace of (Sx Sy)^(1/2), where Sx = Rx^T Rx, is the sum of the
    # singular values of Rx Ry^T.
    common = np.linalg.svd(root_x @ root_y.T, compute_uv=False).sum()
    variances = (root_x**2).sum() + (root_y**2).sum()
    gap = ((mean_x - mean_y)**2).sum()
    return float(max(gap + variances - 2 * common, 0.))


def sliced_wasserstein(x: np.ndarray,
                       y: np.ndarray,
                       num_projections: int = 256,
                       seed: int = 0) -> float:
    """Sliced Wasserstein distance: the root of the mean, over random
    directions, of the squared 2-Wasserstein distance of the projections.

    Source: Rabin et al., "Wasserstein Barycenter and Its Application to
    Texture Mixing" (2011); Bonneel et al. (2015).

    Args:
        x (np.ndarray): (N, D), at least two.
        y (np.ndarray): (M, D), at least two.
        num_projections (int): Number of directions. Defaults to 256.
        seed (int): From which they are drawn. Defaults to 0.

    Raises:
        ValueError: If the widths differ, or a set has less than two vectors.
    """
    x, y = _check_one_space(x, y)
    directions = np.random.default_rng(seed).standard_normal(
        (x.shape[1], num_projections))
    directions /= np.linalg.norm(directions, axis=0)
    return float(
        np.sqrt(_squared_wasserstein(x @ directions, y @ directions).mean()))


def mean_gap(x: np.ndarray, y: np.ndarray) -> float:
    """Distance of the means of two sets.

    Source: the modality gap of Liang et al., "Mind the Gap" (arXiv
    2203.02053), for vectors of length 1.

    Raises:
        ValueError: If the widths differ, or a set has less than two vectors.
    """
    x, y = _check_one_space(x, y)
    return float(np.linalg.norm(x.mean(axis=0) - y.mean(axis=0)))


def linear_cka(x: np.ndarray, y: np.ndarray) -> float:
    """Linear centered kernel alignment (CKA) of two descriptions of the same
    images, from unbiased estimates.

    It does not change if either space is rotated or scaled; 1 is the same
    geometry, 0 in the mean that of independent vectors. (The plain estimate
    would be near 1 for any two sets of vectors wider than there are images.)

    Source: Kornblith et al., "Similarity of Neural Network Representations
    Revisited" (arXiv 1905.00414); the estimate of Song et al. (JMLR 13, 2012),
    equation 5, as Nguyen et al. (arXiv 2010.15327) use it.

    Args:
        x (np.ndarray): (N, D), at least four.
        y (np.ndarray): (N, E), of the same images.

    Raises:
        ValueError: If the sets have different sizes, or less than four
            vectors.
    """
    x, y = _check_pairs(x, y, 4)
    gram_x, gram_y = _without_diagonal(x), _without_diagonal(y)
    product = _unbiased_hsic(gram_x, gram_y)
    scale = _unbiased_hsic(gram_x, gram_x) * _unbiased_hsic(gram_y, gram_y)
    return float(product / np.sqrt(scale)) if scale > 0 else 0.


def neighbor_agreement(x: np.ndarray, y: np.ndarray) -> float:
    """How often the nearest other image, by cosine similarity, is the same in
    two descriptions of the same images; from 0 to 1.

    By chance it would be 1 / (N - 1).

    Source: the mutual nearest-neighbour metric of Huh et al., "The Platonic
    Representation Hypothesis" (arXiv 2405.07987), with one neighbour.

    Args:
        x (np.ndarray): (N, D), at least two.
        y (np.ndarray): (N, E), of the same images.

    Raises:
        ValueError: If the sets have different sizes, or less than two vectors.
    """
    x, y = _check_pairs(x, y, 2)
    return float((_nearest_others(x, x) == _nearest_others(y, y)).mean())


def cross_identity_agreement(x: np.ndarray, y: np.ndarray,
                             pids: np.ndarray) -> float:
    """How often a vector of one set has a vector of the same person as its
    nearest, by cosine similarity, among those of the *other* set that are of
    other images; the mean of both directions, from 0 to 1.

    As a search whose queries one branch describes and whose gallery the other.

    Args:
        x (np.ndarray): (N, D), at least two.
        y (np.ndarray): (N, D), of the same images.
        pids (np.ndarray): (N, ), who is on each. Images of people of whom
            there is no other do not count.

    Raises:
        ValueError: If the sets have different sizes or widths, less than two
            vectors, or no person is on two images.
    """
    x, y = _check_pairs(x, y, 2)
    _check_one_space(x, y)
    pids = np.asarray(pids)
    if len(pids) != len(x):
        raise ValueError(f'{len(x)} vectors, but {len(pids)} pids')
    _, inverse, counts = np.unique(
        pids, return_inverse=True, return_counts=True)
    counted = counts[inverse] > 1
    if not counted.any():
        raise ValueError('no person is on two of the images')
    found = [(pids[_nearest_others(a, b)] == pids)[counted].mean()
             for a, b in ((x, y), (y, x))]
    return float(np.mean(found))


def _check_set(x: np.ndarray, least: int) -> np.ndarray:
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 2 or len(x) < least:
        raise ValueError(f'a set must be an array (N, D) of {least} vectors '
                         f'or more: got {x.shape}')
    if not np.isfinite(x).all():
        raise ValueError('a set has vectors that are not finite')
    return x


def _check_one_space(x: np.ndarray,
                     y: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    x, y = _check_set(x, 2), _check_set(y, 2)
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f'vectors of {x.shape[1]} and of {y.shape[1]} numbers lie in '
            'different spaces: only linear_cka and neighbor_agreement compare '
            'those')
    return x, y


def _check_pairs(x: np.ndarray, y: np.ndarray,
                 least: int) -> Tuple[np.ndarray, np.ndarray]:
    x, y = _check_set(x, least), _check_set(y, least)
    if len(x) != len(y):
        raise ValueError('two descriptions of the same images have as many '
                         f'vectors: got {len(x)} and {len(y)}')
    return x, y


def _squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    squares = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1)
    return np.maximum(squares - 2 * x @ y.T, 0.)


def _median_distance(xx: np.ndarray, yy: np.ndarray, xy: np.ndarray) -> float:
    among = [d[np.triu_indices(len(d), 1)] for d in (xx, yy)]
    median = np.median(np.sqrt(np.concatenate([*among, xy.ravel()])))
    # All alike: any will do.
    return float(median) if median > 0 else 1.


def _covariance_root(centered: np.ndarray) -> np.ndarray:
    """R, of no more than D rows, with R^T R the covariance."""
    root = centered / np.sqrt(len(centered) - 1)
    if len(root) <= root.shape[1]:
        return root
    reduced: Any = np.linalg.qr(root, mode='r')
    return reduced


def _squared_wasserstein(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(P, ), of each column of (N, P) and (M, P): both are step functions of
    the quantile, constant between all multiples of 1/N and 1/M."""
    n, m = len(x), len(y)
    # As fractions of N M, which are whole numbers.
    steps = np.unique(
        np.concatenate([np.arange(n + 1) * m,
                        np.arange(m + 1) * n]))
    widths = np.diff(steps) / (n * m)
    x, y = np.sort(x, axis=0), np.sort(y, axis=0)
    difference = x[steps[:-1] // m] - y[steps[:-1] // n]
    return widths @ difference**2


def _without_diagonal(x: np.ndarray) -> np.ndarray:
    # A constant vector on all changes nothing but the rounding.
    centered = x - x.mean(axis=0)
    gram = centered @ centered.T
    np.fill_diagonal(gram, 0.)
    return gram


def _unbiased_hsic(k: np.ndarray, l: np.ndarray) -> float:  # noqa: E741
    n = len(k)
    trace = (k * l).sum()
    sums = k.sum() * l.sum() / ((n - 1) * (n - 2))
    rows = 2 * k.sum(axis=0) @ l.sum(axis=0) / (n - 2)
    return (trace + sums - rows) / (n * (n - 3))


def _nearest_others(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Of each vector of a set the most similar one of another, which is not of
    the same number."""
    x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    y = y / np.maximum(np.linalg.norm(y, axis=1, keepdims=True), 1e-12)
    nearest = []
    for start in range(0, len(x), _BLOCK):
        similarity = x[start:start + _BLOCK] @ y.T
        rows = np.arange(len(similarity))
        similarity[rows, start + rows] = -np.inf
        nearest.append(similarity.argmax(axis=1))
    return np.concatenate(nearest)
