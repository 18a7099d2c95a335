"""One picture: a person at a place, at a moment, as a camera takes it.

::

    scene ── people behind ── shadow ── person ── occluder ── camera ── JPEG
"""
import functools
from dataclasses import dataclass
from typing import NamedTuple, Tuple

import cv2
import numpy as np

from .camera import Camera, choose_camera, develop, encode, retake
from .difficulty import Difficulty
from .framing import BODY_SHARE, frame_person
from .people import (Light, Viewpoint, Wardrobe, choose_pose, paint_figure,
                     passing_pose)
from .places import OCCLUDERS, Scene, build_scene, paint_occluder
from .randomness import Stream, generator_for

__all__ = ['Photographer', 'Shot']

# Pixels of a drawing from top to bottom: three times those of a Market-1501
# box, so that scaling down smooths all edges.
DRAWING_HEIGHT = 384
# People who pass by are the same few, and none of those who count.
NUM_PASSERS_BY = 48
FIRST_PASSER_BY = 1_000_000


@dataclass(frozen=True)
class Shot:
    """Names one picture.

    Args:
        person (int): Number of the person in the dataset, 0 or more.
        camera (int): Camera, from 0.
        index (int): Which of the pictures of that person by that camera.
        box (str): One of :data:`.framing.BOXES`.
    """
    person: int
    camera: int
    index: int
    box: str = 'person'

    @property
    def key(self) -> Tuple[int, int, int]:
        """What tells the shots of a dataset apart."""
        return self.person, self.camera, self.index


class Post(NamedTuple):
    """A camera where it hangs."""
    camera: Camera
    scene: Scene
    light: Light


class Photographer:
    """Takes the pictures of one dataset, each from its name alone.

    Args:
        seed (int): Seed of the dataset.
        difficulty (Difficulty): How hard it shall be.
    """

    def __init__(self, seed: int, difficulty: Difficulty) -> None:
        self.seed = seed
        self.difficulty = difficulty
        self._person = functools.lru_cache(maxsize=256)(
            Wardrobe(seed, difficulty).dress)
        self._post = functools.lru_cache(maxsize=None)(self._set_up)

    def take(self, shot: Shot, size: Tuple[int, int]) -> bytes:
        """Return a picture as the bytes of a JPEG file.

        Args:
            shot (Shot): Which picture.
            size (tuple[int, int]): Its height and width in pixels.
        """
        rng = generator_for(self.seed, Stream.SHOT, *shot.key)
        post = self._post(shot.camera)
        camera = retake(post.camera, rng, self.difficulty)
        width = round(DRAWING_HEIGHT * size[1] / size[0])
        drawing = self._draw(shot, post._replace(camera=camera),
                             (DRAWING_HEIGHT, width), rng)
        return encode(develop(drawing, camera, size, rng), camera.quality)

    def _set_up(self, number: int) -> Post:
        """Choose a camera, what it sees, and the light there."""
        camera = choose_camera(
            generator_for(self.seed, Stream.CAMERA, number), self.difficulty)
        rng = generator_for(self.seed, Stream.SCENE, number)
        light = Light(float(rng.uniform(-1, 1)), float(rng.uniform(0.2, 1)))
        scene = build_scene(rng, self.difficulty.scene_distinctness)
        return Post(camera, scene, light)

    def _draw(self, shot: Shot, post: Post, size: Tuple[int, int],
              rng: np.random.Generator) -> np.ndarray:
        """Return what the camera sees, float32 RGB 0 to 255."""
        track = generator_for(self.seed, Stream.TRACK, shot.person,
                              shot.camera)
        light = post.light._replace(folds=float(rng.uniform(0, 2 * np.pi)))
        pose = choose_pose(post.camera.facing, self.difficulty.view_spread,
                           track, rng)
        view = frame_person(shot.box, post.camera.pitch, size,
                            self.difficulty.box_looseness, rng)
        stand = np.clip(track.uniform() + rng.normal(0, 0.06), 0, 1)
        zoom = view.scale / (BODY_SHARE * size[0]) * rng.uniform(0.9, 1.15)
        canvas = post.scene.look(float(stand), float(zoom), size, view.foot[1])

        if rng.random() < self.difficulty.crowd:
            self._paint_behind(canvas, view, light, rng)
        if shot.box != 'empty':
            _cast_shadow(canvas, view, light)
            paint_figure(canvas, self._person(shot.person), pose, view, light)
        if rng.random() < self.difficulty.occlusion_rate:
            self._occlude(canvas, view, light, rng)
        return canvas

    def _paint_behind(self, canvas: np.ndarray, view: Viewpoint, light: Light,
                      rng: np.random.Generator) -> None:
        """Paint somebody farther away."""
        height, width = canvas.shape[:2]
        size = float(rng.uniform(0.45, 0.85))
        foot = (float(rng.uniform(0, width)),
                view.foot[1] - 0.6 * (1 - size) * height)
        there = Viewpoint(view.pitch, size * view.scale, foot)
        self._paint_passer_by(canvas, there, light, rng)

    def _occlude(self, canvas: np.ndarray, view: Viewpoint, light: Light,
                 rng: np.random.Generator) -> None:
        """Put a thing, or somebody, between the camera and the person."""
        share = self.difficulty.occlusion_size * float(rng.uniform(0.4, 1))
        kind = rng.integers(len(OCCLUDERS) + 2)
        if kind < len(OCCLUDERS):
            paint_occluder(canvas, list(OCCLUDERS)[kind], share, rng)
            return
        height, width = canvas.shape[:2]
        aside = float(rng.choice((-1, 1))) * (0.62 - 0.6 * share) * width
        nearer = Viewpoint(
            view.pitch, 1.1 * view.scale,
            (view.foot[0] + aside, view.foot[1] + 0.04 * height))
        self._paint_passer_by(canvas, nearer, light, rng)

    def _paint_passer_by(self, canvas: np.ndarray, view: Viewpoint,
                         light: Light, rng: np.random.Generator) -> None:
        who = self._person(FIRST_PASSER_BY + int(rng.integers(NUM_PASSERS_BY)))
        _cast_shadow(canvas, view, light)
        paint_figure(canvas, who, passing_pose(rng), view, light)


def _cast_shadow(canvas: np.ndarray, view: Viewpoint, light: Light) -> None:
    """Darken the ground around the feet, away from the light."""
    height, width = canvas.shape[:2]
    # A soft shadow has no detail: it is drawn at a quarter of the size.
    shadow = np.zeros((height // 4, width // 4), np.float32)
    reach = (0.10 + 0.12 * abs(light.from_right) * light.strength) * view.scale
    x = view.foot[0] - reach * light.from_right
    y = view.foot[1] - 0.01 * view.scale
    axes = (round(reach / 2.6), max(2, round(0.008 * view.scale)))
    cv2.ellipse(shadow, (round(x / 4), round(y / 4)), axes, 0, 0, 360,
                0.25 + 0.3 * light.strength, -1)
    shadow = cv2.GaussianBlur(shadow, (0, 0), 2)
    canvas *= 1 - cv2.resize(shadow, (width, height))[..., None]
