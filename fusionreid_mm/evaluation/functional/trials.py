"""Galleries that are drawn anew for each trial."""
from typing import Sequence, Union

import numpy as np


def draw_gallery(pids: Union[Sequence[int], np.ndarray],
                 trial: int) -> np.ndarray:
    """Draw one image of each person into the gallery; all others are queries.

    Each image of a person is equally likely. The same ``pids``, in the same
    order, and the same trial always give the same gallery: each trial has a
    generator of its own, NumPy's ``RandomState(trial)``, whose numbers are the
    same in all versions of NumPy.

    Source: "Deep Relative Distance Learning: Tell the Difference Between
    Similar Vehicles" (CVPR 2016), the protocol of VehicleID, which averages
    ten trials.

    Args:
        pids (Sequence[int] | np.ndarray): (N, ), who is on each image.
        trial (int): Number of the trial, from 0.

    Returns:
        np.ndarray: Indices of the gallery images, ascending, one of each pid.
        A person with a single image is in the gallery only.

    Raises:
        ValueError: If there are no images, or ``trial`` is negative.

    Examples:
        >>> pids = [7, 7, 7, 3, 3]
        >>> gallery = draw_gallery(pids, trial=0)
        >>> sorted(pids[index] for index in gallery)
        [3, 7]
    """
    pids = np.asarray(pids)
    if pids.ndim != 1 or not pids.size:
        raise ValueError('pids must have one entry for each image, and not be '
                         f'empty: got shape {pids.shape}')
    if trial < 0:
        raise ValueError(f'trial must not be negative: got {trial}')
    order = np.random.RandomState(trial).permutation(len(pids))
    _, firsts = np.unique(pids[order], return_index=True)
    return np.sort(order[firsts])
