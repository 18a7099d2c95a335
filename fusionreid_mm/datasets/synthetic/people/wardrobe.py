"""Who wears what: people drawn at random, dressed more or less alike.

How alike is the main handle on difficulty. Every dataset has a few outfits
that many people share, e.g. the uniforms of a school. For each piece of
clothing :attr:`.Difficulty.alikeness` decides whether a person takes that of
their outfit or one of their own. The small things (logo, bag, shoes, hair,
build) are always their own.
"""
from dataclasses import fields, replace
from typing import Mapping, NamedTuple, Optional, Sequence, TypeVar

import numpy as np

from ..difficulty import Difficulty
from ..palette import FABRICS, HAIR, LEATHERS, SKIN, Colour, vary
from ..randomness import Stream, generator_for
from .accessories import BAGS, COVERED_BY
from .appearance import (Bag, Body, Hair, Headwear, Lower, Pattern, Person,
                         Print, Shoes, Upper)
from .clothing import INSTEPS, LOWER_CUTS, PRINT_PLACES, UPPER_CUTS
from .fabric import PATTERNS, PRINT_SHAPES
from .head import HAIR_STYLES

__all__ = ['Outfit', 'Wardrobe']

# How often people have each of the small things.
RATES = {
    'print': 0.5,
    'bag': 0.6,
    'headwear': 0.22,
    'scarf': 0.12,
    'beard': 0.2,
    'glasses': 0.2,
    'side stripe': 0.2,
    'other sleeves': 0.22,
}
PLAIN_RATE = 0.45  # share of the upper garments without a pattern
SHORT_HAIR = ('shaved', 'cropped', 'parted', 'curly')
EVERYDAY_RATE = 0.35
EVERYDAY = ('black', 'charcoal', 'grey', 'white', 'beige', 'navy', 'denim',
            'brown')
LOWER_PATTERNS = ('pinstripes', 'checks', 'dots', 'thin stripes')

_T = TypeVar('_T')
_Garment = TypeVar('_Garment', Upper, Lower)


class Outfit(NamedTuple):
    """Clothes that several people may share."""
    upper: Upper
    lower: Lower


class Wardrobe:
    """Dresses the people of one dataset.

    Args:
        seed (int): Seed of the dataset.
        difficulty (Difficulty): How alike people look.
    """

    def __init__(self, seed: int, difficulty: Difficulty) -> None:
        self.seed = seed
        self.difficulty = difficulty
        rng = generator_for(seed, Stream.OUTFITS)
        self.outfits = [
            _own_outfit(rng) for _ in range(round(difficulty.num_outfits))
        ]

    def dress(self, number: int) -> Person:
        """Return person ``number`` of the dataset."""
        rng = generator_for(self.seed, Stream.PERSON, number)
        shared, own = _one_of(rng, self.outfits), _own_outfit(rng)
        upper = self._blend(rng, shared.upper, own.upper)
        lower = self._blend(rng, shared.lower, own.lower)
        if upper.kind == 'dress' and LOWER_CUTS[lower.kind].skirt:
            lower = replace(lower, kind='shorts')  # hidden by the dress
        upper = replace(upper, print=self._print(rng, upper.colour))
        return Person(
            body=_body(rng),
            hair=self._hair(rng, beards=not LOWER_CUTS[lower.kind].skirt),
            upper=upper,
            lower=lower,
            shoes=_shoes(rng),
            bag=self._bag(rng),
            headwear=self._headwear(rng),
            scarf=_colour(rng, FABRICS) if self._has(rng, 'scarf') else None)

    def _has(self, rng: np.random.Generator, thing: str) -> bool:
        return bool(rng.random() < RATES[thing] * self.difficulty.details)

    def _blend(self, rng: np.random.Generator, shared: _Garment,
               own: _Garment) -> _Garment:
        """Take each property of a garment from one of two garments."""
        properties = {}
        for field in fields(own):
            conforms = rng.random() < self.difficulty.alikeness
            properties[field.name] = getattr(shared if conforms else own,
                                             field.name)
        return replace(own, **properties)

    def _print(self, rng: np.random.Generator,
               cloth: Colour) -> Optional[Print]:
        if not self._has(rng, 'print'):
            return None
        return Print(
            _one_of(rng, list(PRINT_SHAPES)), _contrasting(rng, cloth),
            _one_of(rng, list(PRINT_PLACES)))

    def _hair(self, rng: np.random.Generator, beards: bool) -> Hair:
        style = _one_of(rng, list(HAIR_STYLES))
        beard = beards and style in SHORT_HAIR and self._has(rng, 'beard')
        return Hair(style, _colour(rng, HAIR), beard,
                    self._has(rng, 'glasses'))

    def _bag(self, rng: np.random.Generator) -> Optional[Bag]:
        if not self._has(rng, 'bag'):
            return None
        colour = _colour(rng, FABRICS)
        return Bag(
            _one_of(rng, BAGS), colour, _contrasting(rng, colour),
            _one_of(rng, ('left', 'right')))

    def _headwear(self, rng: np.random.Generator) -> Optional[Headwear]:
        if not self._has(rng, 'headwear'):
            return None
        return Headwear(_one_of(rng, list(COVERED_BY)), _colour(rng, FABRICS))


def _one_of(rng: np.random.Generator, choices: Sequence[_T]) -> _T:
    return choices[int(rng.integers(len(choices)))]


def _colour(rng: np.random.Generator, palette: Mapping[str, Colour]) -> Colour:
    return vary(_one_of(rng, list(palette.values())), rng, 7)


def _cloth(rng: np.random.Generator) -> Colour:
    """Return the colour of a garment: everyday colours are worn most."""
    if rng.random() < EVERYDAY_RATE:
        return vary(FABRICS[_one_of(rng, EVERYDAY)], rng, 7)
    return _colour(rng, FABRICS)


def _contrasting(rng: np.random.Generator, ground: Colour) -> Colour:
    """Return a colour that can be told from ``ground``."""
    while True:
        colour = _colour(rng, FABRICS)
        if np.abs(np.subtract(colour, ground)).sum() > 130:
            return colour


def _body(rng: np.random.Generator) -> Body:
    girth, shoulders, hips, legs, head = np.clip(
        rng.normal(1, (0.12, 0.06, 0.06, 0.025, 0.05)),
        (0.82, 0.88, 0.88, 0.95, 0.92), (1.35, 1.12, 1.15, 1.05, 1.12))
    return Body(
        float(girth), float(shoulders), float(hips), float(legs), float(head),
        _colour(rng, SKIN))


def _own_outfit(rng: np.random.Generator) -> Outfit:
    return Outfit(_upper(rng), _lower(rng))


def _upper(rng: np.random.Generator) -> Upper:
    colour = _cloth(rng)
    kind = 'plain'
    if rng.random() > PLAIN_RATE:
        kind = _one_of(rng, list(PATTERNS))
    pattern = Pattern(kind, _contrasting(rng, colour),
                      int(rng.integers(4, 10)))
    sleeves = None
    if rng.random() < RATES['other sleeves']:
        sleeves = _contrasting(rng, colour)
    return Upper(
        _one_of(rng, list(UPPER_CUTS)), colour, pattern, sleeves,
        _contrasting(rng, colour), None)


def _lower(rng: np.random.Generator) -> Lower:
    colour = _cloth(rng)
    kind = 'plain'
    if rng.random() < 0.2:
        kind = _one_of(rng, LOWER_PATTERNS)
    pattern = Pattern(kind, _contrasting(rng, colour),
                      int(rng.integers(6, 12)))
    stripe = None
    if rng.random() < RATES['side stripe']:
        stripe = _contrasting(rng, colour)
    return Lower(_one_of(rng, list(LOWER_CUTS)), colour, pattern, stripe)


def _shoes(rng: np.random.Generator) -> Shoes:
    colour = _colour(rng, LEATHERS)
    sole = _one_of(rng,
                   (LEATHERS['white'], LEATHERS['black'], LEATHERS['tan']))
    socks = _one_of(rng, (FABRICS['white'], FABRICS['black'], FABRICS['grey']))
    return Shoes(_one_of(rng, list(INSTEPS)), colour, sole, socks)
