"""How a detector's box lies around a person."""
from typing import Tuple

import numpy as np

from .people import Viewpoint

__all__ = ['BODY_SHARE', 'BOXES', 'frame_person']

# A well-placed box: height of the person, and row of the feet, as shares.
BODY_SHARE, FOOT_SHARE = 0.93, 0.965

# A person; the same, in a box by hand or by a poor detector; half a person,
# because the box is wrong; nobody at all.
BOXES = ('person', 'tight', 'loose', 'cut', 'empty')

_LOOSENESS = {'tight': 0.25, 'loose': 2.5}


def frame_person(box: str, pitch: float, size: Tuple[int, int],
                 looseness: float, rng: np.random.Generator) -> Viewpoint:
    """Return how a person lies in a box.

    Args:
        box (str): One of :data:`BOXES`.
        pitch (float): Angle at which the camera looks down, in degrees.
        size (tuple[int, int]): Height and width of the drawing in pixels.
        looseness (float): Usual shift and stretch, as a share of the size.
        rng (np.random.Generator): Chance of this picture.
    """
    height, width = size
    looseness *= _LOOSENESS.get(box, 1.0)
    share = BODY_SHARE * (1 + looseness * rng.uniform(-1.6, 0.6))
    aside, down = looseness * rng.normal(0, (0.6, 0.4))
    if box == 'cut':
        down += rng.choice((-1, 1)) * rng.uniform(0.35, 0.6)
        share *= rng.uniform(0.9, 1.3)
    foot = (width * (0.5 + aside), height * (FOOT_SHARE + down))
    return Viewpoint(pitch, float(share * height),
                     (float(foot[0]), float(foot[1])))
