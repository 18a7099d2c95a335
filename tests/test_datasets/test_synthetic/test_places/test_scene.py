import numpy as np
import pytest

from fusionreid_mm.datasets.synthetic.places.backdrop import BACKDROPS
from fusionreid_mm.datasets.synthetic.places.ground import (GROUNDS, SIDE,
                                                            lay_ground)
from fusionreid_mm.datasets.synthetic.places.scene import (FOOT_ROW, HEIGHT,
                                                           WIDTH, Scene,
                                                           build_scene)


def build(number, distinctness=1.0):
    return build_scene(np.random.default_rng(number), distinctness).picture


def test_a_place_is_the_same_each_time_and_others_differ():
    assert (build(0) == build(0)).all()
    assert np.abs(build(0).astype(int) - build(1)).mean() > 10


def test_without_distinctness_all_places_are_grey_and_alike():
    for number in range(4):
        colour, grey = build(number, 1.0), build(number, 0.0)
        assert np.ptp(colour.astype(int), axis=2).mean() > 8
        assert np.ptp(grey.astype(int), axis=2).mean() < 8
        assert grey.std() < 0.6 * colour.std()


def test_looking_puts_the_standing_place_where_it_was_asked_for():
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[FOOT_ROW - 2:FOOT_ROW + 3, WIDTH // 2 - 2:WIDTH // 2 + 3] = 255
    part = Scene(picture).look(
        middle=0.5, zoom=1.5, size=(384, 192), foot_row=350)
    assert part.shape == (384, 192, 3)
    row, column = np.argwhere(part[..., 0] > 200).mean(0)
    assert (row, column) == pytest.approx((350, 96), abs=1)


def test_looking_to_the_sides_stays_within_the_picture():
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[:] = np.linspace(0, 255, WIDTH)[None, :, None]
    scene = Scene(picture)
    left, right = (
        scene.look(middle, 1.0, (200, 100), 190).mean() for middle in (0, 1))
    assert left == pytest.approx(255 * 50 / WIDTH, abs=2)
    assert right == pytest.approx(255 * (1 - 50 / WIDTH), abs=2)


@pytest.mark.parametrize('kind', GROUNDS)
def test_grounds_are_textures_of_their_own(kind):
    texture = GROUNDS[kind](np.random.default_rng(0))
    assert texture.shape == (SIDE, SIDE, 3)
    assert texture.dtype == np.float32
    assert texture.std() > 3


def test_ground_gets_finer_with_the_distance():
    texture = np.zeros((SIDE, SIDE, 3), np.float32)
    texture[:, ::64] = 255
    plane = lay_ground(texture, (400, 600), horizon=0, foot_row=350)

    def number_of_lines(row):
        bright = plane[row, :, 0] > 0.5 * plane[row].max()
        return (np.diff(bright.astype(int)) == 1).sum()

    assert plane.shape == (400, 600, 3)
    assert number_of_lines(250) > number_of_lines(390) > 3


@pytest.mark.parametrize('height', [150, 399])
@pytest.mark.parametrize('kind', BACKDROPS)
def test_backdrops_fill_their_place(kind, height):
    picture = BACKDROPS[kind](np.random.default_rng(0), (height, WIDTH))
    assert picture.shape == (height, WIDTH, 3)
    assert picture.std() > 3
    assert np.isfinite(picture).all()


def test_backdrops_differ():
    pictures = [
        backdrop(np.random.default_rng(0), (200, WIDTH))
        for backdrop in BACKDROPS.values()
    ]
    for i, picture in enumerate(pictures):
        for other in pictures[:i]:
            assert np.abs(picture - other).mean() > 5
