import base64
import io
import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import (Any, Iterator, List, NamedTuple, Optional, Sequence, Tuple,
                    Union)

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from PIL import Image

from fusionreid_mm.checkpoint_io import check_writable_file, write_atomically
from .page_templates import TEMPLATES

#: What a page's file may end with.
PAGE_SUFFIXES = ('.html', '.htm')

# What stands in the corner of a tile, beside its colour, and what is read out.
_SIGNS = {
    'query': ('?', 'query'),
    'right': ('✓', 'right'),
    'wrong': ('✗', 'wrong')
}

# Pixels that are enough on a screen, of a tile and of a picture.
_TILE_SIZE = (224, 384)
_PICTURE_SIZE = (1600, 1600)

_JPEG_QUALITY = 85

_NUMBER = re.compile(r'[-+–]?\d[\d.,]*( ?%)?( ?\[.*\])?|–|')


class Tile(NamedTuple):
    """A small photograph of a row.

    Attributes:
        image: (H, W, 3), RGB and uint8.
        lines: What is written below it.
        frame: ``'query'``, ``'right'`` or ``'wrong'``, by a colour and a sign;
            None for a plain one.
    """
    image: np.ndarray
    lines: Sequence[str] = ()
    frame: Optional[str] = None


class HtmlPage:
    """A page of text, tables and pictures in one file, which needs no other
    and asks nothing of any network.

    Text is taken as text, whatever it looks like. The page can be read on a
    phone, in the dark, by a screen reader and on paper, without any script.

    Args:
        title (str): The page's.
        subtitle (str): What stands below it. Defaults to ``''``.

    Examples:
        >>> page = HtmlPage('Results', 'of <today>')
        >>> page.table(['metric', 'value'], [['mAP', '81.3']])
        >>> '&lt;today&gt;' in page.html()
        True
    """

    def __init__(self, title: str, subtitle: str = '') -> None:
        self.title = title
        self.subtitle = subtitle
        self._parts: List[Markup] = []

    def heading(self, text: str) -> None:
        """Begin a section."""
        self._add('heading', text=text)

    def paragraph(self, text: str) -> None:
        """Some sentences."""
        self._add('paragraph', text=text)

    def caption(self, text: str) -> None:
        """A line that tells what stands below it, such as a row of tiles."""
        self._add('caption', text=text)

    def table(self, header: Sequence[str],
              rows: Sequence[Sequence[Any]]) -> None:
        """A table, whose first column names the rows. Columns of numbers are
        set flush right.

        Args:
            header (Sequence[str]): Names of the columns.
            rows (Sequence[Sequence[Any]]): As many cells each, as ``str``
                writes them.

        Raises:
            ValueError: If a row has more or less cells.
        """
        cells = [[str(cell) for cell in row] for row in rows]
        for row in cells:
            if len(row) != len(header):
                raise ValueError(f'the table has {len(header)} columns, '
                                 f'{list(header)}, but a row has {row}')
        numeric = [
            column for column in range(1, len(header)) if all(
                _NUMBER.fullmatch(row[column]) for row in cells)
        ]
        self._add('table', header=header, rows=cells, numeric=numeric)

    def picture(self,
                image_or_figure: Union[np.ndarray, Figure],
                caption: str = '') -> None:
        """A photograph or a drawing.

        Args:
            image_or_figure (np.ndarray | Figure): (H, W, 3), RGB and uint8,
                which is made smaller if it is larger than a screen; or a
                figure of Matplotlib, which stays sharp at any size.
            caption (str): What is written below it, and read out for it.
                Defaults to ``''``.
        """
        if isinstance(image_or_figure, Figure):
            source = _svg(image_or_figure)
        else:
            source = _jpeg(image_or_figure, _PICTURE_SIZE)
        self._add(
            'picture',
            source=source,
            caption=caption,
            alt=caption or 'picture')

    def tiles(self, tiles: Sequence[Tile]) -> None:
        """A row of small photographs, which goes on below where it is full.

        Raises:
            ValueError: If an image is none, or a frame is of another kind.
        """
        self._add('tiles', tiles=[_tile(tile) for tile in tiles])

    @contextmanager
    def folded(self, summary: str) -> Iterator[None]:
        """Within it, all goes into a part that is closed at first, so that
        only its summary is seen."""
        outside, self._parts = self._parts, []
        try:
            yield
            details = _render('details', summary=summary, parts=self._parts)
        finally:
            self._parts = outside
        self._parts.append(details)

    def html(self) -> str:
        """The text of the file."""
        return str(
            _render(
                'page',
                title=self.title,
                subtitle=self.subtitle,
                parts=self._parts))

    def write(self, path: Union[str, os.PathLike]) -> None:
        """Write the file, whole or not at all.

        Args:
            path (str | PathLike): Replaced if it is there. Its folder is made
                if need be.

        Raises:
            ValueError: If its name does not end with ``.html``.
            OSError: If it cannot be written.
        """
        _check_suffix(Path(path))
        # Names of files may hold what is no text; it is shown by its number.
        content = self.html().encode('utf-8', 'backslashreplace')
        write_atomically(path, content)

    def _add(self, template: str, **content: Any) -> None:
        self._parts.append(_render(template, **content))


def check_page_path(path: Union[str, os.PathLike]) -> None:
    """Refuse a file that :meth:`HtmlPage.write` could not write, before long
    work begins.

    Raises:
        ValueError: If its name does not end with ``.html``.
        OSError: If its folder cannot be made or written to, or it is a folder
            itself.
    """
    _check_suffix(Path(path))
    check_writable_file(path)


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in PAGE_SUFFIXES:
        raise ValueError(f'{path}: the name of a page must end with '
                         f'{" or ".join(PAGE_SUFFIXES)}')


def _render(template: str, **content: Any) -> Markup:
    return Markup(TEMPLATES.get_template(template).render(**content))


def _tile(tile: Tile) -> dict:
    if tile.frame is not None and tile.frame not in _SIGNS:
        raise ValueError(f'the frame of a tile must be one of {list(_SIGNS)} '
                         f'or None: got {tile.frame!r}')
    sign, word = _SIGNS.get(tile.frame or '', ('', ''))
    return dict(
        frame=tile.frame,
        sign=sign,
        source=_jpeg(tile.image, _TILE_SIZE),
        lines=tile.lines,
        alt=', '.join(filter(None, [word, *tile.lines])) or 'image')


def _jpeg(pixels: np.ndarray, size: Tuple[int, int]) -> str:
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or \
            pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        kind = getattr(pixels, 'dtype', type(pixels).__name__)
        raise ValueError('an image must be an array (height, width, 3) of RGB '
                         f'and uint8: got {kind} of shape '
                         f'{getattr(pixels, "shape", None)}')
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail(size, Image.Resampling.LANCZOS)
    content = io.BytesIO()
    image.save(content, 'JPEG', quality=_JPEG_QUALITY, optimize=True)
    return _data_uri('image/jpeg', content.getvalue())


def _svg(figure: Figure) -> str:
    content = io.BytesIO()
    # The same figure gives the same file.
    with matplotlib.rc_context({'svg.hashsalt': 'page'}):
        figure.savefig(
            content, format='svg', metadata=dict(Date=None, Creator=None))
    return _data_uri('image/svg+xml', content.getvalue())


def _data_uri(kind: str, content: bytes) -> str:
    return f'data:{kind};base64,{base64.b64encode(content).decode("ascii")}'
