"""Re-ranking equals the formula over matrices of all pairs."""
import subprocess
import sys

import numpy as np
import pytest
import torch
from helpers import dense_reranking
from helpers.golden import ROOT
from helpers.problems import (all_similarities, deal_out, problems,
                              run_in_threads)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fusionreid_mm.evaluation import evaluate_ranking, evaluate_reranked
from fusionreid_mm.evaluation.functional import (build_similarity, distance,
                                                 evaluate_reranked_shards,
                                                 jaccard, reranking)
from fusionreid_mm.evaluation.functional.image_set import ImageSet
from fusionreid_mm.evaluation.functional.reranking import Reranking

METRICS = ['cosine', 'euclidean']


def dense_distances(query, gallery, metric, *settings):
    features = np.concatenate([query, gallery]).astype(np.float64)
    similarities = all_similarities(features, features, metric)
    distances = 2 - 2 * similarities if metric == 'cosine' else -similarities
    return dense_reranking.rerank(distances,
                                  dense_reranking.nearest_first(similarities),
                                  len(query), *settings)


def sparse_distances(query, gallery, metric, *settings, block_size=5):
    """By the exact similarities of single pairs."""
    query, gallery = map(torch.as_tensor, (query, gallery))
    found = Reranking(
        ImageSet(
            build_similarity(metric, query),
            build_similarity(metric, gallery)), *settings, block_size)
    distances = np.empty((len(query), len(gallery)))
    for block in found.blocks(block_size):
        similarity = found.similarity(block)
        rows, columns = np.indices(distances[block].shape).reshape(2, -1)
        values = similarity.of_pairs(query[block], rows, columns)
        offsets = similarity.offsets(query[block])
        distances[block] = similarity.scores(values + offsets[rows]).reshape(
            distances[block].shape)
    return distances


def random_problem(dtype=np.float64, seed=0):
    """People with about ten images each; features of different lengths."""
    rng = np.random.default_rng(seed)
    num_query, num_gallery = 30, 170
    pids = rng.integers(0, 20, num_query + num_gallery)
    features = rng.standard_normal((20, 8))[pids]
    features += .7 * rng.standard_normal(features.shape)
    features *= np.exp(.3 * rng.standard_normal((len(features), 1)))
    camids = rng.integers(0, 3, len(features))
    return [
        part for column in (features.astype(dtype), pids, camids)
        for part in (column[:num_query], column[num_query:])
    ]


@settings(max_examples=150, deadline=None)
@given(problems(), st.sampled_from(METRICS),
       st.sampled_from([np.float32, np.float64]), st.integers(1, 12),
       st.integers(1, 12), st.sampled_from([0., .3, 1.]),
       st.sampled_from([1, 4, 100]))
def test_distances(problem, metric, dtype, k1, k2, lambda_value, block_size):
    """Of many images that are equally far, or the same; often there are fewer
    than k1."""
    query, gallery = (features.astype(dtype) for features in problem[:2])
    # Distances that are all rounding have no share of the largest.
    for features in (query, gallery):
        directions = np.unique(np.sign(features[:, 0]))
        assume(len(directions) > 1)
    arguments = query, gallery, metric, max(k1, k2), k2, lambda_value
    np.testing.assert_allclose(
        sparse_distances(*arguments, block_size=block_size),
        dense_distances(*arguments),
        atol=1e-6)


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
@pytest.mark.parametrize('metric', METRICS)
@pytest.mark.parametrize('k1, k2, lambda_value', [(20, 6, .3), (7, 1, .3),
                                                  (5, 5, .8), (20, 6, 0.)])
def test_ranking(metric, dtype, k1, k2, lambda_value):
    query, gallery, *ids = random_problem(dtype)
    distances = dense_distances(query, gallery, metric, k1, k2, lambda_value)
    # Each image is as far as its place on a line.
    expected = [
        evaluate_ranking(
            np.zeros((1, 1)),
            np.argsort(np.argsort(row, kind='stable'))[:, None], [pid],
            ids[1], [camid],
            ids[3],
            metric='euclidean')
        for row, pid, camid in zip(distances, ids[0], ids[2])
    ]
    result = evaluate_reranked(
        query,
        gallery,
        *ids,
        metric=metric,
        k1=k1,
        k2=k2,
        lambda_value=lambda_value)
    np.testing.assert_allclose(result.ap, [row.ap[0] for row in expected])
    np.testing.assert_array_equal(
        result.first_match_rank, [row.first_match_rank[0] for row in expected])
    assert result.mAP != evaluate_ranking(query, gallery, *ids).mAP


def test_a_known_distance():
    """Images on a line. The query and the image beside it have only each other
    and themselves, and weights fall with the distance to the farthest."""
    query, gallery = np.array([[0.]]), np.array([[1.], [10.], [11.]])
    weights = np.array([[1, np.exp(-1 / 121)], [np.exp(-1 / 100), 1]])
    weights /= weights.sum(axis=1, keepdims=True)
    shared = weights.min(axis=0).sum() / weights.max(axis=0).sum()
    found = sparse_distances(query, gallery, 'euclidean', 1, 1, .3)
    np.testing.assert_allclose(found[0], [
        .3 / 121 + .7 * (1 - shared), .3 * 100 / 121 + .7, .3 + .7
    ], atol=1e-7)  # yapf: disable


def assert_same(ours, theirs):
    for our, their in zip(ours, theirs):
        np.testing.assert_array_equal(our, their)


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
@pytest.mark.parametrize('metric', METRICS)
def test_blocks_do_not_matter(metric, dtype, monkeypatch):
    query, gallery, *ids = random_problem(dtype)
    gallery[100:] = gallery[:70]  # ties everywhere
    results = [
        evaluate_reranked(query, gallery, *ids, metric=metric, **changes)
        for changes in (dict(), dict(block_size=2), dict(block_size=7),
                        dict(memory_budget=1000))
    ]
    monkeypatch.setattr(reranking, '_PART', 13)
    monkeypatch.setattr(reranking, '_MOST_OVERLAPS', 50)
    monkeypatch.setattr(jaccard, '_CHUNK', 20)
    results.append(evaluate_reranked(query, gallery, *ids, metric=metric))
    for result in results[1:]:
        assert_same(result, results[0])


def test_rounded_similarities_are_near_the_exact_ones():
    query, gallery, *_ = map(torch.as_tensor, random_problem(np.float32))
    found = Reranking(
        ImageSet(*(build_similarity('cosine', part)
                   for part in (query, gallery))), 20, 6, .3, 64)
    similarity = found.similarity(slice(0, 30))
    tolerance = similarity.tolerance(query).double().numpy()
    assert tolerance.max() < 1e-4
    for start, tile in similarity.tiles(query, 50):
        rows, columns = np.indices(tile.shape).reshape(2, -1)
        exact = similarity.of_pairs(query, rows, start + columns)
        deviations = np.abs(tile.double().numpy().ravel() - exact)
        assert (deviations <= tolerance[rows]).all()


def test_compiled_loops_make_no_difference(monkeypatch):
    problem = random_problem()
    expected = evaluate_reranked(*problem)
    for module in (jaccard, distance):
        monkeypatch.setattr(module, 'compiled_loops', lambda: None)
    assert_same(evaluate_reranked(*problem), expected)


def test_a_tolerance_that_was_too_small(monkeypatch):
    """Similarities that are rounded more than expected, as by some GPUs."""
    problem = random_problem(np.float32)
    expected = evaluate_reranked(*problem)
    passes = []

    class RoundedSet(ImageSet):

        def tiles(self, *args):
            passes.append(args)
            for tile in super().tiles(*args):
                yield tile._replace(values=(tile.values * 300).round() / 300)

    monkeypatch.setattr(reranking, 'ImageSet', RoundedSet)
    assert_same(evaluate_reranked(*problem), expected)
    assert len(passes) == 8  # two passes over two blocks, each twice


def test_the_original_distance_alone():
    problem = random_problem()
    for metric in METRICS:
        assert_same(
            evaluate_reranked(*problem, metric=metric, lambda_value=1),
            evaluate_ranking(*problem, metric=metric))


@pytest.mark.parametrize('number', [2, 3])
def test_processes_do_not_matter(number):
    problem = random_problem(np.float32)
    alone = evaluate_reranked(*problem)
    for together in run_in_threads(evaluate_reranked_shards,
                                   deal_out(problem, number)):
        assert_same(together, alone)


@pytest.mark.parametrize('value', [0., 1.])
@pytest.mark.parametrize('metric', METRICS)
def test_images_that_are_all_the_same(metric, value):
    """They are ranked in the order of the gallery."""
    result = evaluate_reranked(
        np.full((2, 3), value),
        np.full((40, 3), value), [1, 2], [0] * 9 + [1] + [2] * 30, [0, 0],
        [1] * 40,
        metric=metric,
        k1=3,
        k2=2)
    assert result.first_match_rank.tolist() == [10, 11]


def test_arguments_are_left_as_they_are():
    query, gallery, *ids = random_problem()
    copies = query.copy(), gallery.copy()
    evaluate_reranked(query, gallery, *ids)
    np.testing.assert_array_equal(query, copies[0])
    np.testing.assert_array_equal(gallery, copies[1])


@pytest.mark.parametrize('changes, message', [
    (dict(k1=5, k2=6), 'k1 must be at least k2.*k1=5, k2=6'),
    (dict(k2=0), 'k2 at least 1.*k2=0'),
    (dict(lambda_value=1.1), 'lambda_value must be from 0 to 1: got 1.1'),
    (dict(lambda_value=float('nan')), 'lambda_value.*nan'),
    (dict(max_rank=0), 'max_rank'),
    (dict(metric='manhattan'), "'manhattan'"),
])
def test_bad_arguments(changes, message):
    with pytest.raises(ValueError, match=message):
        evaluate_reranked(*random_problem(), **changes)


MEASURE_MEMORY = '''
import sys
import numpy as np
import torch
from fusionreid_mm.engine.peak_memory import peak_memory, reset_peak_memory
from fusionreid_mm.evaluation import evaluate_reranked
torch.set_num_threads(1)
rng = np.random.default_rng(0)
def measure(num_query, num_gallery):
    sizes = num_query, num_gallery
    pids = [rng.integers(0, num_gallery // 10, size) for size in sizes]
    centres = rng.standard_normal((num_gallery // 10, 16))
    features = [
        (centres[ids] + .2 * rng.standard_normal((len(ids), 16))).astype('f4')
        for ids in pids
    ]
    camids = [rng.integers(0, 5, size) for size in sizes]
    reset_peak_memory('cpu')
    before = peak_memory('cpu')
    result = evaluate_reranked(*features, *pids, *camids)
    assert result.mAP > .5
    return peak_memory('cpu') - before
measure(100, 1000)
print(measure(1000, 13000))
'''


@pytest.mark.skipif(
    not sys.platform.startswith('linux'), reason='memory is read from /proc')
def test_no_matrix_of_all_pairs():
    """One of float32 would be 784 MB; the released code has several."""
    done = subprocess.run([sys.executable, '-c', MEASURE_MEMORY],
                          cwd=ROOT,
                          capture_output=True,
                          text=True)
    assert not done.returncode, done.stderr
    assert int(done.stdout) < 784e6 / 4
