"""The head: face, hair, and what is combed off it.

Lengths are in body heights.
"""
from typing import Callable, Dict, List, NamedTuple, Tuple

import numpy as np

from ..palette import Colour
from .anatomy import between, sections
from .appearance import Hair
from .fabric import darker, fill, new_fabric, paint_panel, paint_strap
from .pose import Skeleton
from .surface import Tube

__all__ = [
    'HAIR_STYLES', 'hair_fabric', 'hair_off_head', 'head', 'head_fabric'
]

EYES = Colour(44, 36, 34)
LIPS = Colour(166, 78, 75)
FRAMES = Colour(20, 20, 22)
HEAD_WIDTH, HEAD_DEPTH = 0.0440, 0.0530

# Outline of the head from crown to chin, as shares of its width and depth.
HEAD_OUTLINE = ((0.0, 0.34), (0.06, 0.62), (0.16, 0.86), (0.32, 1.0),
                (0.52, 1.0), (0.70, 0.90), (0.85, 0.70), (1.0, 0.42))


def head(skeleton: Skeleton,
         fabric: np.ndarray,
         head_turn: float,
         grow: float = 0.0) -> Tube:
    """Return the head, ``grow`` body heights larger all around."""
    up = np.array([0.0, grow, 0.0])
    outline = [(at, share * HEAD_WIDTH + grow, share * HEAD_DEPTH + grow)
               for at, share in HEAD_OUTLINE]
    return Tube(
        skeleton.crown + up,
        skeleton.chin,
        sections(*outline),
        fabric,
        round_ends=False,
        turn=head_turn)


def head_fabric(hair: Hair, skin: Colour) -> np.ndarray:
    """Return the skin of a head with face and hair."""
    fabric = new_fabric(skin)
    _paint_face(fabric, hair, skin)
    HAIR_STYLES[hair.style](fabric, hair.colour)
    return fabric


def _paint_face(fabric: np.ndarray, hair: Hair, skin: Colour) -> None:
    for eye in (-24, 24):
        fill(fabric, (eye - 13, eye + 13), (0.42, 0.46), darker(hair.colour))
        fill(fabric, (eye - 10, eye + 10), (0.48, 0.55), EYES)
    fill(fabric, (-7, 7), (0.58, 0.66), darker(skin))
    fill(fabric, (-17, 17), (0.75, 0.80), LIPS)
    for ear in (-90, 90):
        fill(fabric, (ear - 8, ear + 12), (0.46, 0.66), darker(skin, 0.82))
    if hair.beard:
        fill(fabric, (-80, 80), (0.70, 0.74), hair.colour)
        fill(fabric, (-80, 80), (0.81, 1.0), hair.colour)
        for cheek in (-55, 55):
            fill(fabric, (cheek - 28, cheek + 28), (0.60, 1.0), hair.colour)
    if hair.glasses:
        fill(fabric, (-96, 96), (0.46, 0.495), FRAMES)
        for eye in (-25, 25):
            fill(fabric, (eye - 17, eye + 17), (0.46, 0.60), FRAMES)


def _hairline(fabric: np.ndarray, colour: Colour, front: float, side: float,
              back: float) -> None:
    """Cover the head down to a height at the front, the sides and behind."""
    rows, columns = fabric.shape[:2]
    angles = (np.arange(columns) + 0.5) / columns * 360 - 180
    line = np.interp(
        np.abs(angles), (0, 38, 62, 98, 118, 180),
        (front, front, side, side, back, back))
    heights = (np.arange(rows) + 0.5) / rows
    fabric[heights[:, None] < line[None, :]] = colour
    # A few strands catch the light.
    for angle in (-150, -95, -40, 30, 85, 140):
        paint_strap(fabric, (angle, 0.02), (angle + 12, front - 0.02),
                    darker(colour, 1.25), 2)


def _shaved(fabric: np.ndarray, colour: Colour) -> None:
    skin = Colour(*fabric[0, 0].tolist())
    stubble = [round(0.6 * s + 0.4 * c) for s, c in zip(skin, colour)]
    _hairline(fabric, Colour(*stubble), 0.22, 0.42, 0.66)


def _cropped(fabric: np.ndarray, colour: Colour) -> None:
    _hairline(fabric, colour, 0.20, 0.40, 0.70)


def _parted(fabric: np.ndarray, colour: Colour) -> None:
    _hairline(fabric, colour, 0.24, 0.52, 0.84)
    fill(fabric, (-60, -8), (0.20, 0.38), colour)


def _bob(fabric: np.ndarray, colour: Colour) -> None:
    _hairline(fabric, colour, 0.36, 0.96, 1.0)


def _long(fabric: np.ndarray, colour: Colour) -> None:
    _hairline(fabric, colour, 0.26, 1.0, 1.0)


def _tied(fabric: np.ndarray, colour: Colour) -> None:
    _hairline(fabric, colour, 0.24, 0.48, 0.80)


# What a style paints on the head.
HAIR_STYLES: Dict[str, Callable[[np.ndarray, Colour], None]] = {
    'shaved': _shaved,
    'cropped': _cropped,
    'parted': _parted,
    'curly': _parted,
    'bob': _bob,
    'long': _long,
    'ponytail': _tied,
    'bun': _tied,
}


class HairShape(NamedTuple):
    """Hair that stands off the head.

    Args:
        start (tuple[float, float]): Where it starts: above and behind the
            middle of the head.
        end (tuple[float, float]): Where it ends, likewise.
        outline (tuple): Half widths and half depths, evenly spaced.
    """
    start: Tuple[float, float]
    end: Tuple[float, float]
    outline: Tuple[Tuple[float, float], ...]


HAIR_SHAPES: Dict[str, HairShape] = {
    'long':
    HairShape(
        (0.010, 0.026), (-0.150, 0.052),
        ((0.041, 0.028), (0.050, 0.028), (0.052, 0.024), (0.038, 0.016))),
    'bob':
    HairShape((0.004, 0.016), (-0.062, 0.018),
              ((0.047, 0.042), (0.053, 0.043), (0.044, 0.036))),
    'ponytail':
    HairShape((0.026, 0.058), (-0.105, 0.086),
              ((0.012, 0.012), (0.021, 0.019), (0.008, 0.008))),
    'bun':
    HairShape((0.062, 0.034), (0.052, 0.036),
              ((0.026, 0.026), (0.026, 0.026))),
    'curly':
    HairShape((0.030, 0.014), (-0.006, 0.018),
              ((0.056, 0.054), (0.055, 0.052))),
}


def hair_fabric(hair: Hair) -> np.ndarray:
    """Return the unrolled hair that stands off the head."""
    fabric = new_fabric(hair.colour)
    for angle in range(-170, 180, 42):
        paint_panel(fabric, angle, 9, darker(hair.colour, 0.82))
    return fabric


def hair_off_head(hair: Hair, skeleton: Skeleton,
                  fabric: np.ndarray) -> List[Tube]:
    """Return the hair that stands off the head, if the style has any."""
    shape = HAIR_SHAPES.get(hair.style)
    if shape is None:
        return []
    middle = between(skeleton.crown, skeleton.chin, 0.4)
    start, end = (middle + np.array([0.0, up, -back])
                  for up, back in shape[:2])
    places = np.linspace(0, 1, len(shape.outline)).tolist()
    rows = [(at, *radii) for at, radii in zip(places, shape.outline)]
    return [Tube(start, end, sections(*rows), fabric)]
