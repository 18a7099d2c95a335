"""How much a metric owes to the choice of the queries.

The queries of a test set are a sample of those that could have been asked.
Drawing as many from them again and again, with repetition, shows how far the
mean of another sample might lie. The queries of one person are much alike, so
by default people are drawn, each with all their queries: intervals from single
queries would be too narrow. What is not drawn anew is the gallery, nor the
training: another training of the same model may differ by more. Shapes: Q
queries, R draws, N people (or whatever is drawn).

Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993),
chapters 8 and 13; Field and Welsh, "Bootstrapping clustered data" (2007), for
the drawing of people.
"""
from typing import Dict, Iterator, NamedTuple, Optional, Sequence, Tuple

import numpy as np

# Numbers that are drawn at a time.
_CHUNK = 2**21


class Interval(NamedTuple):
    """A mean and where it lies with some confidence.

    Attributes:
        value: The mean itself.
        low, high: The ends, between which lies the middle share of the means
            of all draws.
    """
    value: float
    low: float
    high: float


class Difference(NamedTuple):
    """By how much the mean of a second model is above that of a first.

    Attributes:
        interval: Of the difference.
        p_value: Twice the share of draws in which the difference has the other
            sign, or is none. Small if it would hardly come from the choice of
            the queries.
    """
    interval: Interval
    p_value: float


def query_scores(
    ap: np.ndarray,
    inp: np.ndarray,
    first_match_rank: np.ndarray,
    ranks: Sequence[int] = (1, 5, 10)
) -> Dict[str, np.ndarray]:
    """What each query adds to each metric, (Q, ) each; NaN if it is not valid.
    The mean over the valid ones is the metric, a fraction.

    Args:
        ap (np.ndarray): (Q, ) average precisions, NaN if not valid.
        inp (np.ndarray): (Q, ) inverse negative penalties, likewise.
        first_match_rank (np.ndarray): (Q, ) from 1; -1 if not valid.
        ranks (Sequence[int]): The k of Rank-k. Defaults to (1, 5, 10).
    """
    scores = dict(mAP=ap, mINP=inp)
    for rank in ranks:
        scores[f'Rank-{rank}'] = np.where(first_match_rank < 1, np.nan,
                                          first_match_rank <= rank)
    return scores


def confidence_interval(scores: np.ndarray,
                        people: Optional[np.ndarray] = None,
                        confidence: float = 0.95,
                        num_draws: int = 10000,
                        seed: int = 0) -> Interval:
    """The mean of scores over queries, and where it lies.

    Args:
        scores (np.ndarray): (Q, ); those that are NaN are left out.
        people (np.ndarray, optional): (Q, ) who each query is, to draw people.
            None draws single queries, as if they told nothing of each other.
        confidence (float): Between 0 and 1. Defaults to 0.95.
        num_draws (int): Defaults to 10000.
        seed (int): Of the draws. Defaults to 0.

    Raises:
        ValueError: If an argument does not fit, or if there are less than two
            people (or queries) to draw from.
    """
    means = _means_of_draws(scores, people, num_draws, seed)
    return _interval(scores, means, confidence)


def paired_difference(first: np.ndarray,
                      second: np.ndarray,
                      people: Optional[np.ndarray] = None,
                      confidence: float = 0.95,
                      num_draws: int = 10000,
                      seed: int = 0) -> Difference:
    """How the means of two models over the same queries differ.

    Each draw takes the same queries for both, so that queries that are
    difficult for both do not blur the difference.

    Args:
        first (np.ndarray): (Q, ) scores of one model.
        second (np.ndarray): (Q, ) scores of the other, query by query.
        people (np.ndarray, optional): See :func:`confidence_interval`, as the
            other arguments.
        confidence (float): Likewise. Defaults to 0.95.
        num_draws (int): Likewise. Defaults to 10000.
        seed (int): Likewise. Defaults to 0.

    Raises:
        ValueError: As :func:`confidence_interval`, and if the two are not of
            the same queries.
    """
    first, second = _numbers(first, 'first'), _numbers(second, 'second')
    if first.shape != second.shape or (np.isnan(first)
                                       != np.isnan(second)).any():
        raise ValueError(
            'both models must have scores of the same queries: got '
            f'{np.isfinite(first).sum()} and {np.isfinite(second).sum()}, '
            f'of {len(first)} and {len(second)}')
    scores = second - first
    means = _means_of_draws(scores, people, num_draws, seed)
    # The one that was really drawn counts too: no share is ever 0.
    not_above = (1 + np.count_nonzero(means <= 0)) / (1 + num_draws)
    not_below = (1 + np.count_nonzero(means >= 0)) / (1 + num_draws)
    return Difference(
        _interval(scores, means, confidence),
        min(1., 2 * min(not_above, not_below)))


def _means_of_draws(scores: np.ndarray, people: Optional[np.ndarray],
                    num_draws: int, seed: int) -> np.ndarray:
    """The mean in each draw, (R, )."""
    totals, sizes = _totals(_numbers(scores, 'scores'), people)
    if num_draws < 1:
        raise ValueError(f'num_draws must be at least 1: got {num_draws}')
    return np.concatenate([
        times @ totals / (times @ sizes)
        for times in _draws(len(totals), num_draws, seed)
    ])


def _totals(scores: np.ndarray,
            people: Optional[np.ndarray]) -> Tuple[np.ndarray, np.ndarray]:
    """Sum and number of the valid scores of each person, (N, ) each."""
    valid = ~np.isnan(scores)
    if people is None:
        people = np.arange(len(scores))
    elif np.shape(people) != scores.shape:
        raise ValueError('people must have one entry for each of the '
                         f'{len(scores)} queries: got {np.shape(people)}')
    names, rows = np.unique(np.asarray(people)[valid], return_inverse=True)
    if len(names) < 2:
        raise ValueError('at least two people (or queries) with a match are '
                         f'needed to draw from: got {len(names)}')
    return np.bincount(rows, scores[valid]), np.bincount(rows).astype(float)


def _draws(size: int, num_draws: int, seed: int) -> Iterator[np.ndarray]:
    """How often each of some people is drawn, a part of the draws at a
    time."""
    rng = np.random.default_rng(seed)
    step = max(1, _CHUNK // size)
    for start in range(0, num_draws, step):
        rows = min(step, num_draws - start)
        drawn = rng.integers(size, size=(rows, size))
        drawn += size * np.arange(rows)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * size)
        yield times.reshape(rows, size)


def _interval(scores: np.ndarray, means: np.ndarray,
              confidence: float) -> Interval:
    if not 0 < confidence < 1:
        raise ValueError('confidence must be between 0 and 1, as 0.95: got '
                         f'{confidence}')
    outside = (1 - confidence) / 2
    low, high = np.quantile(means, [outside, 1 - outside])
    return Interval(float(np.nanmean(scores)), float(low), float(high))


def _numbers(scores: np.ndarray, name: str) -> np.ndarray:
    array = np.asarray(scores)
    if array.ndim != 1 or array.dtype.kind not in 'fiub':
        raise ValueError(f'{name} must be one number for each query: got '
                         f'{array.dtype} of shape {array.shape}')
    array = array.astype(float)
    if np.isinf(array).any():
        raise ValueError(f'{name} must be finite, or NaN where a query is not '
                         'valid')
    return array
