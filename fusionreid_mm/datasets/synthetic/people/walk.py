"""How people pass a camera: which way, how fast, with their hands where."""
import numpy as np

from .pose import ARM_POSES, Pose

__all__ = ['choose_pose', 'passing_pose']


def choose_pose(facing: float, spread: float, track: np.random.Generator,
                rng: np.random.Generator) -> Pose:
    """Return what a person does in one picture of a track.

    Args:
        facing (float): Side that the camera mostly sees, as a yaw of 0 to 360
            degrees.
        spread (float): How far that side may be from the front, and people
            from that side, in degrees; 0 shows all people from the front.
        track (np.random.Generator): Chance of the track, fresh: direction and
            gait are the same in all pictures of it.
        rng (np.random.Generator): Chance of this picture.
    """
    around = facing if facing < 180 else facing - 360
    yaw = around * spread / 180 + track.uniform(-0.6, 0.6) * spread
    stride = track.uniform(14, 27) if track.random() < 0.85 else 0.0
    return Pose(
        yaw=float(yaw + rng.normal(0, 0.1 * min(spread, 100))) % 360,
        phase=float(rng.uniform()),
        stride=float(stride),
        lean=float(track.normal(3, 2.5)),
        head_turn=float(rng.normal(0, 14)),
        left_arm=_choose_arm(track),
        right_arm=_choose_arm(track))


def _choose_arm(track: np.random.Generator) -> str:
    if track.random() < 0.7:
        return 'swing'
    return ARM_POSES[track.integers(len(ARM_POSES))]


def passing_pose(rng: np.random.Generator) -> Pose:
    """Return what somebody else in the picture does: anything."""
    return Pose(
        yaw=float(rng.uniform(0, 360)),
        phase=float(rng.uniform()),
        stride=float(rng.uniform(0, 26)))
