"""Surfaces of the built world: noise, plaster, bricks.

Textures are float32 RGB, 0 to 255; a size is a (height, width) in pixels.
"""
from typing import Tuple

import cv2
import numpy as np

from ..palette import Colour

__all__ = ['bricks', 'cloud', 'pick', 'plaster']


def cloud(rng: np.random.Generator, size: Tuple[int, int],
          blob: float) -> np.ndarray:
    """Return soft noise, mean 0, about -1 to 1.

    Args:
        rng (np.random.Generator): Where the noise comes from.
        size (tuple[int, int]): Height and width.
        blob (float): Size of its blobs in pixels.
    """
    coarse = [max(2, round(side / blob)) for side in size]
    noise = rng.uniform(-1, 1, coarse).astype(np.float32)
    return cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC)


def plaster(rng: np.random.Generator, size: Tuple[int, int], colour: Colour,
            roughness: float) -> np.ndarray:
    """Return a colour with stains and grain of ``roughness`` grey levels."""
    stains = 0.6 * cloud(rng, size, 90) + 0.4 * cloud(rng, size, 5)
    return np.asarray(colour,
                      np.float32) + np.float32(roughness) * stains[..., None]


def bricks(rng: np.random.Generator, size: Tuple[int, int], colour: Colour,
           brick: Tuple[int, int]) -> np.ndarray:
    """Return rows of bricks, each of the height and width ``brick``."""
    rows, columns = np.arange(size[0])[:, None], np.arange(size[1])[None, :]
    course = rows // brick[0]
    shifted = columns + (course % 2) * (brick[1] // 2)
    number = shifted // brick[1]
    tints = rng.normal(0, 11, (int(course.max()) + 1, int(number.max()) + 1))
    wall = plaster(rng, size, colour, 8)
    wall += tints[course, number][..., None]
    wall[(rows % brick[0] < 3) | (shifted % brick[1] < 3)] += 26
    return wall


def pick(rng: np.random.Generator, *colours: Tuple[int, int, int]) -> Colour:
    """Return one of some colours, a little lighter or darker."""
    chosen = np.asarray(colours[rng.integers(len(colours))])
    shade = chosen + rng.normal(0, 8) + rng.normal(0, 3, 3)
    red, green, blue = np.clip(shade, 0, 255).astype(int).tolist()
    return Colour(red, green, blue)
