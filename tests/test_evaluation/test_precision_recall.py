import numpy as np
import pytest
import torch

from fusionreid_mm.evaluation import evaluate_ranking
from fusionreid_mm.evaluation.functional import precision_at_recall


def naive_precision(rankings, num_levels: int) -> np.ndarray:
    """The same by walking down each ranking, a sequence of hits and misses,
    in steps that all levels and all matches fit into."""
    curves = []
    for hits in rankings:
        number = sum(hits)
        if not number:
            continue
        steps, found = [], 0
        for rank, is_match in enumerate(hits, start=1):
            if is_match:
                found += 1
                steps += num_levels * [found / rank]
        levels = np.reshape(steps, (num_levels, number))
        curves.append(levels.mean(axis=1))
    return np.mean(curves, axis=0)


def match_ranks(rankings):
    ranks = [1 + np.flatnonzero(hits) for hits in rankings]
    return np.concatenate(ranks), np.array([len(own) for own in ranks])


def test_by_hand():
    # One query: matches at ranks 1, 3 and 4.
    curve = precision_at_recall(np.array([1, 3, 4]), np.array([3]), 3)
    np.testing.assert_allclose(curve, [1, 2 / 3, 3 / 4])
    # Recall 1/3 is passed in the middle of the first of two levels.
    curve = precision_at_recall(np.array([1, 3, 4]), np.array([3]), 2)
    np.testing.assert_allclose(
        curve, [2 / 3 * 1 + 1 / 3 * 2 / 3, 1 / 3 * 2 / 3 + 2 / 3 * 3 / 4])
    # A perfect one, and queries without a match beside it.
    curve = precision_at_recall(np.array([1, 2]), np.array([0, 2, 0]))
    np.testing.assert_allclose(curve, np.ones(100), atol=1e-12)


@pytest.mark.parametrize('num_levels', [1, 7, 100, 101])
def test_is_the_naive_one(num_levels):
    rng = np.random.default_rng(num_levels)
    rankings = rng.random((30, 40)) < rng.random((30, 1)) * .5
    rankings[[0, 7, 29]] = False
    expected = naive_precision(rankings, num_levels)
    curve = precision_at_recall(*match_ranks(rankings), num_levels)
    np.testing.assert_allclose(curve, expected, atol=1e-12)


def test_more_queries_than_are_looked_at_at_a_time():
    rng = np.random.default_rng(0)
    rankings = rng.random((2500, 12)) < .2
    curve = precision_at_recall(*match_ranks(rankings), 10)
    np.testing.assert_allclose(
        curve, naive_precision(rankings, 10), atol=1e-12)


def test_its_area_is_the_average_precision():
    generator = torch.Generator().manual_seed(0)
    pids = [torch.randint(9, (n, ), generator=generator) for n in (40, 150)]
    camids = [torch.randint(3, (n, ), generator=generator) for n in (40, 150)]
    features = [torch.randn(n, 5, generator=generator) for n in (40, 150)]
    features = [f + 2 * torch.eye(9, 5)[p] for f, p in zip(features, pids)]
    result = evaluate_ranking(*features, *pids, *camids)
    assert 0.1 < result.mAP < 0.9
    assert result.precision.shape == (100, )
    assert result.precision.mean() == pytest.approx(result.mAP, abs=1e-12)
    # Of the sorted gallery itself.
    rankings = []
    for query, pid, camid in zip(features[0], pids[0], camids[0]):
        similarity = torch.cosine_similarity(query[None], features[1])
        kept = (pids[1] != pid) | (camids[1] != camid)
        order = similarity[kept].argsort(descending=True)
        rankings.append((pids[1][kept][order] == pid).numpy())
    np.testing.assert_allclose(
        result.precision, naive_precision(rankings, 100), atol=1e-12)


@pytest.mark.parametrize('ranks, counts, levels, message', [
    ([1], [1], 0, 'num_levels must be at least 1: got 0'),
    ([1, 2], [1], 5, '1 matches are counted, but there are 2 ranks'),
    ([], [0, 0], 5, 'no query has a match'),
])
def test_what_has_no_curve(ranks, counts, levels, message):
    with pytest.raises(ValueError, match=message):
        precision_at_recall(np.array(ranks), np.array(counts), levels)
