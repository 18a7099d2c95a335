import numpy as np
import pytest

from fusionreid_mm.datasets.synthetic.people.pose import Viewpoint
from fusionreid_mm.datasets.synthetic.people.surface import (Light, Section,
                                                             Tube, paint_tube)

VIEW = Viewpoint(pitch=0, scale=100, foot=(50, 95))
FLAT = Light(from_right=0.0, strength=0.0)
RED, BLUE = (200, 0, 0), (0, 0, 200)


def upright(fabric, width=0.2, depth=0.1, **kwargs):
    start, end = np.array([0.0, 0.8, 0.0]), np.array([0.0, 0.2, 0.0])
    sections = [Section(0, width, depth), Section(1, width, depth)]
    return Tube(start, end, sections, fabric, round_ends=False, **kwargs)


def paint(tube, yaw=0.0, view=VIEW, light=FLAT):
    canvas = np.zeros((100, 100, 3), np.float32)
    paint_tube(canvas, tube, view, yaw, light)
    return canvas


@pytest.fixture
def halves():
    """A fabric that is red around the front and blue around the back."""
    fabric = np.empty((8, 64, 3), np.uint8)
    fabric[:] = BLUE
    fabric[:, 16:48] = RED
    return fabric


@pytest.fixture
def sides():
    """Red on the right side of a person, blue on the left."""
    fabric = np.empty((8, 64, 3), np.uint8)
    fabric[:, :32] = RED
    fabric[:, 32:] = BLUE
    return fabric


@pytest.mark.parametrize('yaw, width', [(0, 40), (180, 40), (90, 20),
                                        (45, 31.6)])
def test_an_ellipse_is_as_wide_as_it_looks_from_there(halves, yaw, width):
    painted = paint(upright(halves), yaw).any(2)
    assert painted[45].sum() == pytest.approx(width, abs=2)
    assert painted[:, 50].sum() == pytest.approx(60, abs=2)


def test_outside_of_the_tube_nothing_changes(halves):
    canvas = paint(upright(halves))
    assert not canvas[:14].any()
    assert not canvas[:, :28].any()
    assert not canvas[:, 72:].any()


def test_the_front_shows_from_the_front_and_the_back_from_behind(halves):
    red_from_the_front = paint(upright(halves), 0)[45, 35:65]
    assert (red_from_the_front[:, 0] > red_from_the_front[:, 2]).all()
    blue_from_behind = paint(upright(halves), 180)[45, 35:65]
    assert (blue_from_behind[:, 2] > blue_from_behind[:, 0]).all()


def test_the_left_side_is_at_the_right_from_the_front(sides):
    front, back = paint(upright(sides), 0), paint(upright(sides), 180)
    assert front[45, 40].argmax() == 0
    assert front[45, 60].argmax() == 2
    assert back[45, 40].argmax() == 2
    assert back[45, 60].argmax() == 0


def test_who_walks_to_the_right_shows_the_right_side(sides):
    assert (paint(upright(sides), 90)[45, 45:55].argmax(1) == 0).all()
    assert (paint(upright(sides), 270)[45, 45:55].argmax(1) == 2).all()


def test_rows_of_the_fabric_run_from_start_to_end():
    fabric = np.zeros((10, 4, 3), np.uint8)
    fabric[:5] = RED
    fabric[5:] = BLUE
    column = paint(upright(fabric))[:, 50]
    assert column[25].argmax() == 0
    assert column[65].argmax() == 2


def test_light_from_the_right_darkens_the_left(sides):
    grey = np.full((2, 2, 3), 200, np.uint8)
    lit = paint(upright(grey), light=Light(from_right=1.0, strength=1.0))
    assert lit[45, 65, 0] > 1.5 * lit[45, 35, 0]


def test_shade_darkens_and_creases_ripple():
    grey = np.full((2, 2, 3), 200, np.uint8)
    plain = paint(upright(grey))[45, 50, 0]
    assert paint(upright(grey, shade=0.5))[45, 50,
                                           0] == pytest.approx(plain / 2)
    assert paint(upright(grey))[30:60, 50, 0].std() < 0.01
    assert paint(upright(grey, creases=0.1))[30:60, 50, 0].std() > 5


def test_a_round_end_is_half_a_ball():
    grey = np.full((2, 2, 3), 200, np.uint8)
    flat = upright(grey)
    rounded = paint(flat._replace(round_ends=True)).any(2)
    assert not paint(flat).any(2)[10, 50]
    assert rounded[10, 50]
    assert rounded[:, 50].sum() == pytest.approx(100, abs=12)  # 20 + 60 + 20


@pytest.mark.parametrize('foot', [(-100, 50), (300, 50), (50, -80), (50, 400)])
def test_a_tube_outside_of_the_picture_is_not_painted(halves, foot):
    assert not paint(upright(halves), view=VIEW._replace(foot=foot)).any()


def test_a_tube_that_points_at_the_camera_is_a_disc():
    grey = np.full((2, 2, 3), 200, np.uint8)
    tube = Tube(
        np.array([0.0, 0.5, 0.0]), np.array([0.0, 0.5, 0.4]),
        [Section(0, 0.1, 0.1), Section(1, 0.1, 0.1)], grey)
    painted = paint(tube).any(2)
    assert painted.sum() == pytest.approx(np.pi * 10**2, rel=0.15)
