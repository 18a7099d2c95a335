import numpy as np
import pytest
import torch

from fusionreid_mm.evaluation.functional import (counting, distance,
                                                 evaluate_ranking)
from fusionreid_mm.evaluation.functional.matrix_product import Product


def naive(similarities, query_pids, gallery_pids, query_camids,
          gallery_camids):
    """AP, INP and the first match of each query, by sorting in full."""
    rows = []
    for i, row in enumerate(similarities):
        kept = ~((gallery_pids == query_pids[i]) &
                 (gallery_camids == query_camids[i]))
        order = np.argsort(-row, kind='stable')
        order = order[kept[order]]
        ranks = np.flatnonzero(gallery_pids[order] == query_pids[i]) + 1
        if not len(ranks):
            rows.append((np.nan, np.nan, -1))
            continue
        precision = np.arange(1, len(ranks) + 1) / ranks
        rows.append((precision.mean(), len(ranks) / ranks[-1], ranks[0]))
    return map(np.array, zip(*rows))


def random_problem(rng, levels):
    """Small whole numbers, so that many images are equally far."""
    num_query, num_gallery = rng.integers(1, 8), rng.integers(1, 40)
    channels = rng.integers(1, 4)
    return (rng.integers(-levels, levels + 1, (num_query, channels)),
            rng.integers(-levels, levels + 1, (num_gallery, channels)),
            rng.integers(1, 6, num_query), rng.integers(-1, 6, num_gallery),
            rng.integers(0, 3, num_query), rng.integers(0, 3, num_gallery))


@pytest.mark.parametrize('levels', [1, 3, 100])
def test_equals_a_stable_sort(levels):
    rng = np.random.default_rng(levels)
    compared = 0
    for _ in range(500):
        query, gallery, *ids = random_problem(rng, levels)
        similarities = -np.square(query[:, None] - gallery[None]).sum(-1)
        ap, inp, first = naive(similarities, *ids)
        if np.isnan(ap).all():
            with pytest.raises(ValueError, match='none of the'):
                evaluate_ranking(query, gallery, *ids, metric='euclidean')
            continue
        result = evaluate_ranking(
            query,
            gallery,
            *ids,
            metric='euclidean',
            block_size=int(rng.integers(0, 5)))
        np.testing.assert_allclose(result.ap, ap, atol=1e-12)
        np.testing.assert_array_equal(result.first_match_rank, first)
        valid = first > 0
        assert result.num_valid_queries == valid.sum()
        assert result.mAP == pytest.approx(ap[valid].mean())
        assert result.mINP == pytest.approx(inp[valid].mean())
        assert result.cmc[0] == (first[valid] == 1).mean()
        assert result.cmc[4] == pytest.approx((first[valid] <= 5).mean())
        compared += 1
    assert compared > 300


def test_a_known_ranking():
    #           match  wrong  match  own camera  distractor
    gallery = [[1., 0], [.9, .1], [.8, .3], [1., 0], [.7, .7]]
    result = evaluate_ranking(
        np.array([[1., 0]]), np.array(gallery), np.array([3]),
        np.array([3, 5, 3, 3, 0]), np.array([0]), np.array([1, 1, 2, 0, 1]))
    assert result.ap[0] == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert result.mINP == pytest.approx(2 / 3)
    assert result.cmc.tolist() == [1.] * 50
    assert result.first_match_rank.tolist() == [1]


@pytest.mark.parametrize('matches, ranks', [([2], [3]), ([0, 3], [2, 4]),
                                            ([0, 2, 3], [2, 3, 4])])
def test_ties_go_to_the_first_listed(matches, ranks):
    pids = np.zeros(5, dtype=int)
    pids[matches] = 1
    result = evaluate_ranking(
        np.ones((1, 1)),
        np.array([.5, .9, .5, .5, .1])[:, None] - 1, [1],
        pids, [0],
        np.ones(5, dtype=int),
        metric='euclidean')
    precision = (1 + np.arange(len(ranks))) / ranks
    assert result.ap.tolist() == [pytest.approx(precision.mean())]
    assert result.first_match_rank.tolist() == ranks[:1]
    assert result.mINP == pytest.approx(len(ranks) / ranks[-1])


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
@pytest.mark.parametrize('metric', ['cosine', 'euclidean'])
def test_block_size_does_not_matter(metric, dtype):
    rng = np.random.default_rng(0)
    query = rng.standard_normal((57, 33)).astype(dtype)
    gallery = rng.standard_normal((301, 33)).astype(dtype)
    gallery[150:] = gallery[:151]  # half of them twice: ties everywhere
    ids = [
        rng.integers(0, high, size) for high in (20, 4) for size in (57, 301)
    ]
    results = [
        evaluate_ranking(query, gallery, *ids, metric=metric, block_size=size)
        for size in (1, 2, 7, 16, 57, 0)
    ]
    for result in results[1:]:
        for ours, theirs in zip(result, results[0]):
            np.testing.assert_array_equal(ours, theirs)


class Rough(Product):
    """A library that rounds to three digits."""

    def __call__(self, columns):
        return super().__call__(columns).mul_(1000).round_().div_(1000)


@pytest.mark.parametrize('metric', ['cosine', 'euclidean'])
def test_ranks_do_not_depend_on_how_products_are_rounded(metric, monkeypatch):
    rng = np.random.default_rng(0)
    query = rng.standard_normal((40, 16)).astype(np.float32)
    gallery = rng.standard_normal((2000, 16)).astype(np.float32)
    gallery[1500:] = gallery[:500]
    ids = [rng.integers(0, n, size) for n in (30, 4) for size in (40, 2000)]
    expected = evaluate_ranking(query, gallery, *ids, metric=metric)
    doubles = evaluate_ranking(
        query.astype(np.float64), gallery, *ids, metric=metric)
    monkeypatch.setattr(distance, 'fastest_product',
                        lambda rows, _: Rough(rows))
    rough = evaluate_ranking(query, gallery, *ids, metric=metric)
    for ours, double, theirs in zip(expected, doubles, rough):
        np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_array_equal(ours, double)


@pytest.mark.parametrize('metric', ['cosine', 'euclidean'])
def test_without_compiled_loops(metric, monkeypatch):
    rng = np.random.default_rng(1)
    query, gallery = rng.random((30, 8)), rng.random((500, 8))
    gallery[400:] = gallery[:100]
    ids = [rng.integers(0, n, size) for n in (9, 4) for size in (30, 500)]
    expected = evaluate_ranking(query, gallery, *ids, metric=metric)
    for module in (counting, distance):
        monkeypatch.setattr(module, 'compiled_loops', lambda: None)
    found = evaluate_ranking(query, gallery, *ids, metric=metric)
    for ours, theirs in zip(found, expected):
        np.testing.assert_array_equal(ours, theirs)


def test_memory_budget_does_not_matter():
    rng = np.random.default_rng(2)
    query, gallery = rng.random((30, 8)), rng.random((500, 8))
    ids = [rng.integers(0, n, size) for n in (9, 4) for size in (30, 500)]
    expected = evaluate_ranking(query, gallery, *ids)
    found = evaluate_ranking(query, gallery, *ids, memory_budget=1)
    for ours, theirs in zip(found, expected):
        np.testing.assert_array_equal(ours, theirs)


def test_a_zero_descriptor_is_like_nobody():
    gallery = np.array([[0., 0.], [1., 0.]])
    result = evaluate_ranking(
        np.array([[1., 0.]]), gallery, [1], [1, 1], [0], [1, 1])
    assert result.ap.tolist() == [1.]


def test_arrays_tensors_and_types_agree():
    rng = np.random.default_rng(0)
    features = [rng.integers(-3, 4, (size, 5)) for size in (6, 30)]
    ids = [rng.integers(0, high, size) for high in (4, 3) for size in (6, 30)]
    expected = evaluate_ranking(*features, *ids)
    for convert in (lambda x: x.astype(np.float16),
                    lambda x: torch.tensor(x, dtype=torch.bfloat16),
                    lambda x: torch.tensor(x, dtype=torch.float64)):
        result = evaluate_ranking(*map(convert, features), *ids)
        np.testing.assert_allclose(result.ap, expected.ap)
    result = evaluate_ranking(*features, *map(torch.tensor, ids))
    np.testing.assert_array_equal(result.ap, expected.ap)


def test_cosine_normalises_and_euclidean_does_not():
    query, gallery = np.array([[1., 0]]), np.array([[9., 9.], [.5, -.6]])
    ids = [np.array([1]), np.array([1, 2]), np.array([0]), np.array([1, 1])]
    assert evaluate_ranking(query, gallery, *ids).ap[0] == 1
    assert evaluate_ranking(query, gallery, *ids, metric='euclidean').ap[0] \
        == 0.5


def test_arguments_are_left_as_they_are():
    rng = np.random.default_rng(0)
    query, gallery = rng.random((4, 3)), rng.random((9, 3))
    copies = query.copy(), gallery.copy()
    evaluate_ranking(query, gallery, np.zeros(4, int), np.zeros(9, int),
                     np.zeros(4, int), np.ones(9, int))
    np.testing.assert_array_equal(query, copies[0])
    np.testing.assert_array_equal(gallery, copies[1])


def test_short_gallery_has_a_flat_cmc():
    result = evaluate_ranking(
        np.eye(2),
        np.eye(2)[::-1],
        np.array([0, 1]),
        np.array([0, 1]),
        np.array([0, 0]),
        np.array([1, 1]),
        max_rank=5)
    assert result.cmc.tolist() == [0, 1, 1, 1, 1]


IDS = dict(
    query_pids=np.array([1]),
    gallery_pids=np.array([1, 2]),
    query_camids=np.array([0]),
    gallery_camids=np.array([1, 1]))


@pytest.mark.parametrize('changes, message', [
    (dict(query_features=np.array([[np.nan, 1]])),
     'query_features must be finite.*row 0 goes up to nan'),
    (dict(gallery_features=np.array([[1., 1], [np.inf, 1]])),
     'gallery_features must be finite.*row 1 goes up to inf'),
    (dict(gallery_features=np.array([[1., 1], [1e20, 1]])),
     r'row 1 goes up to 1e\+20'),
    (dict(query_features=np.array([[1e-30, 0]])), 'row 0 goes up to 1e-30'),
    (dict(query_features=np.zeros((0, 2))), 'query_features.*not empty'),
    (dict(query_features=np.zeros(2)), r'\(images, channels\)'),
    (dict(query_features=np.zeros((1, 3))), '3 channels.*2'),
    (dict(query_pids=np.array([1, 2])), 'query_pids must have one entry'),
    (dict(gallery_camids=np.array([0.5, 1])), 'gallery_camids.*integers'),
    (dict(metric='manhattan'), "'manhattan'"),
    (dict(max_rank=0), 'max_rank'),
    (dict(memory_budget=0), 'memory_budget'),
    (dict(query_pids=np.array([9])), 'none of the 1 queries'),
])
def test_bad_arguments(changes, message):
    arguments = dict(
        query_features=np.ones((1, 2)),
        gallery_features=np.ones((2, 2)),
        **IDS)
    with pytest.raises(ValueError, match=message):
        evaluate_ranking(**{**arguments, **changes})
