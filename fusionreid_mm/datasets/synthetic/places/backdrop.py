"""What stands behind the ground: walls, shops, hedges, streets.

A backdrop is a picture (height, width, 3), float32 RGB 0 to 255. Sizes are in
pixels; a person in front of it is about 350 high.
"""
from typing import Callable, Dict, Tuple

import numpy as np

from ..palette import FABRICS
from .car import CAR_PAINTS, draw_car
from .texture import bricks, cloud, pick, plaster

__all__ = ['BACKDROPS']

_Size = Tuple[int, int]


def _brick_wall(rng: np.random.Generator, size: _Size) -> np.ndarray:
    colour = pick(rng, (150, 82, 62), (172, 128, 96), (118, 74, 66))
    wall = bricks(rng, size, colour, (15, 42))
    _hang_posters(wall, rng, most=3)
    return wall


def _rendered_wall(rng: np.random.Generator, size: _Size) -> np.ndarray:
    colour = pick(rng, (206, 198, 180), (190, 196, 200), (214, 186, 142),
                  (146, 166, 150), (176, 120, 96))
    wall = plaster(rng, size, colour, 13)
    wall[-46:] *= 0.72
    _hang_posters(wall, rng, most=5)
    return wall


def _hang_posters(wall: np.ndarray, rng: np.random.Generator,
                  most: int) -> None:
    for _ in range(rng.integers(most + 1)):
        left = int(rng.integers(wall.shape[1] - 110))
        top = int(rng.integers(60))
        wide, tall = int(rng.integers(50, 110)), int(rng.integers(70, 150))
        poster = wall[top:min(top + tall, wall.shape[0] - 20),
                      left:left + wide]
        poster[:] = pick(rng, *FABRICS.values())
        title = poster.shape[0] // 3
        poster[title:title + 14, 8:-8] = pick(rng, *FABRICS.values())


def _shop_windows(rng: np.random.Generator, size: _Size) -> np.ndarray:
    front = plaster(rng, size,
                    pick(rng, (58, 62, 70), (92, 54, 44), (188, 184, 176)), 8)
    left = 20
    while left < size[1] - 80:
        right = min(left + int(rng.integers(130, 260)), size[1] - 10)
        pane = front[10:-46, left:right]
        glow = pick(rng, (226, 200, 150), (110, 132, 150), (196, 206, 214))
        pane[:] = plaster(rng, pane.shape[:2], glow, 30)
        _dress_window(pane, rng)
        left = right + int(rng.integers(12, 40))
    return front


def _dress_window(pane: np.ndarray, rng: np.random.Generator) -> None:
    """Put things on show behind the glass, and a reflection on it."""
    height, width = pane.shape[:2]
    for _ in range(rng.integers(3, 7)):
        left = int(rng.integers(width - 16))
        tall = int(height * rng.uniform(0.25, 0.75))
        wide = int(rng.integers(14, 46))
        pane[height - tall:, left:left + wide] = pick(rng, *FABRICS.values())
    diagonal = np.arange(width)[None, :] + np.arange(height)[:, None]
    pane[diagonal % 170 < 46] += 22


def _hedge(rng: np.random.Generator, size: _Size) -> np.ndarray:
    colour = pick(rng, (54, 84, 42), (78, 96, 48), (92, 84, 40))
    leaves = 22 * cloud(rng, size, 7) + 26 * cloud(rng, size, 34)
    tint = np.array((0.9, 1.0, 0.7), np.float32)
    hedge = np.asarray(colour, np.float32) + leaves[..., None] * tint
    for left in rng.integers(0, size[1] - 30, rng.integers(5)):
        hedge[:, left:left + int(rng.integers(14, 28))] = (84, 66, 50)
    return hedge


def _parked_cars(rng: np.random.Generator, size: _Size) -> np.ndarray:
    height, width = size
    street = plaster(rng, size, pick(rng, (112, 112, 114)), 10)
    houses = (height // 3, width)
    street[:height // 3] = plaster(rng, houses,
                                   pick(rng, (170, 176, 178), (150, 132, 112)),
                                   14)
    left = int(rng.integers(-200, 60))
    while left < width:
        length = int(rng.integers(330, 430))
        draw_car(street, (left, height - 14), length, pick(rng, *CAR_PAINTS))
        left += length + int(rng.integers(20, 160))
    return street


def _railings(rng: np.random.Generator, size: _Size) -> np.ndarray:
    height, width = size
    view = plaster(rng, size,
                   pick(rng, (128, 150, 168), (120, 136, 96), (182, 176, 164)),
                   26)
    paint = pick(rng, (44, 48, 50), (206, 206, 202), (52, 82, 66))
    for left in range(0, width, int(rng.integers(26, 48))):
        view[:, left:left + 7] = paint
    for row in (height - 40, height // 2):
        view[row:row + 10] = paint
    return view


def _columns(rng: np.random.Generator, size: _Size) -> np.ndarray:
    hall = plaster(rng, size,
                   pick(rng, (104, 100, 98), (142, 150, 158), (150, 128, 104)),
                   14)
    stone = np.asarray(pick(rng, (204, 198, 186), (178, 178, 180)))
    left = int(rng.integers(120))
    while left < size[1]:
        wide = int(rng.integers(50, 100))
        roundness = 0.45 + 0.55 * np.cos(np.linspace(-1.2, 1.2, wide))
        column = hall[:, left:left + wide]
        column[:] = roundness[:column.shape[1], None] * stone
        left += wide + int(rng.integers(120, 260))
    return hall


def _doors(rng: np.random.Generator, size: _Size) -> np.ndarray:
    wall = plaster(rng, size, pick(rng, (196, 190, 178), (168, 178, 184)), 8)
    paint = np.asarray(
        pick(rng, (92, 66, 48), (62, 86, 110), (150, 48, 44), (66, 100, 74)))
    left = int(rng.integers(100))
    while left < size[1]:
        wall[18:, left:left + 116] = 0.7 * paint
        wall[28:, left + 8:left + 108] = paint
        wall[44:size[0] // 2, left + 24:left + 92] = 0.85 * paint
        left += 116 + int(rng.integers(70, 240))
    return wall


BACKDROPS: Dict[str, Callable[[np.random.Generator, _Size], np.ndarray]] = {
    'brick wall': _brick_wall,
    'rendered wall': _rendered_wall,
    'shop windows': _shop_windows,
    'hedge': _hedge,
    'parked cars': _parked_cars,
    'railings': _railings,
    'columns': _columns,
    'doors': _doors,
}
