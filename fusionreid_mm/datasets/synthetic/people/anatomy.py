"""The body below the head as tubes, and its outline.

Lengths are in body heights.
"""
from typing import List, Sequence, Tuple

import numpy as np

from ..palette import Colour
from .appearance import Body
from .fabric import plain
from .pose import Arm, Joint, Leg, Skeleton
from .surface import Section, Tube

__all__ = [
    'ARM_RADII', 'LEG_RADII', 'bare_arm', 'bare_leg', 'between', 'hand',
    'limb', 'neck', 'sections', 'trunk_sections'
]

# Trunk from the base of the neck down: height below the neck, half the width
# and half the depth of an average body.
TRUNK_OUTLINE = np.array([
    (-0.010, 0.032, 0.036),
    (0.010, 0.048, 0.046),
    (0.028, 0.088, 0.054),
    (0.045, 0.108, 0.060),
    (0.070, 0.112, 0.064),
    (0.110, 0.104, 0.068),
    (0.160, 0.095, 0.068),
    (0.225, 0.083, 0.062),
    (0.290, 0.092, 0.066),
    (0.345, 0.097, 0.074),
    (0.400, 0.092, 0.070),
    (0.500, 0.088, 0.064),
])
SHOULDERS_END, WAIST_END = 0.12, 0.24

# Radii at the top, the middle and the bottom joint.
ARM_RADII = (0.0265, 0.0235, 0.0165)
LEG_RADII = (0.0500, 0.0350, 0.0215)
NECK_RADIUS = 0.0255
HAND_RADIUS = 0.0155


def between(start: Joint, end: Joint, share: float) -> Joint:
    """Return the point at ``share`` of the way from ``start`` to ``end``."""
    return start + share * (end - start)


def sections(*rows: Tuple[float, float, float]) -> List[Section]:
    """Return cross-sections from rows of place, half width, half depth."""
    return [Section(*row) for row in rows]


def limb(start: Joint, end: Joint, radii: Sequence[float], fabric: np.ndarray,
         **kwargs) -> Tube:
    """Return a round tube with evenly spaced radii."""
    places = np.linspace(0, 1, len(radii)).tolist()
    rows = [(at, radius, radius) for at, radius in zip(places, radii)]
    return Tube(start, end, sections(*rows), fabric, **kwargs)


def trunk_sections(body: Body,
                   length: float,
                   ease: float = 0.0,
                   flare: float = 0.0) -> List[Section]:
    """Return the outline of a trunk, or of what is worn on it.

    Args:
        body (Body): Whose trunk.
        length (float): From the base of the neck down.
        ease (float): How far the cloth stands off the body.
        flare (float): How much wider than the body the cloth is at its hem.
    """
    heights = np.linspace(0, length, 24)
    below, width, depth = TRUNK_OUTLINE.T
    landmarks = (0, SHOULDERS_END, WAIST_END, 0.345)
    girth = body.girth
    across = np.interp(
        heights, landmarks,
        (0.5 + 0.5 * body.shoulders, body.shoulders, girth, girth * body.hips))
    through = np.interp(heights, landmarks,
                        (1, 0.5 + 0.5 * girth, girth, girth))
    grown = ease * np.clip(heights / 0.05, 0.2, 1) + flare * (
        np.clip(heights / max(length, 1e-6), 0, 1)**2)
    widths = np.interp(heights, below, width) * across + grown
    depths = np.interp(heights, below, depth) * through + grown
    return sections(*zip(heights / length, widths, depths))


def bare_leg(leg: Leg, body: Body) -> List[Tube]:
    """Return thigh and shank of a bare leg."""
    skin = plain(body.skin)
    hip, knee, ankle = np.multiply(LEG_RADII, (body.girth, body.girth, 1.0))
    calf = knee * 1.02
    return [
        limb(leg.hip, leg.knee, (hip, 0.5 * (hip + knee), knee), skin),
        limb(leg.knee, leg.ankle, (knee * 0.95, calf, 0.72 * calf, ankle),
             skin),
    ]


def bare_arm(arm: Arm, body: Body) -> List[Tube]:
    """Return the upper arm and the forearm of a bare arm."""
    skin = plain(body.skin)
    shoulder, elbow, wrist = np.multiply(ARM_RADII, np.sqrt(body.girth))
    return [
        limb(arm.shoulder, arm.elbow, (shoulder, 0.95 * shoulder, elbow),
             skin),
        limb(arm.elbow, arm.wrist, (elbow, elbow, wrist), skin),
    ]


def hand(arm: Arm, skin: Colour) -> Tube:
    """Return a hand."""
    return limb(arm.wrist, arm.fingertips,
                (0.8 * HAND_RADIUS, HAND_RADIUS, 0.6 * HAND_RADIUS),
                plain(skin))


def neck(skeleton: Skeleton, skin: Colour) -> Tube:
    """Return the neck; it reaches up into the head."""
    top = between(skeleton.chin, skeleton.crown, 0.3)
    return limb(
        top,
        skeleton.neck, (NECK_RADIUS, NECK_RADIUS, 0.031),
        plain(skin),
        shade=0.88)
