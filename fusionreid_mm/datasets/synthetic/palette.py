"""Colours by name, as the words that describe a person use them.

All colours are RGB, 0 to 255.
"""
from typing import Dict, NamedTuple

import numpy as np

__all__ = ['Colour', 'FABRICS', 'HAIR', 'LEATHERS', 'SKIN', 'vary']


class Colour(NamedTuple):
    """An RGB colour, 0 to 255."""
    red: int
    green: int
    blue: int


FABRICS: Dict[str, Colour] = {
    'black': Colour(30, 30, 34),
    'charcoal': Colour(66, 68, 72),
    'grey': Colour(128, 129, 131),
    'silver': Colour(184, 186, 188),
    'white': Colour(236, 236, 232),
    'cream': Colour(228, 216, 188),
    'beige': Colour(198, 176, 140),
    'brown': Colour(106, 72, 46),
    'rust': Colour(160, 78, 38),
    'navy': Colour(30, 38, 82),
    'blue': Colour(38, 82, 176),
    'sky': Colour(126, 178, 222),
    'teal': Colour(22, 128, 132),
    'green': Colour(40, 134, 66),
    'lime': Colour(156, 196, 62),
    'olive': Colour(104, 108, 58),
    'forest': Colour(28, 70, 46),
    'yellow': Colour(236, 204, 58),
    'orange': Colour(230, 122, 34),
    'red': Colour(196, 36, 40),
    'burgundy': Colour(104, 26, 42),
    'pink': Colour(230, 150, 176),
    'magenta': Colour(196, 46, 128),
    'purple': Colour(98, 56, 138),
    'lavender': Colour(178, 164, 216),
    'denim': Colour(72, 98, 142),
}

LEATHERS: Dict[str, Colour] = {
    'black': Colour(34, 32, 32),
    'brown': Colour(96, 62, 40),
    'tan': Colour(168, 118, 72),
    'white': Colour(234, 234, 230),
    'grey': Colour(132, 132, 134),
    'red': Colour(186, 40, 42),
    'blue': Colour(44, 84, 168),
    'green': Colour(58, 126, 72),
    'pink': Colour(232, 138, 166),
    'yellow': Colour(228, 196, 66),
}

HAIR: Dict[str, Colour] = {
    'black': Colour(28, 24, 24),
    'dark brown': Colour(58, 40, 30),
    'brown': Colour(98, 66, 42),
    'auburn': Colour(124, 58, 34),
    'blond': Colour(206, 172, 110),
    'grey': Colour(146, 144, 142),
    'white': Colour(214, 212, 208),
    'ginger': Colour(180, 96, 46),
}

SKIN: Dict[str, Colour] = {
    'pale': Colour(240, 208, 188),
    'light': Colour(226, 186, 158),
    'tan': Colour(202, 156, 122),
    'brown': Colour(152, 106, 76),
    'dark': Colour(98, 66, 50),
}


def vary(colour: Colour, rng: np.random.Generator, spread: float) -> Colour:
    """Return a shade of ``colour``: no two dye baths are the same.

    Args:
        colour (Colour): The colour to vary.
        rng (np.random.Generator): Where the variation comes from.
        spread (float): Standard deviation per channel, in grey levels.
    """
    shifted = np.asarray(colour) + rng.normal(0, spread, 3)
    red, green, blue = np.clip(shifted, 0, 255).astype(int).tolist()
    return Colour(red, green, blue)
