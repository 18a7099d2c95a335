"""What a camera makes of light: colours, sharpness, noise, compression.

A camera is fixed for a dataset; each picture that it takes varies a little.
"""
from dataclasses import dataclass, replace
from typing import Tuple

import cv2
import numpy as np

from .difficulty import Difficulty

__all__ = ['Camera', 'choose_camera', 'develop', 'encode', 'retake']

_LUMA = np.array((0.299, 0.587, 0.114), np.float32)


@dataclass(frozen=True)
class Camera:
    """How one camera renders a place.

    Args:
        pitch (float): Angle at which it looks down, in degrees.
        facing (float): Which side of passers-by it mostly sees: their yaw in
            degrees, see :class:`.Pose`.
        cast (tuple[float, float, float]): Gain of red, green and blue.
        exposure (float): Gain of all channels.
        gamma (float): Exponent of the tone curve; below 1 lifts shadows.
        contrast (float): Gain around mid-grey.
        saturation (float): 0 is black and white.
        blur (float): Standard deviation of the lens blur, in pixels of a
            picture 128 high.
        noise (float): Standard deviation of the noise, in grey levels.
        resolution (float): Pixels that the sensor really has, per pixel of
            the picture along each axis.
        quality (int): JPEG quality, 1 to 100.
    """
    pitch: float = 8.0
    facing: float = 0.0
    cast: Tuple[float, float, float] = (1.0, 1.0, 1.0)
    exposure: float = 1.0
    gamma: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0
    blur: float = 0.0
    noise: float = 0.0
    resolution: float = 1.0
    quality: int = 95


def choose_camera(rng: np.random.Generator, difficulty: Difficulty) -> Camera:
    """Choose a camera at random, within what the difficulty allows."""
    shift = difficulty.camera_shift
    cast = rng.uniform(-1, 1, 3)
    cast = np.exp(0.42 * shift * (cast - cast.mean()))
    return Camera(
        pitch=float(rng.uniform(2, 18)),
        facing=float(rng.uniform(0, 360)),
        cast=_as_cast(cast),
        exposure=float(np.exp(0.40 * shift * rng.uniform(-1, 1))),
        gamma=float(np.exp(0.35 * shift * rng.uniform(-1, 1))),
        contrast=float(1 + 0.35 * shift * rng.uniform(-1, 0.6)),
        saturation=float(1 + 0.55 * shift * rng.uniform(-1, 0.5)),
        blur=float(difficulty.blur * rng.uniform(0.3, 1)),
        noise=float(difficulty.noise * rng.uniform(0.3, 1)),
        resolution=float(1 - 0.5 * difficulty.blur * rng.uniform(0, 0.6)),
        quality=int(rng.integers(70, 93)))


def retake(camera: Camera, rng: np.random.Generator,
           difficulty: Difficulty) -> Camera:
    """Return the camera as it is at another moment: clouds, auto-exposure."""
    spread = difficulty.moment_shift
    cast = np.asarray(camera.cast) * np.exp(0.10 * spread * rng.normal(size=3))
    return replace(
        camera,
        pitch=camera.pitch + float(rng.normal(0, 1.5)),
        cast=_as_cast(cast),
        exposure=camera.exposure * float(np.exp(0.22 * spread * rng.normal())),
        contrast=camera.contrast * float(np.exp(0.10 * spread * rng.normal())),
        blur=camera.blur * float(rng.uniform(0.6, 1.4)))


def develop(picture: np.ndarray, camera: Camera, size: Tuple[int, int],
            rng: np.random.Generator) -> np.ndarray:
    """Turn a drawing into the picture that a camera takes of it.

    Args:
        picture (np.ndarray): Drawing (H, W, 3), float32 RGB 0 to 255.
        camera (Camera): Who takes it.
        size (tuple[int, int]): Height and width of the result.
        rng (np.random.Generator): Where the noise comes from.

    Returns:
        np.ndarray: Picture (*size, 3), uint8 RGB.
    """
    height, width = size
    sensor = (max(8, round(width * camera.resolution)),
              max(16, round(height * camera.resolution)))
    image = cv2.resize(picture, sensor, interpolation=cv2.INTER_AREA)
    if sensor != (width, height):
        image = cv2.resize(image, (width, height))
    blur = camera.blur * height / 128
    if blur > 0.2:
        image = cv2.GaussianBlur(image, (0, 0), blur)
    image = np.clip(image * (1 / 255), 0, 1)
    image = image**np.float32(camera.gamma)
    image *= np.asarray(camera.cast, np.float32) * np.float32(camera.exposure)
    grey = (image @ _LUMA)[..., None]
    image = grey + np.float32(camera.saturation) * (image - grey)
    image = 0.5 + np.float32(camera.contrast) * (image - 0.5)
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    image = 255 * image + np.float32(camera.noise) * noise
    return np.clip(image + 0.5, 0, 255).astype(np.uint8)


def encode(image: np.ndarray, quality: int, suffix: str = '.jpg') -> bytes:
    """Return an RGB picture as the bytes of a file.

    Args:
        image (np.ndarray): Picture (H, W, 3), uint8.
        quality (int): Of a JPEG, 1 to 100.
        suffix (str): What the file's name ends in, ``'.jpg'`` or ``'.png'``.
    """
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix == '.jpg' else []
    done, data = cv2.imencode(suffix, image[..., ::-1], options)
    assert done, f'OpenCV cannot encode {suffix}'
    return data.tobytes()


def _as_cast(gains: np.ndarray) -> Tuple[float, float, float]:
    red, green, blue = gains.tolist()
    return red, green, blue
