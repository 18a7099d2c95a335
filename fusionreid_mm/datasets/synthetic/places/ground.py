"""What people walk on: textures seen from above, laid out in perspective."""
from typing import Callable, Dict, Tuple

import cv2
import numpy as np

from .texture import bricks, cloud, pick, plaster

__all__ = ['GROUNDS', 'lay_ground']

SIDE = 512  # of a texture in pixels, about 2.4 m
FARTHEST = 20.0  # ground that is drawn, in distances of the people
_SQUARE = (SIDE, SIDE)


def lay_ground(texture: np.ndarray, size: Tuple[int, int], horizon: int,
               foot_row: int) -> np.ndarray:
    """Return a ground that runs away from the camera.

    Args:
        texture (np.ndarray): The ground from above, repeated in both
            directions; float32 RGB.
        size (tuple[int, int]): Height and width of the result.
        horizon (int): Row where the ground would vanish.
        foot_row (int): Row where people stand, below the horizon.

    Returns:
        np.ndarray: Picture (*size, 3), float32 RGB.
    """
    height, width = size
    rows = np.arange(height, dtype=np.float32)
    # In distances of the people from the camera.
    distance = (foot_row - horizon) / np.maximum(rows - horizon, 8)
    distance = np.minimum(distance, FARTHEST)
    columns = np.arange(width, dtype=np.float32) - width / 2
    plane = cv2.remap(
        texture,
        0.8 * distance[:, None] * columns[None, :],
        np.repeat(420 * distance[:, None], width, axis=1),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP)
    # Far away, the texture is too fine to be seen.
    haze = np.clip((distance - 1.3) / 4, 0, 0.85)[:, None, None]
    hazy = slice(0, np.count_nonzero(haze))
    far = np.array(cv2.mean(texture)[:3], np.float32)
    plane[hazy] += haze[hazy] * (far - plane[hazy])
    return plane


def _paving(rng: np.random.Generator) -> np.ndarray:
    colour = pick(rng, (172, 166, 156), (148, 148, 150), (186, 170, 148),
                  (160, 138, 122))
    slabs = int(rng.integers(3, 7))
    tints = rng.normal(0, 9, (slabs, slabs)).astype(np.float32)
    tint = cv2.resize(tints, _SQUARE, interpolation=cv2.INTER_NEAREST)
    texture = plaster(rng, _SQUARE, colour, 10) + tint[..., None]
    for joint in range(0, SIDE, -(-SIDE // slabs)):
        texture[joint:joint + 4] -= 38
        texture[:, joint:joint + 4] -= 38
    return texture


def _brick_paving(rng: np.random.Generator) -> np.ndarray:
    colour = pick(rng, (158, 96, 78), (142, 112, 96), (124, 122, 124))
    return bricks(rng, _SQUARE, colour, (32, 64))


def _asphalt(rng: np.random.Generator) -> np.ndarray:
    colour = pick(rng, (96, 97, 100), (120, 120, 118), (78, 80, 84))
    texture = plaster(rng, _SQUARE, colour, 12)
    texture += 14 * cloud(rng, _SQUARE, 2)[..., None]
    if rng.random() < 0.6:
        left = int(rng.integers(SIDE - 60))
        texture[:, left:left + 44] = pick(rng, (222, 222, 214), (220, 190, 70))
    return texture


def _crossing(rng: np.random.Generator) -> np.ndarray:
    road = plaster(rng, _SQUARE, pick(rng, (86, 87, 92)), 12)
    half = (SIDE // 2, SIDE)
    road[:SIDE // 2] = plaster(rng, half, pick(rng, (214, 214, 208)), 10)
    return road


def _lawn_with_path(rng: np.random.Generator) -> np.ndarray:
    colour = pick(rng, (84, 118, 56), (112, 124, 66))
    texture = plaster(rng, _SQUARE, colour, 18)
    texture += 26 * cloud(rng, _SQUARE, 3)[..., None]
    half = (SIDE, SIDE // 2)
    path = pick(rng, (186, 166, 130), (160, 156, 148))
    texture[:, :SIDE // 2] = plaster(rng, half, path, 12)
    return texture


def _floor_tiles(rng: np.random.Generator) -> np.ndarray:
    light = pick(rng, (206, 202, 194), (192, 186, 170), (176, 188, 196))
    dark = pick(rng, (150, 146, 140), (120, 90, 78), (92, 104, 120))
    texture = plaster(rng, _SQUARE, light, 5)
    tile = np.arange(SIDE) // (SIDE // 4)
    texture[(tile[:, None] + tile[None, :]) % 2 == 0] = dark
    return texture


GROUNDS: Dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    'paving': _paving,
    'brick paving': _brick_paving,
    'asphalt': _asphalt,
    'crossing': _crossing,
    'lawn with a path': _lawn_with_path,
    'floor tiles': _floor_tiles,
}
