import numpy as np
import pytest

from fusionreid_mm.datasets.synthetic.places.occluder import (OCCLUDERS,
                                                              paint_occluder)


def covered(kind, share, seed):
    canvas = np.full((384, 192, 3), -1, np.float32)
    paint_occluder(canvas, kind, share, np.random.default_rng(seed))
    return (canvas != -1).any(2)


@pytest.mark.parametrize('kind', OCCLUDERS)
def test_it_covers_about_its_share_and_never_everything(kind):
    shares = [covered(kind, 0.3, seed).mean() for seed in range(30)]
    assert 0.1 < np.mean(shares) < 0.45
    assert max(shares) < 0.6


@pytest.mark.parametrize('kind', OCCLUDERS)
def test_a_larger_share_covers_more(kind):
    small, large = (
        np.mean([covered(kind, share, seed).mean() for seed in range(30)])
        for share in (0.1, 0.4))
    assert large > 1.3 * small


@pytest.mark.parametrize('kind', ['car', 'bush', 'barrier'])
def test_what_stands_on_the_ground_leaves_the_head_free(kind):
    for seed in range(20):
        assert not covered(kind, 0.3, seed)[:100].any()
