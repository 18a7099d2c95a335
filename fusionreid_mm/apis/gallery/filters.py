"""Which images of a gallery a search may find, in Milvus's language.

No text gets into an expression: images are told apart by their keys, which are
hexadecimal numbers.
"""
import math
from typing import Collection, Iterable, List, NamedTuple, Optional

from .schema import key_of


class Filter(NamedTuple):
    """What a search may find.

    Attributes:
        camids: Only images of these cameras. None: of all.
        not_camids: No images of these cameras. An image of which nobody knows
            the camera stays.
        start: Only images taken at this time, in seconds, or later; none of
            which nobody knows when. None: no limit.
        end: Likewise, at this time or earlier.
        exclude: Names of images that are not to be found.
    """
    camids: Optional[Collection[int]] = None
    not_camids: Collection[int] = ()
    start: Optional[float] = None
    end: Optional[float] = None
    exclude: Collection[str] = ()

    def check(self) -> None:
        """Raises:
            ValueError: If nothing could be found.
        """
        if self.camids is not None:
            if not self.camids:
                raise ValueError('camids is empty: nothing could be found. '
                                 'None searches all cameras')
            if set(self.camids) <= set(self.not_camids):
                raise ValueError('nothing could be found: of the cameras '
                                 f'{sorted(self.camids)}, all are left out')
        for name in ('start', 'end'):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise ValueError(f'{name} must be a time in seconds: {value}')
        if (self.start is not None and self.end is not None
                and self.end < self.start):
            raise ValueError(f'end, {self.end}, is before start, {self.start}')

    def expression(self) -> str:
        """As Milvus reads it; empty if all may be found."""
        parts: List[str] = []
        if self.camids is not None:
            parts.append(f'camid in {_numbers(self.camids)}')
        if self.not_camids:
            parts.append('(camid is null or camid not in '
                         f'{_numbers(self.not_camids)})')
        if self.start is not None:
            parts.append(f'seconds >= {float(self.start)!r}')
        if self.end is not None:
            parts.append(f'seconds <= {float(self.end)!r}')
        if self.exclude:
            parts.append(f'not ({has_key(map(key_of, self.exclude))})')
        return ' and '.join(parts)


def has_key(keys: Iterable[str]) -> str:
    """The images with these keys."""
    quoted = ', '.join(f'"{key}"' for key in sorted(keys))
    return f'key in [{quoted}]'


def _numbers(camids: Iterable[int]) -> List[int]:
    return sorted({int(camid) for camid in camids})
