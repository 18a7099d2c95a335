"""Things that stand between the camera and a person.

Each painter covers about a given share of the picture, from an edge inwards.
"""
from typing import Callable, Dict

import cv2
import numpy as np

from .car import CAR_PAINTS, draw_car
from .texture import cloud

__all__ = ['OCCLUDERS', 'paint_occluder']

_Painter = Callable[[np.ndarray, float, np.random.Generator], None]

_PAINTS = ((62, 66, 70), (176, 178, 180), (96, 74, 54), (44, 74, 62),
           (168, 52, 44), (206, 176, 60))


def paint_occluder(canvas: np.ndarray, kind: str, share: float,
                   rng: np.random.Generator) -> None:
    """Paint something in front of a person.

    Args:
        canvas (np.ndarray): Picture (H, W, 3), float32 RGB; changed in place.
        kind (str): A key of :data:`OCCLUDERS`.
        share (float): About how much of the picture to cover, 0 to 1.
        rng (np.random.Generator): Where its place and its look come from.
    """
    OCCLUDERS[kind](canvas, share, rng)


def _paint(rng: np.random.Generator) -> np.ndarray:
    return np.asarray(_PAINTS[rng.integers(len(_PAINTS))]) * rng.uniform(
        0.8, 1.15)


def _pole(canvas: np.ndarray, share: float, rng: np.random.Generator) -> None:
    """A lamp post, a tree trunk or a pillar: upright, from top to bottom."""
    width = canvas.shape[1]
    thick = max(6, int(min(share, 0.4) * width))
    left = int(rng.uniform(0, width - thick))
    round_shade = np.linspace(1.2, 0.6, thick, dtype=np.float32)
    canvas[:, left:left + thick] = _paint(rng) * round_shade[:, None]


def _car(canvas: np.ndarray, share: float, rng: np.random.Generator) -> None:
    """A parked car that hides the legs."""
    height, width = canvas.shape[:2]
    tall = int((share + 0.12) * height)
    length = 3 * tall
    left = int(rng.uniform(-0.5 * length, 0.1 * width))
    paint = CAR_PAINTS[rng.integers(len(CAR_PAINTS))]
    draw_car(canvas, (left, height + int(0.2 * tall)), length, paint)


def _bush(canvas: np.ndarray, share: float, rng: np.random.Generator) -> None:
    """Leaves that grow into the picture from below."""
    height, width = canvas.shape[:2]
    tall = max(8, int((share + 0.08) * height))
    part = canvas[height - tall:]
    rough = cloud(rng, (tall, width), 9)
    edge = np.linspace(-1.1, 1.6,
                       tall)[:, None] + 0.5 * cloud(rng, (tall, width), 60)
    leaves = np.array((62, 92, 44)) * (1 + 0.4 * rough[..., None])
    covered = edge + 0.8 * rough > 0
    part[covered] = leaves[covered]


def _board(canvas: np.ndarray, share: float, rng: np.random.Generator) -> None:
    """A sign, a bin or a counter at one side."""
    height, width = canvas.shape[:2]
    wide = int(rng.uniform(0.45, 0.8) * width)
    tall = int(min(0.8, share * width / wide) * height)
    top = int(rng.uniform(0.35, 1.0) * (height - tall))
    left = -wide // 4 if rng.random() < 0.5 else width - 3 * wide // 4
    colour = tuple(_paint(rng).tolist())
    cv2.rectangle(canvas, (left, top), (left + wide, top + tall), colour, -1)
    inner = tuple((0.55 * np.asarray(colour) + 100).tolist())
    cv2.rectangle(canvas, (left + 8, top + 8),
                  (left + wide - 8, top + tall // 2), inner, -1)


def _barrier(canvas: np.ndarray, share: float,
             rng: np.random.Generator) -> None:
    """Railings in front of the legs."""
    height, width = canvas.shape[:2]
    top = int((0.95 - 1.2 * share) * height)
    colour = tuple(_paint(rng).tolist())
    for row in (top, (top + height) // 2, height - 16):
        cv2.rectangle(canvas, (0, row), (width, row + 11), colour, -1)
    spacing = max(14, int(34 - 30 * share))
    for left in range(int(rng.integers(spacing)), width, spacing):
        cv2.rectangle(canvas, (left, top), (left + 6, height), colour, -1)


OCCLUDERS: Dict[str, _Painter] = {
    'pole': _pole,
    'car': _car,
    'bush': _bush,
    'board': _board,
    'barrier': _barrier,
}
