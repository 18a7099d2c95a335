import numpy as np
import pytest

from fusionreid_mm.datasets.synthetic.framing import BODY_SHARE, frame_person

SIZE = (384, 192)


def frames(box, looseness, number=200):
    return [
        frame_person(box, 8.0, SIZE, looseness, np.random.default_rng(i))
        for i in range(number)
    ]


def test_a_tight_box_stands_people_upright_in_its_middle():
    view = frame_person('person', 8.0, SIZE, 0.0, np.random.default_rng(0))
    assert view.pitch == 8.0
    assert view.scale == pytest.approx(BODY_SHARE * 384)
    assert view.foot[0] == 96
    assert 0.93 * 384 < view.foot[1] < 384


def test_a_loose_box_shifts_and_stretches():

    def spread(looseness):
        views = frames('person', looseness)
        return (np.std([view.foot[0] for view in views]),
                np.std([view.scale for view in views]))

    assert all(np.greater(spread(0.1), spread(0.05)))
    assert all(np.greater(spread(0.05), 0))


def test_a_cut_box_loses_head_or_feet():
    for view in frames('cut', 0.02):
        head = view.foot[1] - view.scale
        head_is_out = head < -0.2 * 384
        feet_are_out = view.foot[1] > 1.2 * 384
        assert head_is_out != feet_are_out


def test_boxes_by_hand_are_tighter_than_those_of_a_detector():
    """And the latter are where the former are, but more so: chance is the
    same."""
    tight, usual, loose = (
        np.array([view.foot for view in frames(box, 0.04)]) -
        frames('person', 0.0, 1)[0].foot
        for box in ('tight', 'person', 'loose'))
    assert np.allclose(tight, 0.25 * usual)
    assert np.allclose(loose, 2.5 * usual)
