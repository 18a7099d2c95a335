import numpy as np
import pytest

from fusionreid_mm.visualization import Picture, SheetRow, draw_sheet


def picture(height: int, width: int, colour: tuple, caption='') -> Picture:
    return Picture(np.full((height, width, 3), colour, np.uint8), caption)


def corner_of(sheet: np.ndarray, colour: tuple) -> tuple:
    """Where the pixels of a colour begin, and how many there are."""
    rows, columns = np.nonzero((sheet == colour).all(axis=-1))
    return rows.min(), columns.min(), len(rows)


def test_pictures_keep_their_sizes_and_stand_in_columns():
    red, green, blue = np.eye(3, dtype=int) * 255
    sheet = draw_sheet([
        SheetRow('pid 1', [
            picture(20, 10, red, 'camera 1'),
            picture(64, 32, green, 'camera 2')
        ]),
        SheetRow('', [picture(8, 8, (9, 9, 9)),
                      picture(30, 200, blue)]),
    ])
    assert sheet.dtype == np.uint8
    red, green, blue = (corner_of(sheet, c) for c in (red, green, blue))
    assert [part[2] for part in (red, green, blue)] == [200, 2048, 6000]
    assert red[0] == green[0] and green[1] == blue[1] >= red[1] + 200
    # Below the taller one, and its caption.
    assert blue[0] > green[0] + 64 + 8
    # The title is in the margin, the captions are below the pictures.
    ink = (sheet < 100).all(axis=-1)
    assert ink[:20, :red[1]].any()
    assert ink[red[0] + 20:red[0] + 40, red[1]:].any()


@pytest.mark.parametrize('title, caption', [('', ''), ('a\nb\nc', 'd\ne')])
def test_little_to_draw(title, caption):
    sheet = draw_sheet([
        SheetRow(title, []),
        SheetRow(title, [picture(1, 1, (255, 0, 0), caption)])
    ])
    assert corner_of(sheet, (255, 0, 0))[2] == 1
