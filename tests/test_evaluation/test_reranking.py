"""Re-ranking and query expansion against loops over matrices of all pairs."""
import numpy as np
import pytest
import torch.nn.functional as F
from helpers import dense_reranking
from torch import from_numpy

from fusionreid_mm.evaluation import (evaluate_ranking, evaluate_reranked,
                                      expand_queries)


def people(seed, num_query=25, num_gallery=140, num_pids=12, channels=8):
    """Features of people who are hard to tell apart, a tenth of the images
    twice, and what is known of them."""
    rng = np.random.default_rng(seed)
    total = num_query + num_gallery
    pids = rng.integers(num_pids, size=total)
    features = rng.standard_normal((num_pids, channels))[pids]
    features += rng.standard_normal(features.shape)
    features[-num_gallery // 10:] = features[:num_gallery // 10]
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    camids = rng.integers(3, size=total)
    parts = [
        column[part] for column in (features, pids, camids)
        for part in (slice(num_query), slice(num_query, None))
    ]
    return parts


def ranking_of(distances, query_pids, gallery_pids, query_camids,
               gallery_camids):
    """AP and rank of the first match of each query."""
    aps, firsts = [], []
    for row, pid, camid in zip(distances, query_pids, query_camids):
        order = np.argsort(row, kind='stable')
        is_same = gallery_pids[order] == pid
        kept = ~(is_same & (gallery_camids[order] == camid))
        ranks = 1 + np.flatnonzero(is_same[kept])
        aps.append((np.arange(1, 1 + len(ranks)) / ranks).mean())
        firsts.append(ranks[0])
    return np.array(aps), np.array(firsts)


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('k1, k2, lambda_value', [
    (20, 6, .3),
    (5, 1, .5),
    (50, 15, .3),
    (7, 3, 1.),
    (300, 4, .3),
])
def test_equals_the_dense_formulation(seed, k1, k2, lambda_value):
    query, gallery, *ids = people(seed)
    distances = dense_reranking.rerank(
        dense_reranking.squared_distances(np.concatenate([query, gallery])),
        len(query), min(k1,
                        len(query) + len(gallery) - 1), k2, lambda_value)
    ap, first = ranking_of(distances.round(9), *ids)
    result = evaluate_reranked(
        query, gallery, *ids, k1=k1, k2=k2, lambda_value=lambda_value)
    np.testing.assert_allclose(result.ap, ap, atol=1e-9)
    np.testing.assert_array_equal(result.first_match_rank, first)


@pytest.mark.parametrize('sizes', [
    dict(block_size=1),
    dict(block_size=7),
    dict(memory_budget=1),
])
def test_blocks_do_not_matter(sizes):
    arguments = people(0)
    expected = evaluate_reranked(*arguments)
    for ours, theirs in zip(evaluate_reranked(*arguments, **sizes), expected):
        np.testing.assert_array_equal(ours, theirs)


def test_all_original_is_the_plain_ranking():
    arguments = people(1)
    reranked = evaluate_reranked(*arguments, lambda_value=1.)
    for ours, theirs in zip(reranked, evaluate_ranking(*arguments)):
        np.testing.assert_array_equal(ours, theirs)


def test_expanded_queries():
    query, gallery, *_ = people(2)
    expanded = expand_queries(query, gallery, k=3).numpy()
    for row, image in zip(expanded, query):
        nearest = gallery[np.argsort(-(gallery @ image), kind='stable')[:3]]
        mean = image + nearest.sum(axis=0)
        np.testing.assert_allclose(row, mean / np.linalg.norm(mean))
    weighted = expand_queries(query, gallery, k=3, alpha=3.)
    for row, image in zip(weighted, query):
        similarities = np.sort(gallery @ image)[::-1][:3]
        nearest = gallery[np.argsort(-(gallery @ image), kind='stable')[:3]]
        mean = image + similarities.clip(min=0)**3 @ nearest
        np.testing.assert_allclose(row, F.normalize(from_numpy(mean), dim=0))


@pytest.mark.parametrize('arguments, message', [
    (dict(k1=3, k2=4), 'k1=3, k2=4'),
    (dict(k2=0), 'k2 at least 1'),
    (dict(lambda_value=1.5), 'from 0 to 1: got 1.5'),
    (dict(metric='manhattan'), "'manhattan'"),
])
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        evaluate_reranked(*people(0), **arguments)


@pytest.mark.parametrize('arguments, message', [
    (dict(k=0), 'k must be from 1'),
    (dict(k=141), 'from 1 to 140'),
    (dict(alpha=-1.), 'alpha must be finite and not negative'),
])
def test_bad_expansions(arguments, message):
    query, gallery, *_ = people(0)
    with pytest.raises(ValueError, match=message):
        expand_queries(query, gallery, **arguments)
