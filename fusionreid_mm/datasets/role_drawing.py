"""Roles for images that have none yet."""
from typing import Dict, List, Sequence

import numpy as np


def draw_roles(pids: Sequence[str],
               cameras: Sequence[str],
               train_share: float = 0.5,
               seed: int = 0) -> List[str]:
    """Deal people to training and testing, as Market-1501 has it.

    One image of each test person by each camera is a query, all others are in
    the gallery. Images for which nothing could be found there, by another
    camera, are in the gallery too. The same arguments always give the same
    roles.

    Args:
        pids (Sequence[str]): (N, ), who is on each image.
        cameras (Sequence[str]): (N, ), who took it; empty if nobody knows,
            which is taken to be another camera than all others.
        train_share (float): Share of the people to train on, 0 to 1. Defaults
            to 0.5.
        seed (int): Seed of the draw. Defaults to 0.

    Returns:
        List[str]: (N, ), ``'train'``, ``'query'`` or ``'gallery'``.

    Raises:
        ValueError: If ``train_share`` is not within 0 to 1.

    Examples:
        >>> draw_roles(['anna', 'anna', 'berta'], ['', '', ''], train_share=1)
        ['train', 'train', 'train']
    """
    if not 0 <= train_share <= 1:
        raise ValueError(f'train_share must be from 0 to 1: got {train_share}')
    rng = np.random.default_rng(seed)
    images: Dict[str, List[int]] = {pid: [] for pid in sorted(set(pids))}
    for index, pid in enumerate(pids):
        images[pid].append(index)
    people = rng.permutation(list(images)).tolist()
    roles = ['train'] * len(pids)
    for pid in people[round(train_share * len(people)):]:
        taken_by = [cameras[index] for index in images[pid]]
        for index, role in zip(images[pid], _test_roles(taken_by, rng)):
            roles[index] = role
    return roles


def _test_roles(cameras: Sequence[str], rng: np.random.Generator) -> List[str]:
    """The roles of the images of one person."""
    order = rng.permutation(len(cameras)).tolist()
    firsts = {cameras[index]: index for index in reversed(order)}
    queries = set(firsts.values())
    if len(queries) == len(cameras):
        queries = {order[0]}
    gallery = set(order) - queries
    queries = {
        query
        for query in queries
        if any(not cameras[query] or cameras[other] != cameras[query]
               for other in gallery)
    }
    return [
        'query' if index in queries else 'gallery'
        for index in range(len(cameras))
    ]
