import math

import numpy as np
import pytest
import torch
from helpers.problems import (all_similarities, deal_out, is_own_camera,
                              problems, run_in_threads)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fusionreid_mm.evaluation import evaluate_verification
from fusionreid_mm.evaluation.functional import verification, verify_shards
from fusionreid_mm.evaluation.functional.distance import CosineSimilarity
from fusionreid_mm.evaluation.functional.verification import Crossing

FARS = (0, 0.01, 0.1, 0.5)


def split_pairs(query, gallery, *ids, metric):
    """The similarities of genuine and of impostor pairs."""
    similarities = all_similarities(query, gallery, metric)
    is_same = ids[0][:, None] == ids[1]
    return (similarities[is_same & ~is_own_camera(*ids)],
            similarities[~is_same])


def naive(genuine, impostor, fars):
    """By trying each similarity there is as a threshold, and one that accepts
    nothing: the best TAR at each FAR, and the EER."""
    thresholds = np.unique([*genuine, *impostor, np.inf])
    far, tar = (1 - np.searchsorted(np.sort(pairs), thresholds) / len(pairs)
                for pairs in (impostor, genuine))
    best = [tar[far <= allowed + 1e-12].max() for allowed in fars]
    return best, np.maximum(far, 1 - tar).min()


def check(result, genuine, impostor, metric):
    """The counts and rates are right; the thresholds do what they say."""
    best, eer = naive(genuine, impostor, result.tar_at_far)
    assert result.num_genuine == len(genuine)
    assert result.num_impostor == len(impostor)
    points = list(result.tar_at_far.values())
    assert [point.tar for point in points] == pytest.approx(best)
    assert result.eer == pytest.approx(eer)
    assert result.eer == pytest.approx(
        max(result.eer_point.far, 1 - result.eer_point.tar))
    for allowed, point in result.tar_at_far.items():
        assert point.far <= allowed
        assert math.isnan(point.threshold) == (point.tar == 0)
    for point in (*points, result.eer_point):
        for pairs, rate in ((genuine, point.tar), (impostor, point.far)):
            assert accepted(pairs, point.threshold, metric) == \
                pytest.approx(rate)


def accepted(similarities, threshold, metric):
    if metric == 'cosine':
        return (similarities >= threshold).mean()
    return (np.sqrt(-similarities) <= threshold).mean()


# Both are the same to a person, but not to float64.
SAME_DIRECTIONS = (np.array([[1, 2, 2], [2, 2, 2]]),
                   np.array([[1, 2, 2], [2, 2, 2]]), np.array([1, 1]),
                   np.array([0, 1]), np.array([0, 0]), np.array([1, 1]))


@settings(max_examples=300, deadline=None)
@given(problems(), st.sampled_from(['cosine', 'euclidean']),
       st.sampled_from([1, 50, 2**20]))
@example(SAME_DIRECTIONS, 'cosine', 50)
def test_equals_trying_all_thresholds(problem, metric, memory_budget):
    genuine, impostor = split_pairs(*problem, metric=metric)
    arguments = dict(fars=FARS, metric=metric, memory_budget=memory_budget)
    if not len(genuine) or not len(impostor):
        with pytest.raises(ValueError, match='both are needed'):
            evaluate_verification(*problem, **arguments)
        return
    result = evaluate_verification(*problem, **arguments)
    check(result, genuine, impostor, metric)


@settings(max_examples=50, deadline=None)
@given(problems(), st.integers(2, 3), st.sampled_from(['cosine', 'euclidean']))
def test_shards_make_no_difference(problem, number, metric):
    genuine, impostor = split_pairs(*problem, metric=metric)
    if not len(genuine) or not len(impostor):
        return
    arguments = dict(fars=FARS, metric=metric)
    alone = evaluate_verification(*problem, **arguments)
    for result in run_in_threads(
            lambda *part: verify_shards(*part, **arguments),
            deal_out(problem, number)):
        assert str(result) == str(alone)  # NaN is not equal to itself


@pytest.fixture(scope='module')
def people():
    """40 people with 12 images each, of whole numbers, and 1,000 others."""
    rng = np.random.default_rng(0)
    centres = 9 * rng.standard_normal((40, 16))
    pids = np.repeat(np.arange(40), 12)
    images = np.round(centres[pids] + 7 * rng.standard_normal((480, 16)))
    others = np.round(12 * rng.standard_normal((1000, 16)))
    is_query = np.arange(480) % 4 == 0
    return (images[is_query], np.concatenate([images[~is_query],
                                              others]), pids[is_query],
            np.append(pids[~is_query], np.full(1000,
                                               -5)), np.zeros(120, dtype=int),
            np.append(np.arange(360) % 3, np.zeros(1000, dtype=int)))


@pytest.mark.parametrize('metric', ['cosine', 'euclidean'])
@pytest.mark.parametrize('dtype', [np.float32, np.float64])
@pytest.mark.parametrize('width', [3, 7, 128])
def test_many_thresholds(people, metric, dtype, width, monkeypatch):
    """More than are looked at in one pass, in many blocks and tiles."""
    monkeypatch.setattr(verification, '_WIDTH', width)
    query, gallery, *ids = people
    genuine, impostor = split_pairs(*people, metric=metric)
    assert len(np.unique(genuine)) > 500
    result = evaluate_verification(
        query.astype(dtype),
        gallery.astype(dtype),
        *ids,
        fars=(0, 1e-4, 1e-3, 1e-2, 0.3),
        metric=metric,
        memory_budget=2**20)
    check(result, genuine, impostor, metric)
    assert 0.01 < result.eer < 0.3


@pytest.mark.parametrize('cells', [1, 2**17])
def test_a_histogram_that_tells_nothing(people, cells, monkeypatch):
    """It saves passes, but decides nothing."""
    monkeypatch.setattr(verification, '_CELLS', cells)
    passes = []
    count = verification._count_accepted
    monkeypatch.setattr(verification, '_count_accepted',
                        lambda *args: passes.append(0) or count(*args))
    result = evaluate_verification(*people)
    check(result, *split_pairs(*people, metric='cosine'), 'cosine')
    assert len(passes) == 1 if cells > 1 else len(passes) > 1


def test_guesses_that_are_wrong(people, monkeypatch):
    monkeypatch.setattr(
        verification, '_estimate_accepted', lambda shard, blocks, values, _:
        (np.zeros(len(values)), np.zeros(len(values))))
    result = evaluate_verification(*people)
    check(result, *split_pairs(*people, metric='cosine'), 'cosine')


def test_products_that_are_further_off_than_expected(people, monkeypatch):
    expected = evaluate_verification(*people)
    complete = CosineSimilarity.complete

    def complete_badly(self, products, start):
        complete(self, products, start)
        products += 0.01 * torch.randn(
            products.shape, generator=torch.Generator().manual_seed(start))

    monkeypatch.setattr(CosineSimilarity, 'complete', complete_badly)
    assert evaluate_verification(*people) == expected


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(0, 9),
    st.integers(3, 9), st.tuples(st.integers(0, 9), st.integers(0, 9)))
def test_crossing(rates, limit, width, guess):
    rates = -np.sort(-np.array(rates))
    crossing = Crossing(np.full(len(rates), limit))
    crossing.guess(*(np.where(rates > level, 10, -1) for level in guess))
    rounds = 0
    while not crossing.is_found:
        probes = crossing.probes(width)
        assert 0 < len(probes) <= width
        crossing.learn(probes, rates[probes])
        rounds += 1
    assert crossing.first_within == np.count_nonzero(rates > limit)
    assert rounds <= 8


def test_by_hand():
    """Queries at 0, gallery images at these distances."""
    genuine, impostor = [1, 2, 5, 9], [3, 4, 6, 7, 8]
    result = evaluate_verification([[0.]],
                                   np.array([genuine + impostor],
                                            dtype=float).T, [1],
                                   [1] * 4 + [2] * 5, [0], [1] * 9,
                                   fars=[0, 0.4, 0.9],
                                   metric='euclidean')
    assert result.tar_at_far == {
        0: (2, 0, 0.5),
        0.4: (5, 0.4, 0.75),
        0.9: (5, 0.4, 0.75),
    }
    assert result.eer == 0.4
    assert result.eer_point == (5, 0.4, 0.75)
    assert result[3:] == (4, 5)


def test_nothing_can_be_accepted():
    result = evaluate_verification([[1., 0.]], [[1., 0.], [0., 1.]], [1],
                                   [2, 1], [0], [1, 1],
                                   fars=[0.5])
    point = result.tar_at_far[0.5]
    assert math.isnan(point.threshold) and point[1:] == (0, 0)
    # Accepting all is as bad as accepting none, but is a threshold.
    assert result.eer == 1 and result.eer_point == (0, 1, 1)


@pytest.mark.parametrize('kwargs, message', [
    (dict(fars=[1]), 'fars must be rates'),
    (dict(fars=[-0.1]), 'fars must be rates'),
    (dict(fars=[math.nan]), 'fars must be rates'),
    (dict(metric='l2'), "metric must be one of.*'l2'"),
    (dict(memory_budget=0), 'memory_budget'),
])
def test_bad_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        evaluate_verification([[1.]], [[1.], [2.]], [1], [1, 2], [0], [1, 1],
                              **kwargs)
