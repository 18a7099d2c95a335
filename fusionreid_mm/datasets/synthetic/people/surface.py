"""The one shape that bodies and clothes are made of: a tube with a fabric.

A tube has an elliptic cross-section that changes along its axis, and a fabric
wrapped around it. Painting it gives every pixel its place on that fabric, so
that a print sits on the chest, stripes bend around the trunk, and what is on
the back shows from behind only.

A fabric is an RGB image, uint8: its rows run along the tube from start to end
(top to bottom for a hanging tube), its columns once around the body, the
person's right (-180 to 0 degrees) before the left (0 to 180), the front in
the middle.
"""
import functools
import math
from typing import NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np

from .pose import Joint, Pixel, Viewpoint

__all__ = ['Light', 'Section', 'Tube', 'paint_tube']

# Tables over the axis (0 to 1) and over the width (-1 to 1) of a tube.
_STEPS, _HALF_STEPS = 96, 96
_PLACES = np.linspace(0, 1, _STEPS)
_SIDEWAYS = np.linspace(-1, 1, 2 * _HALF_STEPS + 1)
_ARCSINE = (np.arcsin(_SIDEWAYS) / (2 * np.pi)).astype(np.float32)


class Light(NamedTuple):
    """Light on a scene.

    Args:
        from_right (float): -1 comes from the left, 1 from the right.
        strength (float): 0 is an overcast day, 1 a low sun: how much darker
            the side in shadow is.
        folds (float): Seed of where the clothes crease, in radians.
    """
    from_right: float = 0.3
    strength: float = 0.5
    folds: float = 0.0


class Section(NamedTuple):
    """Cross-section of a tube.

    Args:
        at (float): Where on the axis, 0 (start) to 1 (end).
        width (float): Half the width from side to side, in body heights.
        depth (float): Half the depth from front to back, in body heights.
    """
    at: float
    width: float
    depth: float


class Tube(NamedTuple):
    """An elliptic cylinder along an axis in body space.

    Args:
        start (Joint): Start of the axis in body heights.
        end (Joint): End of the axis in body heights.
        sections (Sequence[Section]): Cross-sections in order of ``at``.
        fabric (np.ndarray): What is wrapped around it, RGB.
        round_ends (bool): Whether half a ball closes either end.
        shade (float): Factor on the brightness, e.g. for what lies in the
            shadow of the body.
        turn (float): Extra turn around the axis, in degrees.
        creases (float): Depth of the folds, 0 for skin and leather.
    """
    start: Joint
    end: Joint
    sections: Sequence[Section]
    fabric: np.ndarray
    round_ends: bool = True
    shade: float = 1.0
    turn: float = 0.0
    creases: float = 0.0

    def nearness(self, view: Viewpoint, yaw: float) -> float:
        """Return how near the middle is to the camera, in body heights."""
        return view.project((self.start + self.end) / 2, yaw).nearness


def paint_tube(canvas: np.ndarray, tube: Tube, view: Viewpoint, yaw: float,
               light: Light) -> None:
    """Paint a tube over a picture.

    Args:
        canvas (np.ndarray): Picture (H, W, 3), float32 RGB 0 to 255; changed
            in place.
        tube (Tube): What to paint.
        view (Viewpoint): Where the camera is.
        yaw (float): Turn of the body in degrees.
        light (Light): Where the light comes from.
    """
    start, end = view.project(tube.start, yaw), view.project(tube.end, yaw)
    radii, seam = _apparent_profile(tube, yaw + tube.turn)
    radii *= view.scale
    window = _window(canvas, start, end, float(radii.max()) + 1)
    if window is None:
        return
    top, bottom, left, right = window
    length = math.hypot(end.x - start.x, end.y - start.y)
    if length < 1e-3:  # it points at the camera: any direction will do
        end, length = end._replace(y=start.y + 1e-3), 1e-3
    down_x, down_y = (end.x - start.x) / length, (end.y - start.y) / length
    x = np.arange(left, right, dtype=np.float32)[None] - np.float32(start.x)
    y = np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(start.y)
    along = x * np.float32(down_x) + y * np.float32(down_y)
    across = x * np.float32(down_y) - y * np.float32(down_x)

    place = np.clip(along * np.float32(1 / length), 0, 1)
    radius = radii[(place * (_STEPS - 1)).astype(np.intp)]
    if tube.round_ends:
        beyond = along - place * np.float32(length)
        inside = radius - np.sqrt(across * across + beyond * beyond)
    else:
        ends = np.float32(length / 2) - np.abs(along - np.float32(length / 2))
        inside = np.minimum(radius - np.abs(across), ends)
    coverage = np.clip(inside + np.float32(0.5), 0, 1)

    sideways = np.clip(across / radius, -1, 1)
    angle = (sideways * _HALF_STEPS + (_HALF_STEPS + 0.5)).astype(np.intp)
    rows, columns = tube.fabric.shape[:2]
    colour = cv2.remap(
        tube.fabric,
        (_ARCSINE[angle] + np.float32(0.5 - seam)) * np.float32(columns),
        place * np.float32(rows - 1),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP)
    brightness = (_lambert(light) * np.float32(tube.shade))[angle]
    if tube.creases:
        brightness *= _folds(place, sideways, tube.creases, light.folds)
    patch = canvas[top:bottom, left:right]
    patch += _three(coverage) * (colour * _three(brightness) - patch)


def _three(channel: np.ndarray) -> np.ndarray:
    """Return a channel three times over: faster than broadcasting it."""
    return cv2.merge((channel, channel, channel))


def _apparent_profile(tube: Tube, yaw: float) -> Tuple[np.ndarray, float]:
    """Return half the width seen along the axis, and where the fabric starts.

    A point of an ellipse at the angle a from the front, (w sin a, d cos a),
    is seen at w sin a cos yaw + d cos a sin yaw = r sin(a + seam), with
    r the apparent radius. The seam is returned in turns.
    """
    at, widths, depths = zip(*tube.sections)
    cosine, sine = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
    radii = [math.hypot(w * cosine, d * sine) for w, d in zip(widths, depths)]
    seam = math.atan2(sum(depths) * sine, sum(widths) * cosine)
    return (np.interp(_PLACES, at,
                      radii).astype(np.float32), seam / (2 * math.pi))


def _window(canvas: np.ndarray, start: Pixel, end: Pixel,
            margin: float) -> Optional[Tuple[int, int, int, int]]:
    """Return top, bottom, left and right of what a tube may touch."""
    left = max(0, math.floor(min(start.x, end.x) - margin))
    top = max(0, math.floor(min(start.y, end.y) - margin))
    right = min(canvas.shape[1], math.ceil(max(start.x, end.x) + margin) + 1)
    bottom = min(canvas.shape[0], math.ceil(max(start.y, end.y) + margin) + 1)
    if left >= right or top >= bottom:
        return None
    return top, bottom, left, right


@functools.lru_cache(maxsize=16)
def _lambert(light: Light) -> np.ndarray:
    """Return the brightness over ``_SIDEWAYS``, 1 in full light."""
    from_side = 0.8 * light.from_right
    from_front = np.sqrt(1 - from_side**2)
    facing = np.sqrt(1 - _SIDEWAYS**2)
    lit = np.maximum(_SIDEWAYS * from_side + facing * from_front, 0)
    return (1 - (0.25 + 0.5 * light.strength) * (1 - lit)).astype(np.float32)


def _folds(place: np.ndarray, sideways: np.ndarray, depth: float,
           seed: float) -> np.ndarray:
    """Return the shading of soft creases that run across a garment."""
    ripple = 17 * place + np.float32(2.6) * sideways + np.float32(seed)
    return 1 + np.float32(depth) * np.sin(ripple)
