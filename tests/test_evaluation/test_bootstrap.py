import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionreid_mm.evaluation import (confidence_interval, evaluate_ranking,
                                      paired_difference, query_scores)

SCORES = st.lists(
    st.floats(0, 1) | st.just(np.nan), min_size=2,
    max_size=30).filter(lambda row: np.count_nonzero(~np.isnan(row)) >= 2)


def test_means_of_scores_are_the_metrics():
    rng = np.random.default_rng(0)
    ids = [
        rng.integers(0, high, size) for high in (30, 3) for size in (50, 90)
    ]
    ranking = evaluate_ranking(
        rng.standard_normal((50, 4)), rng.standard_normal((90, 4)), *ids)
    assert 0 < ranking.num_valid_queries < 50
    scores = query_scores(ranking.ap, ranking.inp, ranking.first_match_rank)
    assert {
        name: np.nanmean(column)
        for name, column in scores.items()
    } == pytest.approx({
        'mAP': ranking.mAP,
        'mINP': ranking.mINP,
        'Rank-1': ranking.cmc[0],
        'Rank-5': ranking.cmc[4],
        'Rank-10': ranking.cmc[9]
    })
    for column in scores.values():
        assert np.isnan(column).sum() == 50 - ranking.num_valid_queries


def drawn_one_by_one(scores, people, num_draws, seed):
    """The means of draws, query by query."""
    names = np.unique(people[~np.isnan(scores)])
    draws = np.random.default_rng(seed).integers(
        len(names), size=(num_draws, len(names)))
    return [
        np.nanmean(np.concatenate([scores[people == names[i]] for i in draw]))
        for draw in draws
    ]


@settings(max_examples=100, deadline=None)
@given(SCORES, st.integers(1, 6), st.sampled_from([0.5, 0.95]))
def test_equals_drawing_one_by_one(scores, num_people, confidence):
    scores = np.array(scores)
    people = np.arange(len(scores)) % num_people - 3
    if len(np.unique(people[~np.isnan(scores)])) < 2:
        with pytest.raises(ValueError, match='at least two people.*got 1'):
            confidence_interval(scores, people)
        return
    interval = confidence_interval(
        scores, people, confidence, num_draws=50, seed=7)
    means = drawn_one_by_one(scores, people, 50, seed=7)
    outside = (1 - confidence) / 2
    assert interval == pytest.approx(
        (np.nanmean(scores), *np.quantile(means, [outside, 1 - outside])))
    assert interval.low <= interval.high


@settings(max_examples=100, deadline=None)
@given(SCORES, st.randoms(use_true_random=False))
def test_differences_are_paired(first, random):
    first = np.array(first)
    second = first + random.choice([-0.25, 0, 0.5])
    found = paired_difference(first, second, num_draws=20)
    # It is the same for each query, so for each draw.
    expected = np.nanmean(second - first)
    assert found.interval == pytest.approx([expected] * 3, abs=1e-12)
    back = paired_difference(second, first, num_draws=20)
    assert back.p_value == found.p_value
    if expected:
        assert found.p_value == pytest.approx(2 / 21)
    else:
        assert found.p_value == 1


def test_covers_the_truth_as_often_as_it_says():
    """Of 300 samples of 60 people with 5 queries, whose scores are much
    alike: by people 95 % of the intervals hold the true mean, by queries far
    fewer do."""
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(60), 5)
    hits = np.zeros(2)
    for _ in range(300):
        scores = np.repeat(rng.standard_normal(60), 5)
        scores += 0.3 * rng.standard_normal(300)
        for i, groups in enumerate((people, None)):
            interval = confidence_interval(scores, groups, num_draws=400)
            hits[i] += interval.low <= 0 <= interval.high
    by_people, by_queries = hits / 300
    assert 0.91 < by_people < 0.98
    assert by_queries < 0.75


def test_a_p_value_is_as_rare_as_it_says():
    rng = np.random.default_rng(0)
    found = [
        paired_difference(*rng.standard_normal((2, 80)), num_draws=400).p_value
        for _ in range(300)
    ]
    assert 0.02 < np.mean(np.array(found) < 0.05) < 0.09
    better = rng.standard_normal(80)
    assert paired_difference(better, better + rng.random(80)).p_value < 0.001


def test_people_of_any_size_and_many_draws():
    """A person with more queries has more weight, and parts of the draws are
    not the same draws again."""
    scores, people = np.array([0., 0., 0., 1.]), np.array([5, 5, 5, 9])
    interval = confidence_interval(scores, people, num_draws=2**21)
    # Both drawn alike, and (0, 5, 5, 5), (0, 9): a quarter of the draws each.
    assert interval == (0.25, 0, 1)
    middle = confidence_interval(scores, people, 0.4, num_draws=2**21)
    assert middle == (0.25, 0.25, 0.25)
    many = np.arange(3000.)
    one, other = (
        confidence_interval(many, num_draws=2000, seed=seed)
        for seed in (0, 1))
    assert one != other
    assert one == pytest.approx(other, rel=0.01)
    assert confidence_interval(many, num_draws=2000, seed=0) == one
    # The standard error of the mean is 3000 / sqrt(12) / sqrt(3000).
    assert one.high - one.low == pytest.approx(2 * 1.96 * 15.81, rel=0.1)


@pytest.mark.parametrize('arguments, message', [
    (dict(scores=[]), 'at least two people.*got 0'),
    (dict(scores=[.5]), 'at least two people.*got 1'),
    (dict(scores=[np.nan, .5]), 'at least two people.*got 1'),
    (dict(scores=[.1, np.inf]), 'scores must be finite'),
    (dict(scores=[[.1, .2]]), r'scores must be one number.*\(1, 2\)'),
    (dict(scores=['a', 'b']), 'scores must be one number.*<U1'),
    (dict(scores=[.1, None]), 'scores must be one number.*object'),
    (dict(scores=[.1, .2], people=[1]), r'people must have.*2 queries.*\(1,'),
    (dict(scores=[.1, .2], confidence=95), 'confidence must be between.*95'),
    (dict(scores=[.1, .2], confidence=1), 'confidence must be between'),
    (dict(scores=[.1, .2], num_draws=0), 'num_draws must be at least 1'),
])
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        confidence_interval(**arguments)


@pytest.mark.parametrize('second', [[.1], [.1, np.nan], [.1, .2, .3]])
def test_scores_of_other_queries(second):
    with pytest.raises(ValueError, match='scores of the same queries'):
        paired_difference([.1, .2], second)
