import numpy as np
import pytest
import torch

from fusionreid_mm.evaluation.functional import (Annotations, Images,
                                                 Processes, count_scores)


def draw_images(number, seed) -> Images:
    generator = torch.Generator().manual_seed(seed)
    pids = torch.randint(6, (number, ), generator=generator)
    camids = torch.randint(3, (number, ), generator=generator)
    features = torch.randn(number, 7, generator=generator)
    features += 2 * torch.eye(6, 7)[pids]
    return Images(features,
                  Annotations(pids.numpy(), camids.numpy(), np.arange(number)))


def naive_scores(query, gallery, metric):
    """Scores of pairs of one person by two cameras, and of two people."""
    one, other = query.features.double(), gallery.features.double()
    if metric == 'euclidean':
        scores = torch.cdist(one, other)
    else:
        scores = torch.cosine_similarity(one[:, None], other[None], dim=-1)
    same_pid = query.annotations.pids[:, None] == gallery.annotations.pids
    same_camid = (
        query.annotations.camids[:, None] == gallery.annotations.camids)
    scores = scores.numpy()
    return scores[same_pid & ~same_camid], scores[~same_pid]


@pytest.mark.parametrize('metric', ['cosine', 'euclidean'])
@pytest.mark.parametrize('memory_budget', [64 * 2**20, 5000])
def test_is_the_naive_one(metric, memory_budget):
    query, gallery = draw_images(50, 1), draw_images(130, 2)
    found = count_scores(
        query,
        gallery,
        Processes(),
        metric,
        max_bins=40,
        memory_budget=memory_budget)
    expected = naive_scores(query, gallery, metric)
    assert 20 < len(found.genuine) <= 40
    widths = np.diff(found.edges)
    np.testing.assert_allclose(widths, widths[0])
    for counts, scores in zip(found[1:], expected):
        own, _ = np.histogram(scores, found.edges)
        assert counts.sum() == own.sum() == len(scores)
        # A score at an edge may be rounded to the other side.
        assert np.abs(np.cumsum(counts) - np.cumsum(own)).max() <= 1
    together = sum(found[1:])
    assert together[0] > 0 and together[-1] > 0


def test_scores_that_are_all_alike():
    """Ones, which are rounded up and down."""
    query = Images(
        torch.full((2, 3), .1),
        Annotations(*np.array([[1, 2], [0, 0], [0, 1]])))
    gallery = Images(
        torch.full((3, 3), .7),
        Annotations(*np.array([[1, 1, 3], [0, 1, 1], [2, 3, 4]])))
    found = count_scores(query, gallery, Processes())
    assert found.genuine.sum() == 1 and found.impostor.sum() == 4
    assert found.edges[0] <= 1 <= found.edges[-1] + 1e-5
    found = count_scores(query,
                         gallery._replace(features=query.features[[0, 0, 0]]),
                         Processes(), 'euclidean')
    assert found.edges[0] == 0 and found.impostor.sum() == 4
