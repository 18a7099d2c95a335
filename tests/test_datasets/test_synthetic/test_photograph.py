from dataclasses import replace

import cv2
import numpy as np
import pytest

from fusionreid_mm.datasets.synthetic import Difficulty
from fusionreid_mm.datasets.synthetic.photograph import Photographer, Shot

SIZE = (128, 64)
EASY = Difficulty.from_level(0.0)


def decode(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


@pytest.fixture(scope='module')
def photographer():
    return Photographer(0, EASY)


def test_a_picture_depends_on_its_name_alone(photographer):
    shot = Shot(person=3, camera=1, index=2)
    first = photographer.take(shot, SIZE)
    photographer.take(Shot(person=4, camera=0, index=0), SIZE)
    assert photographer.take(shot, SIZE) == first
    assert Photographer(0, EASY).take(shot, SIZE) == first


@pytest.mark.parametrize('other', [
    Shot(person=4, camera=1, index=2),
    Shot(person=3, camera=0, index=2),
    Shot(person=3, camera=1, index=1),
])
def test_each_part_of_the_name_counts(photographer, other):
    shot = Shot(person=3, camera=1, index=2)
    assert photographer.take(other, SIZE) != photographer.take(shot, SIZE)


@pytest.mark.parametrize('size', [(128, 64), (250, 110), (90, 45)])
def test_the_picture_has_the_size_that_was_asked_for(photographer, size):
    picture = decode(photographer.take(Shot(0, 0, 0), size))
    assert picture.shape == (*size, 3)


def test_an_empty_box_shows_the_place_and_nobody(photographer):
    """Beside the person, both pictures show the same place; in the middle,
    where the person is, they differ far more."""
    somebody = decode(photographer.take(Shot(1, 0, 0), SIZE)).astype(float)
    nobody = decode(photographer.take(Shot(1, 0, 0, 'empty'), SIZE))
    difference = np.abs(somebody - nobody).mean(2)
    assert difference[20:110, 26:38].mean() > 5 * difference[:, :6].mean()


def test_each_track_has_a_place_of_its_own():
    """Pictures of a track are taken near each other, those of other people
    elsewhere: among all second pictures, empty ones here, that of the same
    track tends to be like the first one."""
    photographer = Photographer(0, replace(EASY, scene_distinctness=1.0))
    people, ranks = range(30), []
    for camera in range(3):
        first, second = (
            np.array([
                decode(
                    photographer.take(
                        Shot(person, camera, index, 'empty'), SIZE))
                for person in people
            ]).astype(float) for index in (0, 1))
        for person in people:
            unlike = np.abs(second - first[person]).mean((1, 2, 3))
            ranks.append((unlike < unlike[person]).mean())
    assert np.mean(ranks) < 0.42  # 0.5 by chance


def test_people_are_told_apart_by_their_clothes(photographer):
    """Under one camera, the nearest picture of the middle of the box is the
    other one of the same person."""
    people = range(12)
    middles = [[
        decode(photographer.take(Shot(person, 0, index), SIZE))[30:100, 24:40]
        for person in people
    ] for index in (0, 1)]
    looks = np.array(middles, float).reshape(2, 12, 7, 10, 16, 3).mean((3, 4))
    first, second = looks.reshape(2, 12, -1)
    distances = np.linalg.norm(first[:, None] - second[None], axis=2)
    assert (distances.argmin(1) == np.arange(12)).mean() >= 0.75


def test_occluders_and_passers_by_come_at_their_rates(photographer):
    """A picture without either is the same as at a rate of zero."""
    shots = [Shot(person, 0, 0) for person in range(16)]
    clear = [photographer.take(shot, SIZE) for shot in shots]

    def share_changed(**rates):
        crowded = Photographer(0, replace(EASY, **rates))
        return np.mean([
            crowded.take(shot, SIZE) != picture
            for shot, picture in zip(shots, clear)
        ])

    assert share_changed() == 0
    assert share_changed(occlusion_rate=1.0) == 1
    assert share_changed(crowd=1.0) == 1
    assert 0.2 < share_changed(occlusion_rate=0.5) < 0.8


def test_what_is_occluded_is_hidden_in_part(photographer):
    """Even where nothing would be by chance. Of the middle of the box, where
    the person is, a part stays as it was."""
    for person in range(12):
        clear, hidden = (
            decode(
                photographer.take(Shot(person, 0, 0, occluded=occluded),
                                  SIZE)).astype(float)
            for occluded in (False, True))
        changed = (np.abs(hidden - clear).max(2) > 40)[10:120, 20:44].mean()
        assert 0.1 < changed < 0.9


def test_a_png_is_what_the_camera_gave(photographer):
    shot = Shot(3, 1, 2)
    png = photographer.take(shot, SIZE, '.png')
    assert png.startswith(b'\x89PNG')
    difference = decode(png).astype(float) - decode(
        photographer.take(shot, SIZE))
    assert 0 < np.abs(difference).mean() < 8


def test_the_side_is_known_before_anything_is_drawn():
    """Difficulty 0 shows people mostly from the front of their camera."""
    photographer = Photographer(0, replace(EASY, view_spread=0.0))
    assert all(
        min(
            photographer.yaw(Shot(person, 0, 0)), 360 -
            photographer.yaw(Shot(person, 0, 0))) == 0 for person in range(5))
