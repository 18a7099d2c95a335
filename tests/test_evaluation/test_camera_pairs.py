import numpy as np
import pytest
import torch

from fusionreid_mm.evaluation.functional import (Annotations, Images,
                                                 Processes,
                                                 evaluate_camera_pairs)


def draw_images(number, seed, cameras, order=None) -> Images:
    generator = torch.Generator().manual_seed(seed)
    pids = torch.randint(8, (number, ), generator=generator)
    camids = torch.tensor(cameras)[torch.randint(
        len(cameras), (number, ), generator=generator)]
    features = torch.randn(number, 6, generator=generator)
    features += 2 * torch.eye(8, 6)[pids]
    order = np.arange(number) if order is None else order
    return Images(
        features[order],
        Annotations(pids.numpy()[order],
                    camids.numpy()[order], order))


def naive_pair(query, gallery, first, second):
    """mAP, Rank-1 and number of queries, ranking by a sort."""
    precisions, firsts = [], []
    columns = query.annotations
    for feature, pid, camid in zip(query.features, columns.pids,
                                   columns.camids):
        chosen = gallery.annotations.camids == second
        if first == second:
            chosen &= gallery.annotations.pids != pid
        if camid != first:
            continue
        similarity = torch.cosine_similarity(
            feature[None], gallery.features[torch.from_numpy(chosen)])
        order = similarity.argsort(descending=True).numpy()
        hits = gallery.annotations.pids[chosen][order] == pid
        if hits.any():
            ranks = 1 + np.flatnonzero(hits)
            precisions.append(((1 + np.arange(len(ranks))) / ranks).mean())
            firsts.append(hits[0])
    if not precisions:
        return np.nan, np.nan, 0
    return np.mean(precisions), np.mean(firsts), len(firsts)


@pytest.mark.parametrize('shuffled', [False, True])
def test_is_the_naive_one(shuffled):
    order = np.random.default_rng(0).permutation(60) if shuffled else None
    query = draw_images(60, 1, cameras=[0, 2, 5], order=order)
    gallery = draw_images(150, 2, cameras=[0, 1, 2, 7])
    pairs = evaluate_camera_pairs(query, gallery, Processes())
    assert pairs.query_cameras.tolist() == [0, 2, 5]
    assert pairs.gallery_cameras.tolist() == [0, 1, 2, 7]
    expected = np.array([[
        naive_pair(query, gallery, first, second)
        for second in pairs.gallery_cameras
    ] for first in pairs.query_cameras])
    np.testing.assert_allclose(pairs.mAP, expected[..., 0], atol=1e-6)
    np.testing.assert_allclose(pairs.rank1, expected[..., 1])
    np.testing.assert_array_equal(pairs.num_queries, expected[..., 2])
    # A camera finds nothing of its own.
    assert np.isnan(pairs.mAP[[0, 1], [0, 2]]).all()
    assert np.isfinite(pairs.mAP).sum() == 10


def test_a_camera_that_nobody_is_seen_by_again():
    query = Images(
        torch.eye(2), Annotations(*np.array([[1, 2], [0, 0], [0, 1]])))
    gallery = Images(
        torch.eye(2), Annotations(*np.array([[3, 1], [4, 5], [2, 3]])))
    pairs = evaluate_camera_pairs(query, gallery, Processes(), 'euclidean')
    np.testing.assert_array_equal(pairs.mAP, [[np.nan, 1]])
    np.testing.assert_array_equal(pairs.rank1, [[np.nan, 1]])
    assert pairs.num_queries.tolist() == [[0, 1]]
