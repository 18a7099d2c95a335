"""What a person looks like: everything that stays the same in all pictures.

Plain data. :mod:`.wardrobe` chooses it, :mod:`.figure` paints it. Lengths are
factors on the build of an average adult.
"""
from dataclasses import dataclass
from typing import Optional

from ..palette import Colour

__all__ = [
    'Bag', 'Body', 'Hair', 'Headwear', 'Lower', 'Pattern', 'Person', 'Print',
    'Shoes', 'Upper'
]


@dataclass(frozen=True)
class Body:
    """Build of a body, as factors on the average (1.0), and its skin."""
    girth: float
    shoulders: float
    hips: float
    legs: float
    head: float
    skin: Colour


@dataclass(frozen=True)
class Hair:
    """Head and face.

    ``style`` is a key of :data:`.head.HAIR_STYLES`.
    """
    style: str
    colour: Colour
    beard: bool
    glasses: bool


@dataclass(frozen=True)
class Pattern:
    """How a fabric is woven or printed.

    ``kind`` is a key of :data:`.fabric.PATTERNS`; ``repeats`` counts its
    periods from neck to hem.
    """
    kind: str
    colour: Colour
    repeats: int


@dataclass(frozen=True)
class Print:
    """A logo or a picture on the upper garment.

    ``shape`` is one of :data:`.fabric.PRINT_SHAPES`, ``place`` one of
    :data:`.clothing.PRINT_PLACES`.
    """
    shape: str
    colour: Colour
    place: str


@dataclass(frozen=True)
class Upper:
    """The upper garment; ``kind`` is a key of :data:`.clothing.UPPER_CUTS`.

    ``inner`` is what shows in an open front and at the collar, ``sleeves``
    is their colour where it is not that of the trunk.
    """
    kind: str
    colour: Colour
    pattern: Pattern
    sleeves: Optional[Colour]
    inner: Colour
    print: Optional[Print]


@dataclass(frozen=True)
class Lower:
    """The lower garment; ``kind`` is a key of :data:`.clothing.LOWER_CUTS`.

    ``side_stripe`` runs down the outer seams.
    """
    kind: str
    colour: Colour
    pattern: Pattern
    side_stripe: Optional[Colour]


@dataclass(frozen=True)
class Shoes:
    """Shoes; ``kind`` is a key of :data:`.clothing.INSTEPS`."""
    kind: str
    colour: Colour
    sole: Colour
    socks: Colour


@dataclass(frozen=True)
class Bag:
    """Something carried; ``kind`` is one of :data:`.accessories.BAGS`.

    ``side`` is ``'left'`` or ``'right'``: the shoulder or hand that has it.
    """
    kind: str
    colour: Colour
    trim: Colour
    side: str


@dataclass(frozen=True)
class Headwear:
    """Something on the head; ``kind`` is a key of
    :data:`.accessories.COVERED_BY`."""
    kind: str
    colour: Colour


@dataclass(frozen=True)
class Person:
    """A whole person."""
    body: Body
    hair: Hair
    upper: Upper
    lower: Lower
    shoes: Shoes
    bag: Optional[Bag] = None
    headwear: Optional[Headwear] = None
    scarf: Optional[Colour] = None
