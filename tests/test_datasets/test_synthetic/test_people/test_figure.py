from dataclasses import replace

import numpy as np
import pytest

from fusionreid_mm.datasets.synthetic.palette import FABRICS
from fusionreid_mm.datasets.synthetic.people.accessories import (BAGS,
                                                                 COVERED_BY)
from fusionreid_mm.datasets.synthetic.people.appearance import (Bag, Headwear,
                                                                Pattern, Print)
from fusionreid_mm.datasets.synthetic.people.clothing import (INSTEPS,
                                                              LOWER_CUTS,
                                                              PRINT_PLACES,
                                                              UPPER_CUTS)
from fusionreid_mm.datasets.synthetic.people.head import HAIR_STYLES

RED, LIME = FABRICS['red'], FABRICS['lime']
FRONT, BACK = 0, 180


def changed(a, b):
    """Number of pixels in which two portraits differ visibly."""
    return int((np.abs(a - b).max(2) > 12).sum())


def of_colour(portrait, colour):
    """Number of pixels of the hue of ``colour``, however light or dark."""
    direction = np.asarray(colour, float) / np.linalg.norm(colour)
    norm = np.linalg.norm(portrait, axis=2)
    likeness = portrait @ direction / np.maximum(norm, 1)
    return int((likeness > 0.995).sum())


def test_a_person_stands_on_the_ground_and_has_the_right_height(
        person, portrait):
    painted = (portrait(person) < 250).any(2)
    rows = np.nonzero(painted.any(1))[0]
    assert rows[0] == pytest.approx(25, abs=6)  # 225 - 200
    assert rows[-1] == pytest.approx(225, abs=6)


def test_a_person_is_painted_the_same_each_time(person, portrait):
    assert (portrait(person, 30) == portrait(person, 30)).all()


def test_a_backpack_is_seen_from_behind(person, portrait):
    pack = replace(person, bag=Bag('backpack', RED, RED, 'left'))
    behind = of_colour(portrait(pack, BACK), RED)
    before = of_colour(portrait(pack, FRONT), RED)
    beside = of_colour(portrait(pack, 90), RED)
    assert behind > 1000
    assert 50 < before < behind / 3  # the straps
    assert before < beside < behind


@pytest.mark.parametrize('place, front, back',
                         [('chest', True, False), ('left chest', True, False),
                          ('belly', True, False), ('back', False, True),
                          ('chest and back', True, True)])
def test_a_print_is_seen_from_its_side_only(person, portrait, place, front,
                                            back):
    upper = replace(person.upper, print=Print('disc', RED, place))
    printed = replace(person, upper=upper)
    assert (of_colour(portrait(printed, FRONT), RED) > 30) == front
    assert (of_colour(portrait(printed, BACK), RED) > 30) == back


def test_an_open_jacket_shows_what_is_below_from_the_front(person, portrait):
    upper = replace(person.upper, kind='open jacket', inner=RED)
    jacket = replace(person, upper=upper)
    assert of_colour(portrait(jacket, FRONT), RED) > 300
    assert of_colour(portrait(jacket, BACK), RED) < 20


def test_the_face_is_seen_from_the_front_only(person, portrait):
    skin = replace(person.body, skin=RED)
    red = replace(person, body=skin)
    assert of_colour(portrait(red, FRONT)[:70],
                     RED) > 2 * of_colour(portrait(red, BACK)[:70], RED)


@pytest.mark.parametrize('style', ['long', 'ponytail'])
def test_hair_falls_over_the_back(person, portrait, style):
    below_the_chin = slice(53, 110)
    combed = replace(
        person, hair=replace(person.hair, style=style, colour=RED))
    behind = of_colour(portrait(combed, BACK)[below_the_chin], RED)
    assert behind > 10
    assert behind > 3 * of_colour(portrait(combed, FRONT)[below_the_chin], RED)


@pytest.mark.parametrize('style', HAIR_STYLES)
def test_no_hair_covers_the_face(person, portrait, style):
    body = replace(person.body, skin=RED)
    hair = replace(person.hair, style=style)
    face = portrait(replace(person, body=body, hair=hair), FRONT)[35:52]
    assert of_colour(face, RED) > 60


def test_the_peak_of_a_cap_is_hidden_from_behind(person, portrait):
    """From there, a cap is as wide as a beanie."""

    def width(kind, yaw):
        worn = replace(person, headwear=Headwear(kind, RED))
        hat = portrait(worn, yaw)[..., 0] - portrait(worn, yaw)[..., 2] > 40
        return hat.any(0).sum()

    assert width('cap', BACK) == width('beanie', BACK)
    assert width('cap', 90) > 1.2 * width('beanie', 90)


def test_side_stripes_are_seen_from_the_side(person, portrait):
    lower = replace(person.lower, side_stripe=RED)
    striped = replace(person, lower=lower)
    from_the_side = of_colour(portrait(striped, 90), RED)
    assert from_the_side > 2 * of_colour(portrait(striped, FRONT), RED)


@pytest.mark.parametrize('side, yaw', [('left', 270), ('right', 90)])
def test_a_bag_hides_behind_the_body_on_the_far_side(person, portrait, side,
                                                     yaw):
    carried = replace(person, bag=Bag('shoulder bag', RED, LIME, side))
    near = of_colour(portrait(carried, yaw), RED)
    far = of_colour(portrait(carried, yaw + 180), RED)
    assert near > 3 * far


@pytest.mark.parametrize('kinds, dress', [
    (UPPER_CUTS,
     lambda p, kind: replace(p, upper=replace(p.upper, kind=kind))),
    (LOWER_CUTS,
     lambda p, kind: replace(p, lower=replace(p.lower, kind=kind))),
    (HAIR_STYLES,
     lambda p, kind: replace(p, hair=replace(p.hair, style=kind))),
    (INSTEPS, lambda p, kind: replace(p, shoes=replace(p.shoes, kind=kind))),
    (BAGS, lambda p, kind: replace(p, bag=Bag(kind, RED, LIME, 'left'))),
    (COVERED_BY, lambda p, kind: replace(p, headwear=Headwear(kind, RED))),
    (PRINT_PLACES, lambda p, kind: replace(
        p, upper=replace(p.upper, print=Print('disc', RED, kind)))),
])
def test_all_kinds_of_a_thing_look_different(person, portrait, kinds, dress):
    """From some side, at least: a print on the back shows from behind."""
    looks = {
        kind:
        np.concatenate(
            [portrait(dress(person, kind), yaw) for yaw in (30, 210)])
        for kind in kinds
    }
    for kind, look in looks.items():
        for other in set(looks) - {kind}:
            assert changed(look, looks[other]) >= 10, (kind, other)


@pytest.mark.parametrize('change', [
    lambda p: replace(p, scarf=RED),
    lambda p: replace(p, hair=replace(p.hair, beard=True)),
    lambda p: replace(p, hair=replace(p.hair, glasses=True)),
    lambda p: replace(p, upper=replace(p.upper, sleeves=RED)),
    lambda p: replace(
        p, upper=replace(p.upper, pattern=Pattern('dots', RED, 6))),
    lambda p: replace(
        p, lower=replace(p.lower, pattern=Pattern('checks', RED, 6))),
    lambda p: replace(p, body=replace(p.body, girth=1.25)),
    lambda p: replace(p, body=replace(p.body, shoulders=1.1)),
    lambda p: replace(p, body=replace(p.body, hips=1.1)),
    lambda p: replace(p, body=replace(p.body, legs=1.04)),
    lambda p: replace(p, body=replace(p.body, head=1.1)),
    lambda p: replace(p, shoes=replace(p.shoes, sole=LIME)),
])
def test_each_small_thing_is_seen(person, portrait, change):
    assert changed(portrait(change(person)), portrait(person)) > 8


def test_socks_show_in_trainers(person, portrait):
    lower = replace(person.lower, kind='shorts')
    shoes = replace(person.shoes, kind='trainers', socks=RED)
    runner = replace(person, lower=lower, shoes=shoes)
    assert of_colour(portrait(runner), RED) > 20


@pytest.mark.parametrize('pose', [
    dict(stride=25, phase=0.25),
    dict(left_arm='phone'),
    dict(right_arm='pocket'),
    dict(head_turn=40),
    dict(lean=9),
])
def test_each_part_of_a_pose_moves_the_figure(person, portrait, pose):
    assert changed(portrait(person, 40, **pose), portrait(person, 40)) > 40


@pytest.mark.parametrize('yaw', range(0, 360, 45))
def test_a_walking_figure_is_in_one_piece(person, portrait, yaw):
    """Every row between crown and soles has a part of the figure in it."""
    painted = portrait(person, yaw, stride=25, phase=0.3).min(2) < 250
    rows = np.nonzero(painted.any(1))[0]
    assert len(rows) == rows[-1] - rows[0] + 1
    assert len(rows) > 180
