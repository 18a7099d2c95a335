import numpy as np
import pytest

from fusionreid_mm.datasets.synthetic.people import Pose, Viewpoint
from fusionreid_mm.datasets.synthetic.people import pose as bones
from fusionreid_mm.datasets.synthetic.people.pose import build_skeleton

POSES = [
    Pose(0, phase, stride, left_arm=arm) for phase in (0.0, 0.2, 0.6, 0.9)
    for stride in (0, 25) for arm in bones.ARM_POSES
]


def distance(a, b):
    return float(np.linalg.norm(a - b))


def test_somebody_who_stands_is_one_body_height_tall(body):
    skeleton = build_skeleton(body, Pose(0))
    assert skeleton.crown[1] == pytest.approx(1.0, abs=0.02)
    assert skeleton.legs['left'].toes[1] < 0.05


@pytest.mark.parametrize('pose', POSES)
def test_bones_keep_their_length(body, pose):
    skeleton = build_skeleton(body, pose)
    for leg in skeleton.legs.values():
        assert distance(leg.hip, leg.knee) == pytest.approx(bones.THIGH)
        assert distance(leg.knee, leg.ankle) == pytest.approx(bones.SHANK)
    for arm in skeleton.arms.values():
        assert distance(arm.shoulder,
                        arm.elbow) == pytest.approx(bones.UPPER_ARM)
        assert distance(arm.elbow, arm.wrist) == pytest.approx(bones.FOREARM)


@pytest.mark.parametrize('pose', POSES)
def test_the_lower_foot_is_on_the_ground(body, pose):
    skeleton = build_skeleton(body, pose)
    ankles = [leg.ankle[1] for leg in skeleton.legs.values()]
    assert min(ankles) == pytest.approx(bones.ANKLE_HEIGHT)


def test_half_a_cycle_later_the_legs_have_changed_roles(body):
    now = build_skeleton(body, Pose(0, phase=0.15, stride=25))
    later = build_skeleton(body, Pose(0, phase=0.65, stride=25))
    mirrored = now.legs['left'].ankle * (-1, 1, 1)
    assert later.legs['right'].ankle == pytest.approx(mirrored)


def test_the_arm_swings_against_the_leg_of_its_side(body):
    skeleton = build_skeleton(body, Pose(0, phase=0.25, stride=25))
    assert skeleton.legs['left'].knee[2] > 0 > skeleton.legs['right'].knee[2]
    assert skeleton.arms['left'].wrist[2] < skeleton.arms['right'].wrist[2]


def test_facing_the_camera_the_left_hand_is_at_the_right(body):
    view = Viewpoint(pitch=0, scale=100, foot=(50, 90))
    arms = build_skeleton(body, Pose(0)).arms
    assert view.project(arms['left'].wrist, 0).x > 50
    assert view.project(arms['left'].wrist, 180).x < 50


@pytest.mark.parametrize('yaw, x, nearness', [(0, 50, 0.2), (90, 70, 0.0),
                                              (180, 50, -0.2), (270, 30, 0.0)])
def test_projection_turns_what_is_in_front(yaw, x, nearness):
    view = Viewpoint(pitch=0, scale=100, foot=(50, 90))
    pixel = view.project(np.array([0.0, 0.6, 0.2]), yaw)
    assert pixel == pytest.approx((x, 30, nearness), abs=1e-9)


def test_from_above_what_is_near_moves_down():
    view = Viewpoint(pitch=30, scale=100, foot=(50, 90))
    near = view.project(np.array([0.0, 0.0, 0.2]), 0)
    assert near.y == pytest.approx(100)  # 90 + 100 * 0.2 * sin 30
