"""Where every random number of a synthetic dataset comes from.

Nothing shares a generator with anything else: a person, a camera or a single
picture draws from a stream of its own, named by the seed, the purpose and the
keys. So a picture does not depend on which pictures were drawn before it, nor
on the process that draws it.
"""
import enum

import numpy as np

__all__ = ['Stream', 'generator_for']


class Stream(enum.IntEnum):
    """What a stream of random numbers is for."""
    PERSON = 1
    OUTFITS = 2
    CAMERA = 3
    SCENE = 4
    TRACK = 5
    SHOT = 6
    LABELS = 7
    BOX = 8


def generator_for(seed: int, stream: Stream, *keys:
                  int) -> np.random.Generator:
    """Return the generator of one stream.

    Args:
        seed (int): The seed of the dataset, 0 or more.
        stream (Stream): What the numbers are for.
        *keys (int): Which one of its kind (a person, a camera, ...).
    """
    return np.random.default_rng(
        np.random.SeedSequence((seed, int(stream), *keys)))
