"""What the fields of tables mean."""
import math
from typing import Mapping, Optional

# The most that arrays and galleries hold.
_LARGEST_CAMID = 2**63 - 1


def read_number(place: str, name: str, text: str) -> float:
    """
    Raises:
        ValueError: If it is none; the message names the place.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f'{place}: {name} must be a number: got {text!r}')
    return number


def read_camid(place: str, fields: Mapping[str, str]) -> Optional[int]:
    """The camera, counted from 0; None where there is none, or one below 0.

    Raises:
        ValueError: If it is no whole number; the message names the place.
    """
    text = fields.get('camid', '')
    if not text:
        return None
    try:
        camid = int(text)
    except ValueError:
        raise ValueError(f'{place}: camid must be a whole number, counted '
                         f'from 0, or empty: got {text!r}') from None
    if camid > _LARGEST_CAMID:
        raise ValueError(f'{place}: there is no camera {text}')
    return None if camid < 0 else camid


def read_time(place: str, fields: Mapping[str, str]) -> Optional[float]:
    """In seconds; None where there is none.

    Raises:
        ValueError: If it is no number; the message names the place.
    """
    text = fields.get('time', '')
    return read_number(place, 'time', text) if text else None
