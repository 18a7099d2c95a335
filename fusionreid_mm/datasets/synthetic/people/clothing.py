"""Garments: their cut, their fabric, and the tubes they are sewn from.

Lengths are in body heights.
"""
from typing import Dict, List, NamedTuple, Tuple

import numpy as np

from ..palette import Colour
from .anatomy import (ARM_RADII, LEG_RADII, between, limb, sections,
                      trunk_sections)
from .appearance import Body, Lower, Shoes, Upper
from .fabric import (darker, fill, new_fabric, paint_band, paint_panel,
                     paint_print, paint_strap, plain, weave)
from .pose import ANKLE_HEIGHT, SPINE, THIGH, Arm, Leg, Skeleton
from .surface import Section, Tube

__all__ = [
    'INSTEPS', 'LOWER_CUTS', 'LowerCut', 'PRINT_PLACES', 'UPPER_CUTS',
    'UpperCut', 'leg_fabric', 'shoe', 'skirt', 'sleeve', 'sleeve_fabric',
    'trouser_leg', 'trouser_seat', 'trunk', 'upper_fabric'
]

CREASES = 0.045
WAIST, CROTCH = 0.225, 0.375  # below the base of the neck


class UpperCut(NamedTuple):
    """Cut of an upper garment.

    Args:
        length (float): From the base of the neck to the hem.
        ease (float): How far the cloth stands off the body.
        sleeve (float): Sleeve as a share of the arm; 0 none, 1 to the wrist.
        front (str): ``'closed'``, ``'open'``, ``'zip'`` or ``'buttons'``.
        collar (str): ``'none'``, ``'round'``, ``'shirt'`` or ``'hood'``.
        quilted (bool): Whether seams run across, as on a down jacket.
        flare (float): How much wider the hem is.
    """
    length: float
    ease: float
    sleeve: float
    front: str = 'closed'
    collar: str = 'none'
    quilted: bool = False
    flare: float = 0.0


UPPER_CUTS: Dict[str, UpperCut] = {
    'T-shirt':
    UpperCut(0.335, 0.007, 0.42, collar='round'),
    'tank top':
    UpperCut(0.325, 0.004, 0.0, collar='round'),
    'sweater':
    UpperCut(0.345, 0.011, 1.0, collar='round'),
    'shirt':
    UpperCut(0.350, 0.008, 1.0, front='buttons', collar='shirt'),
    'polo':
    UpperCut(0.340, 0.007, 0.42, collar='shirt'),
    'hoodie':
    UpperCut(0.355, 0.015, 1.0, collar='hood'),
    'zip hoodie':
    UpperCut(0.355, 0.015, 1.0, front='zip', collar='hood'),
    'jacket':
    UpperCut(0.345, 0.014, 1.0, front='zip', collar='shirt'),
    'open jacket':
    UpperCut(0.350, 0.015, 1.0, front='open', collar='shirt'),
    'down jacket':
    UpperCut(0.345, 0.024, 1.0, front='zip', collar='hood', quilted=True),
    'vest':
    UpperCut(0.340, 0.018, 1.0, front='zip', collar='none', quilted=True),
    'coat':
    UpperCut(0.520, 0.014, 1.0, front='buttons', collar='shirt', flare=0.030),
    'open coat':
    UpperCut(0.540, 0.016, 1.0, front='open', collar='shirt', flare=0.034),
    'dress':
    UpperCut(0.540, 0.006, 0.36, collar='round', flare=0.055),
}


class LowerCut(NamedTuple):
    """Cut of a lower garment.

    Args:
        length (float): As a share of the leg; 1 reaches the ankle.
        ease (float): How far the cloth stands off at the thigh.
        hem (float): How far it stands off at its end.
        skirt (bool): One tube around both legs instead of one for each.
    """
    length: float
    ease: float
    hem: float
    skirt: bool = False


LOWER_CUTS: Dict[str, LowerCut] = {
    'trousers': LowerCut(0.99, 0.006, 0.012),
    'slim trousers': LowerCut(0.97, 0.003, 0.004),
    'wide trousers': LowerCut(1.0, 0.012, 0.028),
    'cropped trousers': LowerCut(0.78, 0.007, 0.013),
    'shorts': LowerCut(0.46, 0.010, 0.018),
    'short skirt': LowerCut(0.46, 0.010, 0.026, skirt=True),
    'long skirt': LowerCut(0.80, 0.010, 0.036, skirt=True),
}

# Radii of a shoe from heel to toes.
INSTEPS: Dict[str, Tuple[float, ...]] = {
    'trainers': (0.019, 0.021, 0.017, 0.013),
    'boots': (0.020, 0.023, 0.019, 0.015),
    'loafers': (0.018, 0.017, 0.015, 0.010),
    'sandals': (0.012, 0.012, 0.013, 0.010),
}
# Angle and height of the middle, half the width in degrees.
PRINT_PLACES: Dict[str, Tuple[Tuple[float, float, float], ...]] = {
    'left chest': ((26, 0.36, 11), ),
    'chest': ((0, 0.44, 28), ),
    'belly': ((0, 0.66, 26), ),
    'back': ((180, 0.40, 34), ),
    'chest and back': ((0, 0.42, 20), (180, 0.38, 30)),
}


def upper_fabric(upper: Upper) -> np.ndarray:
    """Return the unrolled trunk of an upper garment."""
    cut = UPPER_CUTS[upper.kind]
    fabric = new_fabric(upper.colour)
    weave(fabric, upper.pattern)
    if cut.quilted:
        for height in np.arange(0.16, 1, 0.14):
            paint_band(fabric, height, height + 0.025, darker(upper.colour))
    if cut.front == 'open':
        paint_panel(fabric, 0, 44, upper.inner)
        for edge in (-24, 24):
            paint_panel(fabric, edge, 5, darker(upper.colour))
    elif cut.front == 'zip':
        paint_panel(fabric, 0, 6, darker(upper.colour, 0.5))
    elif cut.front == 'buttons':
        paint_panel(fabric, 3, 3, darker(upper.colour, 0.65))
        for height in np.arange(0.18, 0.95, 0.13):
            fill(fabric, (-4, 1), (height, height + 0.025),
                 darker(upper.inner))
    if cut.collar == 'hood' and cut.front == 'closed':
        _paint_pouch(fabric, darker(upper.colour, 0.78))
    if cut.collar == 'round':
        paint_band(fabric, 0.0, 0.035, darker(upper.colour, 0.8))
    elif cut.collar == 'shirt':
        _paint_collar(fabric, upper)
    paint_band(fabric, 0.965, 1.0, darker(upper.colour, 0.75))
    if upper.print:
        for angle, height, size in PRINT_PLACES[upper.print.place]:
            paint_print(fabric, upper.print.shape, (angle, height), size,
                        upper.print.colour)
    return fabric


def _paint_pouch(fabric: np.ndarray, colour: Colour) -> None:
    for side in (-1, 1):
        paint_strap(fabric, (side * 34, 0.90), (side * 24, 0.66), colour, 3)
    paint_strap(fabric, (-24, 0.66), (24, 0.66), colour, 3)


def _paint_collar(fabric: np.ndarray, upper: Upper) -> None:
    paint_band(fabric, 0, 0.06, darker(upper.colour, 0.85))
    for side in (-1, 1):
        paint_strap(fabric, (side * 40, 0.02), (side * 6, 0.17), upper.inner,
                    6)


def sleeve_fabric(upper: Upper) -> np.ndarray:
    """Return the unrolled sleeve, from the shoulder to the wrist."""
    cut = UPPER_CUTS[upper.kind]
    colour = upper.sleeves or upper.colour
    fabric = new_fabric(colour)
    if not upper.sleeves:
        weave(fabric, upper.pattern)
    if cut.quilted:
        for height in np.arange(0.1, 1, 0.12):
            paint_band(fabric, height, height + 0.025, darker(colour))
    paint_band(fabric, 0.955, 1.0, darker(colour, 0.75))
    return fabric


def leg_fabric(lower: Lower) -> np.ndarray:
    """Return the unrolled left leg of a lower garment, or the skirt."""
    fabric = new_fabric(lower.colour)
    weave(fabric, lower.pattern)
    if lower.side_stripe:
        both_sides = LOWER_CUTS[lower.kind].skirt
        for seam in (-90, 90) if both_sides else (90, ):
            paint_panel(fabric, seam, 34, lower.side_stripe)
    paint_band(fabric, 0.97, 1.0, darker(lower.colour, 0.75))
    return fabric


def trunk(upper: Upper, body: Body, skeleton: Skeleton,
          fabric: np.ndarray) -> Tube:
    """Return the trunk of an upper garment, down to its hem."""
    cut = UPPER_CUTS[upper.kind]
    collar = skeleton.neck + np.array([0.0, 0.008, 0.0])
    down = skeleton.pelvis - collar
    hem = collar + cut.length * down / np.linalg.norm(down)
    # A long garment hangs straight down below the hips.
    hem[2] = min(hem[2], skeleton.pelvis[2])
    outline = trunk_sections(body, cut.length, cut.ease, cut.flare)
    if cut.flare:
        outline = _widen_for_stride(outline, skeleton, collar[1], hem[1])
    return Tube(
        collar, hem, outline, fabric, round_ends=False, creases=CREASES)


def _widen_for_stride(outline: List[Section], skeleton: Skeleton, top: float,
                      bottom: float) -> List[Section]:
    """Make room for the legs: cloth around both follows the stride."""
    reach = max(
        abs(leg.knee[2] - skeleton.pelvis[2])
        for leg in skeleton.legs.values())
    crotch = skeleton.pelvis[1] - 0.02
    wider = []
    for section in outline:
        below = crotch - (top + section.at * (bottom - top))
        room = 0.9 * reach * np.clip(below / THIGH, 0, 1.4)
        wider.append(section._replace(depth=section.depth + float(room)))
    return wider


def sleeve(arm: Arm, upper: Upper, body: Body,
           fabric: np.ndarray) -> List[Tube]:
    """Return the sleeve tubes of one arm; none for a tank top."""
    cut = UPPER_CUTS[upper.kind]
    if not cut.sleeve:
        return []
    shoulder, elbow, wrist = np.multiply(ARM_RADII, np.sqrt(
        body.girth)) + 0.003 + 0.5 * cut.ease
    half = fabric.shape[0] // 2
    upper_end = between(arm.shoulder, arm.elbow, min(1.0, 2 * cut.sleeve))
    tubes = [
        limb(
            arm.shoulder,
            upper_end, (shoulder, 0.98 * shoulder, 0.88 * shoulder),
            fabric[:half],
            creases=CREASES)
    ]
    if cut.sleeve > 0.5:
        cuff = between(arm.elbow, arm.wrist, 2 * cut.sleeve - 1)
        tubes.append(
            limb(
                arm.elbow,
                cuff, (elbow, elbow, wrist),
                fabric[half:],
                creases=CREASES))
    return tubes


def trouser_seat(lower: Lower, body: Body, skeleton: Skeleton,
                 fabric: np.ndarray) -> Tube:
    """Return the seat of trousers, from the waist to the crotch."""
    cut = LOWER_CUTS[lower.kind]
    below_waist = [
        section for section in trunk_sections(body, CROTCH, 0.5 * cut.ease)
        if section.at >= WAIST / CROTCH
    ]
    start = below_waist[0].at
    outline = [
        section._replace(at=(section.at - start) / (1 - start))
        for section in below_waist
    ]
    down = CROTCH / SPINE * (skeleton.pelvis - skeleton.neck)
    return Tube(
        skeleton.neck + start * down,
        skeleton.neck + down,
        outline,
        fabric[:fabric.shape[0] // 5],
        creases=CREASES)


def trouser_leg(leg: Leg, lower: Lower, body: Body,
                fabric: np.ndarray) -> List[Tube]:
    """Return the tubes of one trouser leg."""
    cut = LOWER_CUTS[lower.kind]
    hip, knee, ankle = np.multiply(LEG_RADII, (body.girth, body.girth, 1.0))
    half = fabric.shape[0] // 2
    # The cloth stands off more and more, from the thigh to the hem.
    top, middle = hip + cut.ease, knee + 0.5 * (cut.ease + cut.hem)
    if cut.length <= 0.5:
        share = 2 * cut.length
        hem = (1 - share) * hip + share * knee + cut.hem
        return [
            limb(
                leg.hip,
                between(leg.hip, leg.knee, share), (top, hem),
                fabric[:half],
                creases=CREASES)
        ]
    share = 2 * cut.length - 1
    hem = (1 - share) * knee + share * ankle + cut.hem
    return [
        limb(leg.hip, leg.knee, (top, middle), fabric[:half], creases=CREASES),
        limb(
            leg.knee,
            between(leg.knee, leg.ankle, share), (middle, hem),
            fabric[half:],
            creases=CREASES)
    ]


def skirt(lower: Lower, body: Body, skeleton: Skeleton,
          fabric: np.ndarray) -> Tube:
    """Return a skirt: one tube around both legs."""
    cut = LOWER_CUTS[lower.kind]
    waist = skeleton.pelvis + np.array([0.0, SPINE - WAIST, 0.0])
    leg = skeleton.pelvis[1] - ANKLE_HEIGHT
    hem = skeleton.pelvis - np.array([0.0, cut.length * leg, 0.0])
    width, depth = 0.097 * body.girth * body.hips, 0.074 * body.girth
    outline = sections((0.0, 0.8 * width + cut.ease, 0.85 * depth + cut.ease),
                       (0.3, width + cut.ease, depth + cut.ease),
                       (1.0, width + cut.hem, depth + cut.hem))
    return Tube(
        waist,
        hem,
        _widen_for_stride(outline, skeleton, waist[1], hem[1]),
        fabric,
        round_ends=False,
        creases=CREASES)


def shoe(leg: Leg, shoes: Shoes) -> List[Tube]:
    """Return shaft or sock, sole and shoe of one foot."""
    leather = plain(shoes.colour)
    below = np.array([0.0, 0.010, 0.0])
    tubes = [
        limb(leg.heel - below, leg.toes - below, (0.013, 0.012, 0.013, 0.011),
             plain(shoes.sole)),
        limb(leg.ankle, leg.heel, (0.021, 0.020), leather),
        limb(leg.heel, leg.toes, INSTEPS[shoes.kind], leather),
    ]
    if shoes.kind == 'boots':
        top = between(leg.ankle, leg.knee, 0.42)
        tubes.insert(0, limb(top, leg.ankle, (0.036, 0.030, 0.025), leather))
    elif shoes.kind == 'trainers':
        top = between(leg.ankle, leg.knee, 0.16)
        tubes.insert(0, limb(top, leg.ankle, (0.024, 0.024),
                             plain(shoes.socks)))
    return tubes
