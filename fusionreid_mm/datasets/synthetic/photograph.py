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
from .people import (Light, Pose, Viewpoint, Wardrobe, choose_pose,
                     paint_figure, passing_pose)
from .places import OCCLUDERS, Scene, build_scene, paint_occluder
from .randomness import Stream, generator_for

__all__ = ['Photographer', 'Shot']

# Pixels of a drawing from top to bottom: three times those of a Market-1501
# box, so that scaling down smooths all edges.
DRAWING_HEIGHT = 384
# People who pass by are the same few, and none of those who count.
NUM_PASSERS_BY = 48
FIRST_PASSER_BY = 1_000_000
# What surely stands in front hides at least this share of the person.
LEAST_HIDDEN = 0.25


@dataclass(frozen=True)
class Shot:
    """Names one picture.

    Args:
        person (int): Number of the person in the dataset, 0 or more.
        camera (int): Camera, from 0.
        index (int): Which of the pictures of that person by that camera.
        box (str): One of :data:`.framing.BOXES`.
        occluded (bool): Whether something surely stands in front of the
            person, instead of by chance.
    """
    person: int
    camera: int
    index: int
    box: str = 'person'
    occluded: bool = False

    @property
    def key(self) -> Tuple[int, int, int]:
        """What tells the shots of a dataset apart."""
        return self.person, self.camera, self.index


class Post(NamedTuple):
    """Where a camera hangs."""
    scene: Scene
    light: Light


class Moment(NamedTuple):
    """When a picture is taken.

    Args:
        camera (Camera): As it is then.
        folds (float): Phase of the folds of the clothes.
        pose (Pose): What the person does.
        track (np.random.Generator): Chance of the track, as the pose left it.
        rng (np.random.Generator): Chance of the picture, likewise.
    """
    camera: Camera
    folds: float
    pose: Pose
    track: np.random.Generator
    rng: np.random.Generator


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
        self._camera = functools.lru_cache(maxsize=None)(self._choose_camera)
        self._post = functools.lru_cache(maxsize=None)(self._set_up)

    def take(self,
             shot: Shot,
             size: Tuple[int, int],
             suffix: str = '.jpg') -> bytes:
        """Return a picture as the bytes of a file.

        Args:
            shot (Shot): Which picture.
            size (tuple[int, int]): Its height and width in pixels.
            suffix (str): ``'.jpg'`` or ``'.png'``: what to encode it as.
        """
        moment = self._observe(shot)
        width = round(DRAWING_HEIGHT * size[1] / size[0])
        drawing = self._draw(shot, moment, (DRAWING_HEIGHT, width))
        image = develop(drawing, moment.camera, size, moment.rng)
        return encode(image, moment.camera.quality, suffix)

    def yaw(self, shot: Shot) -> float:
        """Return which side of the person a picture shows, see
        :class:`.Pose`, without drawing it."""
        return self._observe(shot).pose.yaw

    def _observe(self, shot: Shot) -> Moment:
        rng = generator_for(self.seed, Stream.SHOT, *shot.key)
        track = generator_for(self.seed, Stream.TRACK, shot.person,
                              shot.camera)
        camera = retake(self._camera(shot.camera), rng, self.difficulty)
        folds = float(rng.uniform(0, 2 * np.pi))
        pose = choose_pose(camera.facing, self.difficulty.view_spread, track,
                           rng)
        return Moment(camera, folds, pose, track, rng)

    def _choose_camera(self, number: int) -> Camera:
        return choose_camera(
            generator_for(self.seed, Stream.CAMERA, number), self.difficulty)

    def _set_up(self, number: int) -> Post:
        """Choose what a camera sees, and the light there."""
        rng = generator_for(self.seed, Stream.SCENE, number)
        light = Light(float(rng.uniform(-1, 1)), float(rng.uniform(0.2, 1)))
        scene = build_scene(rng, self.difficulty.scene_distinctness)
        return Post(scene, light)

    def _draw(self, shot: Shot, moment: Moment,
              size: Tuple[int, int]) -> np.ndarray:
        """Return what the camera sees, float32 RGB 0 to 255."""
        post, rng = self._post(shot.camera), moment.rng
        light = post.light._replace(folds=moment.folds)
        view = frame_person(shot.box, moment.camera.pitch, size,
                            self.difficulty.box_looseness, rng)
        stand = np.clip(moment.track.uniform() + rng.normal(0, 0.06), 0, 1)
        zoom = view.scale / (BODY_SHARE * size[0]) * rng.uniform(0.9, 1.15)
        canvas = post.scene.look(float(stand), float(zoom), size, view.foot[1])

        if rng.random() < self.difficulty.crowd:
            self._paint_behind(canvas, view, light, rng)
        person = np.zeros(size, bool)
        if shot.box != 'empty':
            _cast_shadow(canvas, view, light)
            place = canvas.copy()
            paint_figure(canvas, self._person(shot.person), moment.pose, view,
                         light)
            person = (canvas != place).any(2)
        if shot.occluded:
            self._hide_some(canvas, person, view, light, rng)
        elif rng.random() < self.difficulty.occlusion_rate:
            share = self.difficulty.occlusion_size * float(rng.uniform(0.4, 1))
            self._occlude(canvas, share, view, light, rng)
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

    def _hide_some(self, canvas: np.ndarray, person: np.ndarray,
                   view: Viewpoint, light: Light,
                   rng: np.random.Generator) -> None:
        """Put something before a person, whom a mask shows, that hides a good
        part of them: larger things, until one stands where it should."""
        for share in np.linspace(0.3, 0.8, 20):
            clear = canvas.copy()
            self._occlude(canvas, float(share), view, light, rng)
            if (canvas != clear).any(2)[person].mean() >= LEAST_HIDDEN:
                return
            canvas[:] = clear

    def _occlude(self, canvas: np.ndarray, share: float, view: Viewpoint,
                 light: Light, rng: np.random.Generator) -> None:
        """Put a thing, or somebody, between the camera and the person, who
        hides about a share of the picture."""
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
