import numpy as np
import pytest
import torch
from helpers.problems import all_similarities, problems
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionreid_mm.evaluation import evaluate_ranking, expand_queries


def normalize(features):
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    return features / norms.clip(min=1e-12)


def naive(query, gallery, k, alpha):
    similarities = all_similarities(query, gallery, 'cosine')
    order = np.argsort(-similarities, axis=1, kind='stable')[:, :k]
    weights = np.take_along_axis(similarities, order, axis=1)
    weights = weights.clip(0, 1)[:, :, None]**alpha
    total = (weights * normalize(gallery)[order]).sum(axis=1)
    return normalize(normalize(query) + total)


@settings(max_examples=100, deadline=None)
@given(problems(), st.integers(1, 12), st.sampled_from([0., .5, 3.]),
       st.sampled_from([1, 200, 2**20]))
def test_equals_a_loop_over_all_pairs(problem, k, alpha, memory_budget):
    query, gallery = problem[:2]
    k = min(k, len(gallery))
    expanded = expand_queries(query, gallery, k, alpha, memory_budget)
    expected = naive(query, gallery, k, alpha)
    # What is opposed may leave nothing but rounding, which has any direction.
    norms = np.linalg.norm(expected, axis=1)
    is_left = norms > .5
    np.testing.assert_allclose(
        expanded.numpy()[is_left], expected[is_left], atol=1e-9)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_blocks_do_not_matter(dtype):
    generator = torch.Generator().manual_seed(0)
    query, gallery = (
        torch.randn(size, 19, generator=generator, dtype=dtype)
        for size in (20, 100))
    gallery[50:] = gallery[:50]
    expected = expand_queries(query, gallery, k=7)
    assert expected.dtype == dtype and expected.shape == query.shape
    for memory_budget in (1, 3000, 10**4):
        found = expand_queries(
            query, gallery, k=7, memory_budget=memory_budget)
        assert torch.equal(found, expected)


def test_noise_is_averaged_out():
    rng = np.random.default_rng(0)
    pids = [rng.integers(0, 20, size) for size in (40, 200)]
    centres = rng.standard_normal((20, 16))
    query, gallery = (
        centres[ids] + rng.standard_normal((len(ids), 16)) for ids in pids)
    ids = *pids, np.zeros(40, dtype=int), np.ones(200, dtype=int)
    copies = query.copy(), gallery.copy()
    before = evaluate_ranking(query, gallery, *ids).mAP
    assert evaluate_ranking(expand_queries(query, gallery), gallery,
                            *ids).mAP > before + .05
    np.testing.assert_array_equal(query, copies[0])
    np.testing.assert_array_equal(gallery, copies[1])


@pytest.mark.parametrize('changes, message', [
    (dict(k=0), 'k must be from 1 on: got 0'),
    (dict(k=3), 'k must be from 1 to 2.*got 3'),
    (dict(alpha=-1), 'alpha must be.*got -1'),
    (dict(alpha=float('nan')), 'alpha must be.*nan'),
    (dict(memory_budget=0), 'memory_budget'),
    (dict(query_features=[[np.nan, 1]]), 'query_features must be finite'),
    (dict(gallery_features=[[1.], [2.]]), '2 channels.*1'),
    (dict(query_features=3), 'query_features must be'),
])
def test_bad_arguments(changes, message):
    arguments = dict(
        query_features=[[1., 0.]], gallery_features=[[1., 0.], [0., 1.]], k=1)
    with pytest.raises(ValueError, match=message):
        expand_queries(**{**arguments, **changes})
