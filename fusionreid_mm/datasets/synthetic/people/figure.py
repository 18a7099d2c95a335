"""Paints a person: an appearance in a pose, seen from a viewpoint.

The body is a set of tubes. They are painted from back to front by the part
they belong to, so that a backpack hides the back from behind and is hidden by
the trunk from the front.
"""
import functools
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from . import accessories, anatomy, clothing
from .appearance import Person
from .head import hair_fabric, hair_off_head, head, head_fabric
from .pose import SIDES, Pose, Skeleton, Viewpoint, build_skeleton
from .surface import Light, Tube, paint_tube

__all__ = ['paint_figure']

_Tubes = List[Tube]

FAR_SIDE_SHADE = 0.82  # what is behind the body lies in its shadow


class Fabrics(NamedTuple):
    """Everything that is wrapped around the tubes of one person."""
    head: np.ndarray
    trunk: np.ndarray
    sleeves: Dict[str, np.ndarray]
    legs: Dict[str, np.ndarray]
    hair: np.ndarray
    bag: Optional[np.ndarray]


@functools.lru_cache(maxsize=256)
def _sew(person: Person) -> Fabrics:
    """Paint the fabrics of a person; all their pictures share them."""
    trunk = clothing.upper_fabric(person.upper)
    if person.bag:
        accessories.strap(trunk, person.bag)
    if person.scarf:
        accessories.scarf_end(trunk, person.scarf)
    sleeve = clothing.sleeve_fabric(person.upper)
    leg = clothing.leg_fabric(person.lower)
    return Fabrics(
        head_fabric(person.hair, person.body.skin), trunk,
        _left_and_right(sleeve), _left_and_right(leg),
        hair_fabric(person.hair),
        accessories.bag_fabric(person.bag) if person.bag else None)


def _left_and_right(left: np.ndarray) -> Dict[str, np.ndarray]:
    return {'left': left, 'right': np.ascontiguousarray(left[:, ::-1])}


def paint_figure(canvas: np.ndarray, person: Person, pose: Pose,
                 view: Viewpoint, light: Light) -> None:
    """Paint a person over a picture.

    Args:
        canvas (np.ndarray): Picture (H, W, 3), float32 RGB 0 to 255; changed
            in place.
        person (Person): Who is painted.
        pose (Pose): What they do and which way they face.
        view (Viewpoint): Where the camera is.
        light (Light): Where the light comes from.
    """
    for tube in _back_to_front(person, pose, view):
        paint_tube(canvas, tube, view, pose.yaw, light)


def _back_to_front(person: Person, pose: Pose, view: Viewpoint) -> _Tubes:
    """Return the tubes of a person in the order of painting."""
    skeleton, fabrics = build_skeleton(person.body, pose), _sew(person)
    trunk = clothing.trunk(person.upper, person.body, skeleton, fabrics.trunk)
    skull = head(skeleton, fabrics.head, pose.head_turn)

    def split(parts: List[_Tubes], middle: Tube) -> Tuple[_Tubes, _Tubes]:
        """Tell what is behind a tube from what is before it."""
        behind, before = [], []
        limit = middle.nearness(view, pose.yaw)
        parts = [part for part in parts if part]
        parts.sort(key=lambda part: part[-1].nearness(view, pose.yaw))
        for part in parts:
            if part[-1].nearness(view, pose.yaw) < limit:
                behind += _in_shadow(part)
            else:
                before += part
        return behind, before

    behind_trunk, before_trunk = split(
        _around_trunk(person, skeleton, fabrics), trunk)
    behind_head, before_head = split(
        _around_head(person, pose, skeleton, fabrics), skull)
    return (behind_trunk + behind_head +
            _below_waist(person, pose, view, skeleton, fabrics) +
            [anatomy.neck(skeleton, person.body.skin), trunk] +
            _on_head(person, pose, skeleton, skull) + before_head +
            before_trunk)


def _around_trunk(person: Person, skeleton: Skeleton,
                  fabrics: Fabrics) -> List[_Tubes]:
    """Return arms and bag."""
    parts = [_arm(person, skeleton, side, fabrics) for side in SIDES]
    if person.bag and fabrics.bag is not None:
        parts.append([accessories.bag(person.bag, skeleton, fabrics.bag)])
    return parts


def _around_head(person: Person, pose: Pose, skeleton: Skeleton,
                 fabrics: Fabrics) -> List[_Tubes]:
    """Return the hair that stands off the head, and the peak of a cap."""
    parts = [hair_off_head(person.hair, skeleton, fabrics.hair)]
    if person.headwear:
        parts.append(
            accessories.peak(person.headwear, skeleton, pose.head_turn))
    return parts


def _arm(person: Person, skeleton: Skeleton, side: str,
         fabrics: Fabrics) -> _Tubes:
    arm = skeleton.arms[side]
    tubes = [anatomy.hand(arm, person.body.skin)]
    if clothing.UPPER_CUTS[person.upper.kind].sleeve < 1:
        tubes += anatomy.bare_arm(arm, person.body)
    return tubes + clothing.sleeve(arm, person.upper, person.body,
                                   fabrics.sleeves[side])


def _below_waist(person: Person, pose: Pose, view: Viewpoint,
                 skeleton: Skeleton, fabrics: Fabrics) -> _Tubes:
    """Return legs, shoes and what is worn on them."""
    far, near = sorted(
        SIDES,
        key=lambda side: view.project(skeleton.legs[side].knee, pose.yaw).
        nearness)
    legs = {
        side: _leg(person, skeleton, side, fabrics.legs[side])
        for side in SIDES
    }
    far_leg = _in_shadow(legs[far])
    if clothing.LOWER_CUTS[person.lower.kind].skirt:
        skirt = clothing.skirt(person.lower, person.body, skeleton,
                               fabrics.legs['left'])
        return [*far_leg, *legs[near], skirt]
    seat = clothing.trouser_seat(person.lower, person.body, skeleton,
                                 fabrics.legs['left'])
    return [*far_leg, seat, *legs[near]]


def _leg(person: Person, skeleton: Skeleton, side: str,
         fabric: np.ndarray) -> _Tubes:
    leg, cut = skeleton.legs[side], clothing.LOWER_CUTS[person.lower.kind]
    tubes = []
    if cut.skirt or cut.length < 0.9:
        tubes += anatomy.bare_leg(leg, person.body)
    tubes += clothing.shoe(leg, person.shoes)
    if not cut.skirt:
        tubes += clothing.trouser_leg(leg, person.lower, person.body, fabric)
    return tubes


def _on_head(person: Person, pose: Pose, skeleton: Skeleton,
             skull: Tube) -> _Tubes:
    """Return scarf, head and hat."""
    parts = [skull]
    if person.scarf:
        parts.insert(0, accessories.scarf(person.scarf, skeleton))
    if person.headwear:
        parts += accessories.headwear(person.headwear, skeleton,
                                      pose.head_turn)
    return parts


def _in_shadow(tubes: _Tubes) -> _Tubes:
    return [tube._replace(shade=tube.shade * FAR_SIDE_SHADE) for tube in tubes]
