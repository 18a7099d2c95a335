"""Tables of boxes around people in videos."""
from collections import defaultdict
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional

from .fields import read_camid, read_number, read_time
from .person_image import PersonImage
from .table import read_table
from .video import Box, Video, crop_name

COLUMNS = ('frame', 'x', 'y', 'width', 'height')


class _Row(NamedTuple):
    """A line of a table."""
    place: str
    frame: int
    box: Box
    camid: Optional[int]
    time: Optional[float]


def list_boxes(video: str, table: Path) -> Iterator[PersonImage]:
    """The people in a video, by a table of boxes around them.

    Args:
        video (str): The file.
        table (Path): A CSV file with the columns frame (from 0), x, y (of the
            left upper corner), width, height, in pixels, and, where they are
            known, camid and time. Boxes are cut to the frame. Without a time,
            an image has that of its frame, from the beginning of the video.

    Yields:
        PersonImage: In the order of the frames.

    Raises:
        ValueError: If a line cannot be understood, or there is nothing of its
            box in the video; the message names the line.
    """
    rows = [_read(place, row) for place, row in read_table(table, COLUMNS)]
    yield from _crops(video, rows)


def list_boxes_of_videos(table: Path) -> Iterator[PersonImage]:
    """As :func:`list_boxes`, with a column video more. Paths start from the
    folder of the table."""
    rows: Dict[str, List[_Row]] = defaultdict(list)
    for place, row in read_table(table, ('video', *COLUMNS)):
        video = table.parent / row['video']
        if not video.is_file():
            raise FileNotFoundError(f'{place}: there is no video '
                                    f'{str(video)!r}')
        rows[str(video)].append(_read(place, row))
    for name, rows_of_video in rows.items():
        yield from _crops(name, rows_of_video)


def _read(place: str, row: Dict[str, str]) -> _Row:
    x, y, width, height = (
        read_number(place, name, row[name]) for name in COLUMNS[1:])
    left, top = round(x), round(y)
    box = Box(left, top, round(x + width) - left, round(y + height) - top)
    if not row['frame'].isdecimal():
        raise ValueError(f'{place}: frame must be a whole number from 0 on: '
                         f'got {row["frame"]!r}')
    return _Row(place, int(row['frame']), box, read_camid(place, row),
                read_time(place, row))


def _crops(name: str, rows: List[_Row]) -> Iterator[PersonImage]:
    video = Video(name)
    height, width = video.picture(0).shape[:2]
    for row in sorted(rows, key=lambda row: row.frame):
        # What a file says of its length may be wrong.
        if row.frame >= video.declared_length and not video.has(row.frame):
            raise ValueError(f'{row.place}: there is no frame {row.frame}, '
                             f'counted from 0, in the {video.position + 1} '
                             f'frames of {name}')
        box = row.box.clipped(width, height)
        if box.is_empty:
            raise ValueError(
                f'{row.place}: nothing of the box x={row.box.left}, '
                f'y={row.box.top}, width={row.box.width}, '
                f'height={row.box.height} is in the {width} x {height} pixels '
                f'of {name}')
        time = row.time
        if time is None and video.rate > 0:
            time = row.frame / video.rate
        yield PersonImage(crop_name(name, row.frame, box), row.camid, time)
