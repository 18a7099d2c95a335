"""How a person stands: gait, limbs, and the side that the camera sees.

Body space has its origin on the ground below the pelvis: x to the person's
left, y up, z to the front. All lengths are in body heights, all angles in
degrees unless said otherwise.
"""
import math
from dataclasses import dataclass
from typing import Dict, NamedTuple, Tuple

import numpy as np

from .appearance import Body

__all__ = [
    'ARM_POSES', 'Arm', 'Joint', 'Leg', 'Pixel', 'Pose', 'SIDES', 'Skeleton',
    'Viewpoint', 'build_skeleton'
]

Joint = np.ndarray

# The sign of x on each side of the body.
SIDES: Dict[str, int] = {'left': 1, 'right': -1}
ARM_POSES = ('swing', 'pocket', 'phone', 'carry')

ANKLE_HEIGHT = 0.042
SHANK = 0.232
THIGH = 0.238
FOOT = 0.125
HIP_OFFSET = 0.050
SPINE = 0.335  # hip joints to the base of the neck
SHOULDER_DROP = 0.054  # below the base of the neck
SHOULDER_OFFSET = 0.100
UPPER_ARM = 0.162
FOREARM = 0.140
HAND = 0.062
NECK_TO_CROWN = 0.152
HEAD_FORWARD = 0.012

KNEE_REST = 4.0
KNEE_SWING = 1.7  # flexion of the swinging knee per degree of stride
ARM_SWING = 0.9  # swing of the arm per degree of stride
TOES_OUT = 9.0


@dataclass(frozen=True)
class Pose:
    """One moment of one person.

    Args:
        yaw (float): Turn of the body: 0 faces the camera, 90 walks to the
            right of the picture, 180 walks away, 270 walks to the left.
        phase (float): Moment of the gait cycle, 0 to 1.
        stride (float): Largest angle of the thigh to the vertical; 0 stands.
        lean (float): Forward lean of the trunk.
        head_turn (float): Turn of the head relative to the body.
        left_arm (str): One of :data:`ARM_POSES`.
        right_arm (str): One of :data:`ARM_POSES`.
    """
    yaw: float
    phase: float = 0.0
    stride: float = 0.0
    lean: float = 2.0
    head_turn: float = 0.0
    left_arm: str = 'swing'
    right_arm: str = 'swing'


class Arm(NamedTuple):
    """Joints of an arm."""
    shoulder: Joint
    elbow: Joint
    wrist: Joint
    fingertips: Joint


class Leg(NamedTuple):
    """Joints of a leg."""
    hip: Joint
    knee: Joint
    ankle: Joint
    heel: Joint
    toes: Joint


class Skeleton(NamedTuple):
    """Joints of a body; ``arms`` and ``legs`` are keyed like ``SIDES``."""
    pelvis: Joint
    neck: Joint
    chin: Joint
    crown: Joint
    arms: Dict[str, Arm]
    legs: Dict[str, Leg]


class Pixel(NamedTuple):
    """Where a joint is seen; ``nearness`` to the camera in body heights."""
    x: float
    y: float
    nearness: float


class Viewpoint(NamedTuple):
    """Where the camera looks from and how large a body appears.

    Args:
        pitch (float): Angle at which the camera looks down.
        scale (float): Height of an upright body in pixels.
        foot (tuple[float, float]): Pixel of the ground below the pelvis.
    """
    pitch: float
    scale: float
    foot: Tuple[float, float]

    def project(self, joint: Joint, yaw: float) -> Pixel:
        """Return where a joint of a body turned by ``yaw`` is seen."""
        turn, tilt = math.radians(yaw), math.radians(self.pitch)
        x, y, z = joint.tolist()
        across = x * math.cos(turn) + z * math.sin(turn)
        nearness = z * math.cos(turn) - x * math.sin(turn)
        up = y * math.cos(tilt) - nearness * math.sin(tilt)
        return Pixel(self.foot[0] + self.scale * across,
                     self.foot[1] - self.scale * up, nearness)


def build_skeleton(body: Body, pose: Pose) -> Skeleton:
    """Return where the joints of ``body`` are in ``pose``."""
    hip_height = body.legs * (THIGH + SHANK) + ANKLE_HEIGHT
    pelvis = np.array([0.0, hip_height, 0.0])
    legs = {side: _bend_leg(pelvis, body, pose, side) for side in SIDES}
    # The lower foot carries the body: a wide stride brings the pelvis down.
    drop = min(leg.ankle[1] for leg in legs.values()) - ANKLE_HEIGHT
    sink = np.array([0.0, drop, 0.0])
    legs = {
        side: Leg(*(joint - sink for joint in leg))
        for side, leg in legs.items()
    }
    pelvis = pelvis - sink
    neck = pelvis + SPINE * _sagittal(180 - pose.lean)
    chin = neck + np.array([0.0, 0.028, HEAD_FORWARD])
    crown = neck + np.array([0.0, NECK_TO_CROWN * body.head, HEAD_FORWARD])
    arms = {side: _bend_arm(neck, body, pose, side) for side in SIDES}
    return Skeleton(pelvis, neck, chin, crown, arms, legs)


def _sagittal(angle: float) -> np.ndarray:
    """Return the direction ``angle`` in front of straight down."""
    radians = np.radians(angle)
    return np.array([0.0, -np.cos(radians), np.sin(radians)])


def _cycle(pose: Pose, side: str) -> float:
    """Return the gait phase of a leg in radians: the legs alternate."""
    return 2 * np.pi * (pose.phase + (0.0 if side == 'left' else 0.5))


def _bend_leg(pelvis: Joint, body: Body, pose: Pose, side: str) -> Leg:
    sign, cycle = SIDES[side], _cycle(pose, side)
    swing = pose.stride * np.sin(cycle)
    flexion = KNEE_REST + KNEE_SWING * pose.stride * max(0.0, np.cos(cycle))
    hip = pelvis + np.array([sign * HIP_OFFSET * body.hips, 0.0, 0.0])
    knee = hip + body.legs * THIGH * _sagittal(swing)
    shank = _sagittal(swing - flexion)
    ankle = knee + body.legs * SHANK * shank
    # The foot stays level on the ground and follows the shank in the air.
    toe_pitch = 90 + 0.6 * min(0.0, swing - flexion + 12)
    forward = _sagittal(toe_pitch)
    out = np.array([sign * np.sin(np.radians(TOES_OUT)), 0.0, 0.0])
    heel = ankle + 0.5 * ANKLE_HEIGHT * shank - 0.022 * forward
    toes = heel + FOOT * (forward + out)
    return Leg(hip, knee, ankle, heel, toes)


def _bend_arm(neck: Joint, body: Body, pose: Pose, side: str) -> Arm:
    sign = SIDES[side]
    kind = pose.left_arm if side == 'left' else pose.right_arm
    swing = -ARM_SWING * pose.stride * np.sin(_cycle(pose, side))
    # Angles of the upper arm and of the elbow, and how far the arm stands off.
    upper, elbow, outward, inward = {
        'swing': (swing, 12 + max(0.0, 0.7 * swing), 0.16, 0.0),
        'pocket': (-14.0, 42.0, 0.24, 0.28),
        'phone': (22.0, 105.0, 0.10, 0.42),
        'carry': (0.3 * swing, 6.0, 0.20, 0.0),
    }[kind]
    offset = sign * SHOULDER_OFFSET * body.shoulders
    shoulder = neck + np.array([offset, -SHOULDER_DROP, 0.0])
    elbow_joint = shoulder + UPPER_ARM * _splay(
        _sagittal(upper + pose.lean), sign * outward)
    forearm = _splay(_sagittal(upper + elbow), -sign * inward)
    wrist = elbow_joint + FOREARM * forearm
    return Arm(shoulder, elbow_joint, wrist, wrist + HAND * forearm)


def _splay(direction: np.ndarray, sideways: float) -> np.ndarray:
    """Return the unit vector of ``direction`` pulled ``sideways`` along x."""
    splayed = direction + np.array([sideways, 0.0, 0.0])
    return splayed / np.linalg.norm(splayed)
