"""Places: what a camera sees when nobody walks by.

A scene is one wide picture for each camera; every shot looks at a part of it.
Sizes are in pixels of the drawing, in which a person is about 350 high.
"""
from dataclasses import dataclass
from typing import Tuple

import cv2
import numpy as np

from .backdrop import BACKDROPS
from .ground import GROUNDS, lay_ground
from .texture import cloud, pick

__all__ = ['Scene', 'build_scene']

SIZE = HEIGHT, WIDTH = 640, 1200
FOOT_ROW = 520  # where people stand
_NEUTRAL = np.array((150.0, 148.0, 144.0), np.float32)


@dataclass(frozen=True)
class Scene:
    """What a camera sees.

    Args:
        picture (np.ndarray): The empty place (640, 1200, 3), uint8 RGB.
    """
    picture: np.ndarray

    def look(self, middle: float, zoom: float, size: Tuple[int, int],
             foot_row: float) -> np.ndarray:
        """Return the part of the place around a person.

        Args:
            middle (float): Where the person stands, 0 (left) to 1 (right).
            zoom (float): Pixels of the result per pixel of the scene.
            size (tuple[int, int]): Height and width of the result.
            foot_row (float): Row of the result where the person stands.

        Returns:
            np.ndarray: Picture (*size, 3), float32 RGB 0 to 255.
        """
        height, width = size
        reach = width / zoom / 2
        column = reach + middle * (WIDTH - 2 * reach)
        shift = np.array([[zoom, 0, width / 2 - zoom * column],
                          [0, zoom, foot_row - zoom * FOOT_ROW]])
        part = cv2.warpAffine(
            self.picture,
            shift, (width, height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT)
        return part.astype(np.float32)


def build_scene(rng: np.random.Generator, distinctness: float) -> Scene:
    """Draw a place at random.

    Args:
        rng (np.random.Generator): Where the place comes from.
        distinctness (float): 0 to 1: from a pale place that looks like all
            others to one with colours and things of its own.
    """
    horizon = int(rng.uniform(-260, 130))
    base = int(rng.uniform(max(horizon + 90, 150), 400))
    ground = list(GROUNDS.values())[rng.integers(len(GROUNDS))]
    backdrop = list(BACKDROPS.values())[rng.integers(len(BACKDROPS))]
    picture = lay_ground(ground(rng), SIZE, horizon, FOOT_ROW)
    picture[:base] = backdrop(rng, (base, WIDTH))
    _draw_kerb(picture, base, rng)
    if rng.random() < 0.6:
        _place_things(picture, base, rng)
    picture *= _daylight(rng)
    picture += 3 * rng.standard_normal((*SIZE, 1), np.float32)
    picture = np.clip(_fade(picture, distinctness), 0, 255)
    return Scene(picture.astype(np.uint8))


def _draw_kerb(picture: np.ndarray, base: int,
               rng: np.random.Generator) -> None:
    """Draw the edge between the ground and what stands on it."""
    picture[base:base + 7] *= 0.55
    if rng.random() < 0.5:
        picture[base + 7:base + 20] = pick(rng, (186, 184, 178))
    picture[base:base + 60] *= np.linspace(
        0.78, 1, 60, dtype=np.float32)[:, None, None]


def _place_things(picture: np.ndarray, base: int,
                  rng: np.random.Generator) -> None:
    """Put bins, planters and bollards along the backdrop."""
    for _ in range(rng.integers(1, 5)):
        left = int(rng.integers(20, WIDTH - 90))
        foot = base + int(rng.integers(10, 50))
        tall, wide = int(rng.integers(60, 130)), int(rng.integers(16, 70))
        colour = pick(rng, (56, 70, 60), (120, 74, 52), (90, 92, 96),
                      (170, 60, 40))
        roundness = np.linspace(1.15, 0.65, wide)[None, :, None]
        picture[foot - tall:foot, left:left + wide] = colour * roundness
        if wide > 44:
            leaves = (left + wide // 2, foot - tall)
            cv2.circle(picture, leaves, wide // 2 + 6, (62, 98, 48), -1,
                       cv2.LINE_AA)


def _daylight(rng: np.random.Generator) -> np.ndarray:
    """Return the brightness over a place: sun, and shadows of trees."""
    patches = cloud(rng, SIZE, float(rng.uniform(120, 260)))
    light = 1 + np.float32(rng.uniform(0.04, 0.2)) * np.clip(
        3 * patches, -1, 1)
    light *= np.linspace(
        1 + rng.uniform(-0.15, 0.15), 1, WIDTH, dtype=np.float32)
    return cv2.merge((light, light, light))


def _fade(picture: np.ndarray, distinctness: float) -> np.ndarray:
    """Pull a place towards one grey: its colours first, then its contrast."""
    grey = cv2.cvtColor(
        cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    contrast = np.float32(0.4 + 0.6 * distinctness)
    faded = _NEUTRAL + contrast * (grey - _NEUTRAL)
    return faded + np.float32(distinctness) * (picture - grey)
