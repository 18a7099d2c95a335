import numpy as np
import pytest

from fusionreid_mm.evaluation.functional import draw_gallery

PIDS = [7, 3, 7, 5, 3, 7, 9]


def test_one_image_of_each():
    for trial in range(10):
        gallery = draw_gallery(PIDS, trial)
        assert sorted(np.array(PIDS)[gallery]) == [3, 5, 7, 9]
        assert (np.diff(gallery) > 0).all()
        # Whoever has one image is there with it.
        assert {3, 6} <= set(gallery)


def test_a_trial_is_always_the_same():
    state = np.random.get_state()[1].copy()
    first = draw_gallery(PIDS, 4)
    np.random.default_rng().random()
    assert draw_gallery(np.array(PIDS), 4).tolist() == first.tolist()
    assert (np.random.get_state()[1] == state).all()
    assert draw_gallery([1] * 50, 0) != draw_gallery([1] * 50, 1)


def test_it_never_changes():
    """What is published as the average of trials can be measured again."""
    assert draw_gallery(PIDS, 0).tolist() == [1, 2, 3, 6]
    assert draw_gallery([1] * 1000, 0).tolist() == [993]


def test_each_image_is_equally_likely():
    drawn = [draw_gallery([1] * 5, trial)[0] for trial in range(2000)]
    shares = np.bincount(drawn, minlength=5) / 2000
    assert np.abs(shares - 0.2).max() < 0.04


@pytest.mark.parametrize('pids, trial, message', [
    ([], 0, r'not be empty: got shape \(0,\)'),
    ([[1, 2]], 0, r'got shape \(1, 2\)'),
    ([1], -1, 'trial must not be negative: got -1'),
])
def test_bad_arguments(pids, trial, message):
    with pytest.raises(ValueError, match=message):
        draw_gallery(pids, trial)
