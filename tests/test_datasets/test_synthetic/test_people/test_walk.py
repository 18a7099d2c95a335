from collections import Counter

import numpy as np

from fusionreid_mm.datasets.synthetic.people.pose import ARM_POSES
from fusionreid_mm.datasets.synthetic.people.walk import (choose_pose,
                                                          passing_pose)


def view_name(yaw):
    """The side that is seen: who walks to the right shows the right one."""
    return ('front', 'right', 'back', 'left')[int((yaw + 45) % 360 // 90)]


def track_pose(track, picture, facing=200.0, spread=120.0):
    return choose_pose(facing, spread, np.random.default_rng(track),
                       np.random.default_rng((track, picture)))


def test_without_spread_everyone_is_seen_from_the_front():
    assert {track_pose(track, 0, spread=0).yaw for track in range(20)} == {0.0}


def test_with_a_full_circle_cameras_see_people_from_their_own_side():
    for facing, name in ((0, 'front'), (90, 'right'), (180, 'back'), (270,
                                                                      'left')):
        views = Counter(
            view_name(track_pose(track, 0, facing, spread=180).yaw)
            for track in range(200))
        assert views.most_common(1)[0][0] == name
        assert len(views) >= 3


def test_a_track_keeps_direction_and_gait_and_moves_on():
    poses = [track_pose(5, picture) for picture in range(20)]
    assert len({pose.stride for pose in poses}) == 1
    assert len({pose.phase for pose in poses}) == 20
    yaws = np.radians([pose.yaw for pose in poses])
    assert abs(np.exp(1j * yaws).mean()) > 0.9


def test_people_hold_their_arms_in_all_ways():
    poses = [track_pose(track, 0) for track in range(100)]
    assert {pose.left_arm for pose in poses} == set(ARM_POSES)
    assert {pose.stride == 0 for pose in poses} == {True, False}


def test_passers_by_go_anywhere():
    views = {
        view_name(passing_pose(np.random.default_rng(i)).yaw)
        for i in range(40)
    }
    assert views == {'front', 'right', 'back', 'left'}
