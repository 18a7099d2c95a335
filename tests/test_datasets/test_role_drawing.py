from collections import Counter

import pytest

from fusionreid_mm.datasets.role_drawing import draw_roles

PIDS = [f'p{i // 8}' for i in range(80)]
CAMERAS = [f'c{i % 2}' for i in range(80)]


def by_person(roles, pids=PIDS):
    people = {pid: Counter() for pid in pids}
    for pid, role in zip(pids, roles):
        people[pid][role] += 1
    return people


def test_people_are_in_one_part():
    people = by_person(draw_roles(PIDS, CAMERAS)).values()
    assert sum(roles == dict(train=8) for roles in people) == 5
    # One query by each of two cameras
    assert sum(roles == dict(query=2, gallery=6) for roles in people) == 5


def test_a_draw_can_be_repeated():
    one = draw_roles(PIDS, CAMERAS, seed=3)
    assert draw_roles(PIDS, CAMERAS, seed=3) == one
    assert draw_roles(PIDS, CAMERAS, seed=4) != one


def test_each_query_has_a_match():
    pids = ['a', 'a', 'b', 'b', 'c', 'd', 'd']
    cameras = ['1', '2', '1', '1', '1', '', '']
    roles = by_person(draw_roles(pids, cameras, train_share=0), pids)
    assert roles == dict(
        # Each by another camera: one looks for the other.
        a=dict(query=1, gallery=1),
        # Of one camera only, or alone: nothing to be found.
        b=dict(gallery=2),
        c=dict(gallery=1),
        # By cameras that nobody knows: taken to be different.
        d=dict(query=1, gallery=1))


def test_queries_are_drawn_from_each_camera():
    roles = draw_roles(['a'] * 6, list('112233'), train_share=0)
    queries = [c for c, role in zip('112233', roles) if role == 'query']
    assert queries == ['1', '2', '3']


@pytest.mark.parametrize('share', [-0.1, 1.1])
def test_bad_share(share):
    with pytest.raises(ValueError, match=f'from 0 to 1: got {share}'):
        draw_roles(PIDS, CAMERAS, train_share=share)
