from dataclasses import replace

import cv2
import numpy as np
import pytest

from fusionreid_mm.datasets.synthetic import Difficulty
from fusionreid_mm.datasets.synthetic.camera import (Camera, choose_camera,
                                                     develop, encode, retake)

SIZE = (128, 64)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def grey():
    """A drawing of mid-grey, three times the size of the picture."""
    return np.full((384, 192, 3), 128, np.float32)


@pytest.fixture
def edge():
    """A drawing that is black at the left and white at the right."""
    drawing = np.zeros((384, 192, 3), np.float32)
    drawing[:, 96:] = 255
    return drawing


def test_a_perfect_camera_changes_nothing(grey, rng):
    picture = develop(grey, Camera(), SIZE, rng)
    assert picture.shape == (128, 64, 3)
    assert picture.dtype == np.uint8
    assert (picture == 128).all()


def test_exposure_and_cast_are_gains(grey, rng):
    camera = Camera(exposure=0.5, cast=(1.5, 1.0, 0.5))
    assert develop(grey, camera, SIZE, rng)[0, 0].tolist() == [96, 64, 32]


def test_contrast_turns_around_mid_grey(rng):
    dark = np.full((384, 192, 3), 64, np.float32)
    picture = develop(dark, Camera(contrast=0.5), SIZE, rng)
    assert picture[0, 0].tolist() == [96, 96, 96]


def test_no_saturation_is_black_and_white(rng):
    red = np.zeros((384, 192, 3), np.float32)
    red[..., 0] = 255
    picture = develop(red, Camera(saturation=0.0), SIZE, rng)
    assert picture[0, 0].tolist() == [76, 76, 76]  # 0.299 * 255


def test_gamma_below_one_lifts_shadows(rng):
    dark = np.full((384, 192, 3), 64, np.float32)
    assert develop(dark, Camera(gamma=0.5), SIZE, rng)[0, 0, 0] == 128


def test_noise_has_the_given_deviation(grey, rng):
    picture = develop(grey, Camera(noise=8.0), SIZE, rng)
    assert picture.std() == pytest.approx(8.0, rel=0.05)


@pytest.mark.parametrize('camera', [Camera(blur=2.0), Camera(resolution=0.3)])
def test_blur_and_low_resolution_soften_an_edge(camera, edge, rng):

    def steepness(camera):
        row = develop(edge, camera, SIZE, rng)[64, :, 0].astype(int)
        return np.diff(row).max()

    assert steepness(Camera()) == 255
    assert steepness(camera) < 128


def test_blur_grows_with_the_picture(rng):
    drawing = np.zeros((768, 384, 3), np.float32)
    drawing[:, 192:] = 255

    def softness(height):
        picture = develop(drawing, Camera(blur=1.5), (height, height // 2),
                          rng)
        row = picture[height // 2, :, 0]
        return ((row > 20) & (row < 235)).sum() / row.size

    assert softness(256) == pytest.approx(softness(128), rel=0.35)


def test_a_jpeg_of_low_quality_is_smaller(rng):
    picture = rng.integers(0, 255, (128, 64, 3), np.uint8)
    assert len(encode(picture, 30)) < len(encode(picture, 95)) / 2


def test_red_is_still_red_in_the_file():
    picture = np.full((128, 64, 3), (200, 60, 20), np.uint8)
    data = np.frombuffer(encode(picture, 95), np.uint8)
    bgr = cv2.imdecode(data, cv2.IMREAD_COLOR)[64, 32].astype(int)
    assert np.abs(bgr - (20, 60, 200)).max() < 4


def test_cameras_differ_as_much_as_the_difficulty_says():

    def spread(shift):
        difficulty = replace(Difficulty.from_level(0.5), camera_shift=shift)
        cameras = [
            choose_camera(np.random.default_rng(i), difficulty)
            for i in range(40)
        ]
        return np.std([camera.exposure for camera in cameras])

    assert spread(0.0) == 0
    assert spread(0.2) < spread(0.5) < spread(1.0)


def test_a_retake_is_another_moment_of_the_same_camera(rng):
    difficulty = Difficulty.from_level(1.0)
    camera = choose_camera(rng, difficulty)
    moments = [retake(camera, rng, difficulty) for _ in range(100)]
    assert len({moment.exposure for moment in moments}) == 100
    assert np.mean([m.exposure for m in moments]) == pytest.approx(
        camera.exposure, rel=0.1)
    assert {(m.facing, m.noise, m.quality)
            for m in moments} == {(camera.facing, camera.noise, camera.quality)
                                  }
