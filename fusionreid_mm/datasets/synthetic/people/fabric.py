"""Painted fabrics: weaves, prints, openings and straps.

A fabric is the unrolled surface of a tube, as :mod:`.surface` wraps it: rows
run from top to bottom, columns once around the body with the front in the
middle. Places are given as an angle around the body in degrees (0 front, 90
left, -90 right, 180 back) and as a height from 0 (top) to 1 (bottom).
"""
import functools
from typing import Callable, Dict, Tuple

import cv2
import numpy as np

from ..palette import Colour
from .appearance import Pattern

__all__ = [
    'PATTERNS', 'PRINT_SHAPES', 'darker', 'fill', 'new_fabric', 'paint_band',
    'paint_panel', 'paint_print', 'paint_strap', 'plain', 'weave'
]

ROWS, COLUMNS = 120, 192
_SHIFT = 4  # fractional bits of OpenCV's drawing coordinates


def new_fabric(colour: Colour) -> np.ndarray:
    """Return a fabric to paint on (120, 192, 3), uint8 RGB."""
    return np.full((ROWS, COLUMNS, 3), colour, np.uint8)


@functools.lru_cache(maxsize=1024)
def plain(colour: Colour) -> np.ndarray:
    """Return a fabric of one colour, to be left as it is: (2, 2, 3)."""
    fabric = np.full((2, 2, 3), colour, np.uint8)
    fabric.flags.writeable = False
    return fabric


def darker(colour: Colour, factor: float = 0.7) -> Colour:
    """Return ``colour`` with its brightness multiplied by ``factor``."""
    red, green, blue = (min(255, int(value * factor)) for value in colour)
    return Colour(red, green, blue)


def fill(fabric: np.ndarray, angles: Tuple[float, float],
         heights: Tuple[float, float], colour: Colour) -> None:
    """Fill the rectangle between two angles and two heights."""
    (left, top), (right, bottom) = (_texel(angle, height)
                                    for angle, height in zip(angles, heights))
    fabric[round(top):round(bottom), round(left):round(right)] = colour


def paint_band(fabric: np.ndarray, top: float, bottom: float,
               colour: Colour) -> None:
    """Paint a band all around, between two heights."""
    fill(fabric, (-180, 180), (top, bottom), colour)


def paint_panel(fabric: np.ndarray, middle: float, width: float,
                colour: Colour) -> None:
    """Paint a strip from top to bottom, ``width`` degrees wide."""
    fill(fabric, (middle - width / 2, middle + width / 2), (0, 1), colour)


def paint_strap(fabric: np.ndarray,
                start: Tuple[float, float],
                end: Tuple[float, float],
                colour: Colour,
                width: int = 7) -> None:
    """Paint a strap between two places, each an (angle, height).

    It may run over the edge of the fabric, i.e. an angle may be beyond 180.
    """
    (x0, y0), (x1, y1) = _texel(*start), _texel(*end)
    for lap in (-COLUMNS, 0, COLUMNS):
        cv2.line(fabric, _fixed(x0 + lap, y0), _fixed(x1 + lap, y1), colour,
                 width, cv2.LINE_AA, _SHIFT)


def weave(fabric: np.ndarray, pattern: Pattern) -> None:
    """Paint a pattern over a whole fabric."""
    PATTERNS[pattern.kind](fabric, pattern.colour, pattern.repeats)


def paint_print(fabric: np.ndarray, shape: str, place: Tuple[float, float],
                size: float, colour: Colour) -> None:
    """Paint a logo.

    Args:
        fabric (np.ndarray): Fabric to print on; changed in place.
        shape (str): One of :data:`PRINT_SHAPES`.
        place (tuple[float, float]): Angle and height of its middle.
        size (float): Half its width in degrees around the body.
        colour (Colour): Its colour.
    """
    angle, height = place
    # The back is where the fabric is cut open: bring the print to the front.
    turn = round(angle / 360 * COLUMNS)
    turned = np.roll(fabric, -turn, axis=1)
    outline = np.array(PRINT_SHAPES[shape]) * (size / 360 * COLUMNS)
    outline = outline + _texel(0, height)
    for polygon in outline.reshape(-1, outline.shape[-2], 2):
        cv2.fillPoly(
            turned, [np.round(polygon * 2**_SHIFT).astype(np.int32)],
            colour,
            lineType=cv2.LINE_AA,
            shift=_SHIFT)
    fabric[:] = np.roll(turned, turn, axis=1)


def _texel(angle: float, height: float) -> Tuple[float, float]:
    return (angle / 360 + 0.5) * COLUMNS, height * ROWS


def _fixed(x: float, y: float) -> Tuple[int, int]:
    """Return a place on the fabric in OpenCV's fixed-point numbers."""
    return round(x * 2**_SHIFT), round(y * 2**_SHIFT)


def _periods(length: int, repeats: float) -> np.ndarray:
    """Return the position of each texel within its period, 0 to 1."""
    return (np.arange(length) + 0.5) / length * repeats % 1


def _plain(fabric: np.ndarray, colour: Colour, repeats: int) -> None:
    """Leave a fabric as it is."""


def _stripes(fabric: np.ndarray, colour: Colour, repeats: int) -> None:
    fabric[_periods(ROWS, repeats) > 0.5] = colour


def _thin_stripes(fabric: np.ndarray, colour: Colour, repeats: int) -> None:
    fabric[_periods(ROWS, 1.4 * repeats) > 0.72] = colour


def _pinstripes(fabric: np.ndarray, colour: Colour, repeats: int) -> None:
    fabric[:, _periods(COLUMNS, 3 * repeats) > 0.68] = colour


def _checks(fabric: np.ndarray, colour: Colour, repeats: int) -> None:
    rows = _periods(ROWS, repeats) > 0.5
    columns = _periods(COLUMNS, 2 * repeats) > 0.5
    strength = 0.5 * (rows[:, None, None] + columns[None, :, None])
    fabric[:] = (fabric + strength * (np.array(colour) - fabric)).astype(
        np.uint8)


def _squares(fabric: np.ndarray, colour: Colour, repeats: int) -> None:
    rows = _periods(ROWS, repeats / 2) > 0.5
    columns = _periods(COLUMNS, repeats) > 0.5
    fabric[rows[:, None] ^ columns[None, :]] = colour


def _dots(fabric: np.ndarray, colour: Colour, repeats: int) -> None:
    rows = _periods(ROWS, repeats)[:, None] - 0.5
    columns = _periods(COLUMNS, 2 * repeats)[None, :] - 0.5
    fabric[np.hypot(rows, columns) < 0.3] = colour


def _zigzag(fabric: np.ndarray, colour: Colour, repeats: int) -> None:
    ramp = np.abs(_periods(COLUMNS, 2 * repeats) - 0.5)
    rows = np.arange(ROWS)[:, None] / ROWS * repeats + ramp[None, :]
    fabric[rows % 1 > 0.5] = colour


def _yoke(fabric: np.ndarray, colour: Colour, repeats: int) -> None:
    paint_band(fabric, 0, 0.36, colour)


def _lower_half(fabric: np.ndarray, colour: Colour, repeats: int) -> None:
    paint_band(fabric, 0.56, 1, colour)


def _chest_band(fabric: np.ndarray, colour: Colour, repeats: int) -> None:
    paint_band(fabric, 0.30, 0.52, colour)


def _two_sides(fabric: np.ndarray, colour: Colour, repeats: int) -> None:
    fill(fabric, (0, 180), (0, 1), colour)


def _side_panels(fabric: np.ndarray, colour: Colour, repeats: int) -> None:
    paint_panel(fabric, -90, 64, colour)
    paint_panel(fabric, 90, 64, colour)


def _sash(fabric: np.ndarray, colour: Colour, repeats: int) -> None:
    paint_strap(fabric, (-75, 0.1), (75, 0.95), colour, width=17)


PATTERNS: Dict[str, Callable[[np.ndarray, Colour, int], None]] = {
    'plain': _plain,
    'stripes': _stripes,
    'thin stripes': _thin_stripes,
    'pinstripes': _pinstripes,
    'checks': _checks,
    'squares': _squares,
    'dots': _dots,
    'zigzag': _zigzag,
    'yoke': _yoke,
    'lower half': _lower_half,
    'chest band': _chest_band,
    'two sides': _two_sides,
    'side panels': _side_panels,
    'sash': _sash,
}


def _polygon(corners: int, turn: float = 0.0) -> list:
    angles = np.radians(turn) + np.arange(corners) * 2 * np.pi / corners
    return np.stack([np.sin(angles), -np.cos(angles)], 1).tolist()


def _star(points: int, waist: float) -> list:
    outer = np.array(_polygon(2 * points))
    outer[1::2] *= waist
    return outer.tolist()


def _bar(left: float, top: float, right: float, bottom: float) -> list:
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


# Outlines in units of half the width of the print; one polygon, or several of
# the same number of corners.
PRINT_SHAPES: Dict[str, list] = {
    'disc':
    _polygon(20),
    'square':
    _polygon(4, 45),
    'diamond':
    _polygon(4),
    'triangle':
    _polygon(3),
    'star':
    _star(5, 0.42),
    'cross': [_bar(-1, -0.3, 1, 0.3),
              _bar(-0.3, -1, 0.3, 1)],
    'lettering': [
        _bar(-1, -0.55, 1, -0.2),
        _bar(-0.8, 0.0, 0.8, 0.3),
        _bar(-0.6, 0.5, 0.6, 0.75)
    ],
    'number': [
        _bar(-0.85, -1, -0.35, 1),
        _bar(0.1, -1, 0.85, -0.6),
        _bar(0.5, -1, 0.85, 1)
    ],
    'bolt': [[0.3, -1], [-0.6, 0.15], [-0.05, 0.15], [-0.3, 1], [0.6, -0.2],
             [0.05, -0.2]],
}
