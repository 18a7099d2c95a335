"""The nearest images of all, among many that are equally near."""
import numpy as np
import pytest
import torch
from helpers.problems import all_similarities

from fusionreid_mm.evaluation.functional import build_similarity, nearest_lists
from fusionreid_mm.evaluation.functional.image_set import ImageSet
from fusionreid_mm.evaluation.functional.neighborhood import find_neighborhood

METRICS = ['cosine', 'euclidean']


def image_set(query, gallery, metric):
    return ImageSet(*(build_similarity(metric, torch.as_tensor(part))
                      for part in (query, gallery)))


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
@pytest.mark.parametrize('metric', METRICS)
@pytest.mark.parametrize('levels, k, block_size', [(1, 3, 64), (1, 40, 700),
                                                   (3, 1, 64), (3, 7, 128),
                                                   (50, 20, 90),
                                                   (50, 600, 200)])
def test_equals_a_stable_sort(levels, k, block_size, metric, dtype):
    """With one level, some images are there more often than lists have
    room."""
    rng = np.random.default_rng(levels)
    features = rng.integers(-levels, levels + 1, (600, 3))
    found = find_neighborhood(
        image_set(features[:150].astype(dtype), features[150:].astype(dtype),
                  metric), k, block_size)
    similarities = all_similarities(features, features, metric)
    order = np.argsort(-similarities, axis=1, kind='stable')
    distances = -similarities if metric == 'euclidean' \
        else 2 - 2 * similarities
    np.testing.assert_array_equal(found.nearest, order[:, :k])
    np.testing.assert_allclose(
        found.distances,
        np.take_along_axis(distances, order[:, :k], axis=1),
        atol=1e-12)
    np.testing.assert_allclose(
        found.largest, distances.max(axis=1), atol=1e-12)


@pytest.mark.parametrize('metric', METRICS)
def test_features_far_from_the_origin(metric):
    """Rounded similarities say little there, exact ones decide."""
    rng = np.random.default_rng(0)
    features = (1000 + rng.standard_normal((300, 5))).astype(np.float32)
    found = find_neighborhood(
        image_set(features[:100], features[100:], metric), 10, 128)
    exact = features.astype(np.float64)
    if metric == 'cosine':
        exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    distances = np.square(exact[:, None] - exact).sum(axis=2)
    np.testing.assert_array_equal(found.nearest,
                                  np.argsort(distances, axis=1)[:, :10])


@pytest.mark.parametrize('shape', [(7, 1), (11, )])
def test_cells_are_found_alike(shape):
    rng = np.random.default_rng(0)
    values = rng.random((7, 11))
    thresholds = rng.random(shape)
    expected = np.nonzero(values >= thresholds)
    for found in (nearest_lists._cells_above_by_numpy(values, thresholds),
                  nearest_lists._cells_above_by_torch(
                      torch.from_numpy(values), thresholds)):
        np.testing.assert_array_equal(found[:2], expected)
        np.testing.assert_array_equal(found.values, values[expected])
