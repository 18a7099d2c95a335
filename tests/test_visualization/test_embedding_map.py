import sys

import numpy as np
import pytest

from fusionreid_mm.visualization.embedding_map import lay_out


@pytest.fixture
def clusters():
    """Three people, 12 images of each."""
    rng = np.random.default_rng(0)
    return np.repeat(np.eye(3, 8), 12, axis=0) + .02 * rng.random((36, 8))


@pytest.mark.parametrize(
    # UMAP is compiled when it is first used.
    'method',
    ['tsne', pytest.param('umap', marks=pytest.mark.slow)])
def test_neighbours_stay_neighbours(clusters, method):
    points = lay_out(clusters, method, perplexity=5)
    assert points.shape == (36, 2)
    distances = np.linalg.norm(points[:, None] - points, axis=-1)
    np.fill_diagonal(distances, np.inf)
    person = np.repeat(range(3), 12)
    assert (person[distances.argmin(axis=1)] == person).all()


def test_seed(clusters):
    points = lay_out(clusters, perplexity=5)
    np.testing.assert_allclose(lay_out(clusters, perplexity=5), points)
    assert (lay_out(clusters[::-1], perplexity=5) != points).any()


def test_too_few_images(clusters):
    with pytest.raises(ValueError, match='perplexity of 36 needs.* 36. Lower'):
        lay_out(clusters, perplexity=36)


def test_other_methods(clusters):
    with pytest.raises(ValueError, match="'tsne' or 'umap': got 'pca'"):
        lay_out(clusters, 'pca')


@pytest.mark.parametrize('method, module, package', [
    ('tsne', 'sklearn.manifold', 'scikit-learn'),
    ('umap', 'umap', 'umap-learn'),
])
def test_missing_libraries(clusters, monkeypatch, method, module, package):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError, match=f'{package}: pip install'):
        lay_out(clusters, method)
