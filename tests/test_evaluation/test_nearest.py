import numpy as np
import pytest
import torch
from helpers.problems import (all_similarities, deal_out, is_own_camera,
                              problems, run_in_threads)
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionreid_mm.evaluation import find_nearest
from fusionreid_mm.evaluation.functional import find_nearest_in_shards
from fusionreid_mm.evaluation.functional.distance import CosineSimilarity
from fusionreid_mm.evaluation.functional.nearest import Neighbors, keep_nearest


def naive(query, gallery, *ids, k, metric):
    """By sorting all similarities."""
    similarities = all_similarities(query, gallery, metric)
    own_camera = is_own_camera(*ids)
    indices = np.full((len(query), k), -1)
    scores = np.full((len(query), k), np.nan)
    for i, row in enumerate(similarities):
        order = np.argsort(-row, kind='stable')
        order = order[~own_camera[i, order]][:k]
        indices[i, :len(order)] = order
        scores[i, :len(order)] = row[order] if metric == 'cosine' \
            else np.sqrt(-row[order])
    return indices, scores


@settings(max_examples=300, deadline=None)
@given(problems(), st.integers(1, 12), st.sampled_from(['cosine',
                                                        'euclidean']),
       st.sampled_from([1, 50, 2**20]))
def test_equals_a_stable_sort(problem, k, metric, memory_budget):
    indices, scores = naive(*problem, k=k, metric=metric)
    found = find_nearest(
        *problem, k=k, metric=metric, memory_budget=memory_budget)
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_allclose(found.scores, scores, atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(problems(), st.integers(1, 12), st.integers(2, 3),
       st.sampled_from(['cosine', 'euclidean']))
def test_shards_make_no_difference(problem, k, number, metric):
    alone = find_nearest(*problem, k=k, metric=metric)
    together = run_in_threads(
        lambda *part: find_nearest_in_shards(*part, k=k, metric=metric),
        deal_out(problem, number))
    for found in together:
        np.testing.assert_array_equal(found.indices, alone.indices)
        np.testing.assert_array_equal(found.scores, alone.scores)


def random_features(rng, dtype):
    """Of any length; half of the gallery are there twice."""
    query, gallery = (rng.standard_normal((size, 65)) for size in (40, 3000))
    gallery *= np.exp(rng.standard_normal((3000, 1)))
    gallery[1500:] = gallery[:1500]
    return query.astype(dtype), gallery.astype(dtype)


@pytest.mark.parametrize('dtype', [np.float16, np.float32, np.float64])
@pytest.mark.parametrize('metric', ['cosine', 'euclidean'])
def test_many_tiles(metric, dtype):
    rng = np.random.default_rng(0)
    query, gallery = random_features(rng, dtype)
    ids = [
        rng.integers(0, high, size) for high in (9, 3) for size in (40, 3000)
    ]
    exact = query.astype(float), gallery.astype(float)
    indices, scores = naive(*exact, *ids, k=70, metric=metric)
    # Tiles of 256, then of everything.
    for memory_budget in (256 * 1024 * 8, 2**30):
        found = find_nearest(
            query,
            gallery,
            *ids,
            k=70,
            metric=metric,
            memory_budget=memory_budget)
        np.testing.assert_allclose(found.scores, scores, atol=1e-12)
        # Equally similar ones in their order; naive sums need not be equal.
        twins = np.sort(np.stack([indices, found.indices]) % 1500)
        np.testing.assert_array_equal(*twins)
        first, second = found.indices[:, :-1], found.indices[:, 1:]
        tied = found.scores[:, :-1] == found.scores[:, 1:]
        assert tied.sum() > 1000
        assert (first[tied] < second[tied]).all()


def test_products_that_are_further_off_than_expected(monkeypatch):
    """As those of a GPU that rounds to TF32: they are noticed."""
    rng = np.random.default_rng(0)
    query, gallery = rng.standard_normal((2, 500, 8)).astype(np.float32)
    ids = [rng.integers(0, high, 500) for high in (9, 9, 3, 3)]
    expected = find_nearest(query, gallery, *ids)
    complete = CosineSimilarity.complete

    def complete_badly(self, products, start):
        complete(self, products, start)
        products += 0.05 * torch.randn(
            products.shape, generator=torch.Generator().manual_seed(start))

    monkeypatch.setattr(CosineSimilarity, 'complete', complete_badly)
    found = find_nearest(query, gallery, *ids)
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_array_equal(found.scores, expected.scores)


def test_lists_are_merged_by_value_then_by_place():
    one = Neighbors(
        np.array([0, 0, 1]), np.array([5, 2, 9]), np.array([.5, .4, .1]))
    other = Neighbors(np.array([1, 0]), np.array([4, 3]), np.array([.1, .5]))
    merged = keep_nearest([one, other], k=2)
    assert merged.query_rows.tolist() == [0, 0, 1, 1]
    assert merged.indices.tolist() == [3, 5, 4, 9]
    assert merged.values.tolist() == [.5, .5, .1, .1]


def test_what_scores_are():
    query, gallery = [[3., 4.]], [[3., 4.], [-3., -4.], [0., 0.], [6., 8.]]
    ids = [[1], [2, 3, 4, 5], [0], [0, 0, 0, 0]]
    cosine = find_nearest(query, gallery, *ids, k=4)
    assert cosine.indices.tolist() == [[0, 3, 2, 1]]
    assert cosine.scores.tolist() == [[1, 1, 0, -1]]
    euclidean = find_nearest(query, gallery, *ids, k=4, metric='euclidean')
    assert euclidean.indices.tolist() == [[0, 2, 3, 1]]
    assert euclidean.scores.tolist() == [[0, 5, 5, 10]]


def test_a_query_of_which_nothing_is_left():
    found = find_nearest([[1.], [1.]], [[1.]], [1, 2], [1], [0, 0], [0], k=2)
    assert found.indices.tolist() == [[-1, -1], [0, -1]]
    np.testing.assert_array_equal(found.scores,
                                  [[np.nan, np.nan], [1, np.nan]])


@pytest.mark.parametrize('kwargs, message', [
    (dict(k=0), 'k must be at least 1: got 0'),
    (dict(metric='l2'), "metric must be one of.*'l2'"),
    (dict(memory_budget=0), 'memory_budget'),
])
def test_bad_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        find_nearest([[1.]], [[1.]], [1], [1], [0], [1], **kwargs)
