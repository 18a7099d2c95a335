"""What people carry and wear on top: bags, hats, scarves.

Lengths are in body heights.
"""
from typing import List, Tuple

import numpy as np

from ..palette import Colour
from .anatomy import between, limb, sections
from .appearance import Bag, Headwear
from .fabric import darker, fill, new_fabric, paint_band, paint_strap, plain
from .head import head
from .pose import SIDES, SPINE, Skeleton
from .surface import Tube

__all__ = [
    'BAGS', 'COVERED_BY', 'bag', 'bag_fabric', 'headwear', 'peak', 'scarf',
    'scarf_end', 'strap'
]

BAGS = ('backpack', 'shoulder bag', 'tote', 'handbag')
CREASES = 0.08

# Share of the head, from the crown, under each kind of headwear.
COVERED_BY = {'cap': 0.34, 'beanie': 0.42, 'hat': 0.30}

# How far behind the neck a backpack hangs, and how far down it reaches.
PACK_BEHIND, PACK_TOP, PACK_LENGTH = 0.098, 0.035, 0.215


def strap(fabric: np.ndarray, carried: Bag) -> None:
    """Paint the straps of a bag on the trunk that carries it."""
    side = SIDES[carried.side]
    if carried.kind == 'backpack':
        for shoulder in (-1, 1):
            paint_strap(fabric, (shoulder * 52, 0.06), (shoulder * 48, 0.62),
                        carried.trim, 9)
    elif carried.kind == 'shoulder bag':
        for shoulder, hip in ((-38, 75), (218, 105)):
            paint_strap(fabric, (side * shoulder, 0.06), (side * hip, 0.92),
                        carried.trim, 7)
    elif carried.kind == 'tote':
        for shoulder, armpit in ((62, 74), (122, 110)):
            paint_strap(fabric, (side * shoulder, 0.05), (side * armpit, 0.5),
                        carried.trim, 6)


def bag_fabric(carried: Bag) -> np.ndarray:
    """Return the unrolled body of a bag."""
    fabric = new_fabric(carried.colour)
    if carried.kind == 'backpack':
        paint_band(fabric, 0.0, 0.10, carried.trim)
        paint_band(fabric, 0.30, 0.33, darker(carried.colour))
        for pocket in ((-180, -125), (125, 180)):
            fill(fabric, pocket, (0.52, 0.90), carried.trim)
    elif carried.kind == 'shoulder bag':
        paint_band(fabric, 0.0, 0.42, darker(carried.colour, 0.85))
        paint_band(fabric, 0.40, 0.46, carried.trim)
    else:
        paint_band(fabric, 0.0, 0.12, carried.trim)
    return fabric


def bag(carried: Bag, skeleton: Skeleton, fabric: np.ndarray) -> Tube:
    """Return the body of a bag, where it hangs."""
    side = SIDES[carried.side]
    if carried.kind == 'backpack':
        return _pack(skeleton, fabric)
    if carried.kind == 'shoulder bag':
        top = skeleton.pelvis + np.array([0.118 * side, 0.055, -0.005])
        return _pouch(top, 0.125, 0.030, 0.072, fabric)
    if carried.kind == 'tote':
        top = skeleton.pelvis + np.array([0.128 * side, 0.135, -0.02])
        return _pouch(top, 0.185, 0.026, 0.080, fabric)
    hand = skeleton.arms[carried.side].fingertips
    return _pouch(hand + np.array([0.008 * side, -0.008, 0.0]), 0.115, 0.030,
                  0.078, fabric)


def _pack(skeleton: Skeleton, fabric: np.ndarray) -> Tube:
    top = skeleton.neck - np.array([0.0, PACK_TOP, PACK_BEHIND])
    down = (skeleton.pelvis - skeleton.neck) * (PACK_LENGTH / SPINE)
    outline = sections((0.0, 0.058, 0.030), (0.08, 0.076, 0.046),
                       (0.5, 0.084, 0.056), (0.92, 0.086, 0.060),
                       (1.0, 0.074, 0.050))
    return Tube(top, top + down, outline, fabric, round_ends=False)


def _pouch(top: np.ndarray, length: float, width: float, depth: float,
           fabric: np.ndarray) -> Tube:
    bottom = top - np.array([0.0, length, 0.0])
    outline = sections((0.0, 0.75 * width, 0.80 * depth),
                       (0.25, width, 0.95 * depth), (0.9, width, depth),
                       (1.0, 0.8 * width, 0.9 * depth))
    return Tube(top, bottom, outline, fabric, round_ends=False)


def headwear(worn: Headwear, skeleton: Skeleton,
             head_turn: float) -> List[Tube]:
    """Return what covers the head, without the peak of a cap."""
    whole = head(skeleton, plain(worn.colour), head_turn, grow=0.007)
    cover = COVERED_BY[worn.kind]
    covered = [
        section._replace(at=section.at / cover) for section in whole.sections
        if section.at < cover
    ]
    covered.append(covered[-1]._replace(at=1.0))
    rim = between(whole.start, whole.end, cover)
    crown = whole._replace(end=rim, sections=covered)
    if worn.kind == 'hat':
        return [crown, _brim(rim, (0.066, 0.074), (0.080, 0.088), worn)]
    return [crown]


def peak(worn: Headwear, skeleton: Skeleton, head_turn: float) -> List[Tube]:
    """Return the peak of a cap: it hides behind the head from behind."""
    if worn.kind != 'cap':
        return []
    turn = np.radians(head_turn)
    forward = np.array([np.sin(turn), 0.0, np.cos(turn)])
    rim = between(skeleton.crown, skeleton.chin, COVERED_BY['cap'])
    return [_brim(rim + 0.048 * forward, (0.038, 0.046), (0.038, 0.034), worn)]


def _brim(middle: np.ndarray, top: Tuple[float, float],
          bottom: Tuple[float, float], worn: Headwear) -> Tube:
    up = np.array([0.0, 1.0, 0.0])
    return Tube(
        middle + 0.008 * up,
        middle - 0.004 * up,
        sections((0.0, *top), (1.0, *bottom)),
        plain(darker(worn.colour, 0.8)),
        round_ends=False)


def scarf(colour: Colour, skeleton: Skeleton) -> Tube:
    """Return a scarf around the neck; its end is painted on the trunk."""
    return limb(
        skeleton.neck + np.array([0.0, 0.012, 0.004]),
        skeleton.neck + np.array([0.0, -0.010, 0.004]), (0.040, 0.054),
        plain(colour),
        creases=CREASES)


def scarf_end(fabric: np.ndarray, colour: Colour) -> None:
    """Paint the hanging end of a scarf on the trunk of its wearer."""
    paint_strap(fabric, (-14, 0.02), (-11, 0.44), darker(colour, 0.9), 16)
