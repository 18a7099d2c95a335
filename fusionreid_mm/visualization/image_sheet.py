from typing import Any, List, NamedTuple, Sequence, Tuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_PAPER, _INK = (255, 255, 255), (40, 40, 40)

# Pixels.
_GAP, _FONT_SIZE = 6, 12


class Picture(NamedTuple):
    """An image (H, W, 3), RGB and uint8, and what is written below it."""
    image: np.ndarray
    caption: str


class SheetRow(NamedTuple):
    """A row of pictures, and what is written at its beginning."""
    title: str
    pictures: Sequence[Picture]


def draw_sheet(rows: Sequence[SheetRow]) -> np.ndarray:
    """Draw rows of pictures, each in its own size.

    Returns:
        np.ndarray: The sheet, (H, W, 3), RGB and uint8.
    """
    titles = [_size_of(row.title) for row in rows]
    title_width = max(width for width, _ in titles)
    left = title_width + 2 * _GAP if title_width else _GAP
    cells = [_cell_of(picture) for row in rows for picture in row.pictures]
    cell_width = max((width for width, _ in cells), default=0) + _GAP
    heights: List[int] = []
    for row, (_, title_height) in zip(rows, titles):
        pictures = [_cell_of(picture)[1] for picture in row.pictures]
        heights.append(max([title_height, *pictures]) + _GAP)

    columns = max(len(row.pictures) for row in rows)
    sheet = Image.new('RGB',
                      (left + columns * cell_width, sum(heights) + _GAP),
                      _PAPER)
    top = _GAP
    for row, height in zip(rows, heights):
        _write(sheet, (_GAP, top), row.title)
        for column, (image, caption) in enumerate(row.pictures):
            corner = left + column * cell_width, top
            sheet.paste(Image.fromarray(image), corner)
            _write(sheet, (corner[0], top + image.shape[0]), caption)
        top += height
    return np.asarray(sheet)


def _cell_of(picture: Picture) -> Tuple[int, int]:
    """Width and height of a picture with its caption."""
    height, width = picture.image.shape[:2]
    text_width, text_height = _size_of(picture.caption)
    return max(width, text_width), height + text_height


def _size_of(text: str) -> Tuple[int, int]:
    if not text:
        return 0, 0
    draw = ImageDraw.Draw(Image.new('RGB', (1, 1)))
    _, _, right, bottom = draw.multiline_textbbox((0, 0), text, font=_font())
    return round(right), round(bottom) + _FONT_SIZE // 3


def _write(sheet: Image.Image, corner: Tuple[int, int], text: str) -> None:
    ImageDraw.Draw(sheet).multiline_text(corner, text, fill=_INK, font=_font())


def _font() -> Any:
    return ImageFont.load_default(_FONT_SIZE)
