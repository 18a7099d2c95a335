"""A page that shows some people of a dataset under all of its cameras."""
from pathlib import Path
from typing import Dict, List, Tuple

import cv2
import numpy as np

from .plan import Picture, plan_dataset
from .settings import DatasetSettings

__all__ = ['draw_contact_sheet']

CELL = (128, 64)  # height and width of a picture on the page
GAP = 4
MARGIN = 22  # for the names of rows and columns
PAPER, INK = (250, 250, 248), (60, 60, 60)


def draw_contact_sheet(root: Path,
                       settings: DatasetSettings,
                       num_people: int,
                       suffix: str = '.jpg') -> bytes:
    """Return a page with people as rows and cameras as columns.

    Args:
        root (Path): A finished dataset.
        settings (DatasetSettings): Its settings.
        num_people (int): How many people of the test part to show.
        suffix (str): ``'.jpg'`` or ``'.png'``: what to encode it as.

    Returns:
        bytes: The page as a file. Every cell has two pictures of a person by
        one camera.
    """
    rows = _first_pictures(settings, num_people)
    num_cameras = settings.num_cameras or 0
    cell_height, cell_width = CELL[0] + GAP, 2 * CELL[1] + GAP
    page = np.full((MARGIN + len(rows) * cell_height,
                    2 * MARGIN + num_cameras * cell_width, 3), PAPER, np.uint8)
    for camera in range(num_cameras):
        _write(page, f'camera {camera + 1}',
               (2 * MARGIN + camera * cell_width, MARGIN - 8))
    for row, (pid, cells) in enumerate(rows.items()):
        top = MARGIN + row * cell_height
        _write(page, str(pid), (4, top + CELL[0] // 2))
        for camera, pictures in enumerate(cells):
            left = 2 * MARGIN + camera * cell_width
            for place, picture in enumerate(pictures):
                x = left + place * CELL[1]
                page[top:top + CELL[0],
                     x:x + CELL[1]] = _fitted(root / picture.path)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 85] if suffix == '.jpg' else []
    done, data = cv2.imencode(suffix, page, quality)
    assert done, f'OpenCV cannot encode {suffix}'
    return data.tobytes()


def _first_pictures(settings: DatasetSettings,
                    num_people: int) -> Dict[int, List[List[Picture]]]:
    """Return two pictures of each person by each camera, by pid."""
    rows: Dict[int, List[List[Picture]]] = {}
    one_variant = next(iter(settings.layout_rules.variants))
    for picture in plan_dataset(settings).pictures:
        label = picture.label
        if label.role not in ('query', 'gallery') or picture.shot.index > 1:
            continue
        if label.variant != one_variant:
            continue
        if label.pid not in rows and len(rows) == num_people:
            break
        cells = rows.setdefault(label.pid,
                                [[] for _ in range(settings.num_cameras or 0)])
        cells[label.camera].append(picture)
    return rows


def _fitted(path: Path) -> np.ndarray:
    """Return a picture of any size within a cell, on paper."""
    picture = cv2.imread(str(path))
    assert picture is not None, f'{path} is a part of a finished dataset'
    height, width = picture.shape[:2]
    scale = min(CELL[0] / height, CELL[1] / width)
    size = (round(width * scale), round(height * scale))
    cell = np.full((*CELL, 3), PAPER, np.uint8)
    left = (CELL[1] - size[0]) // 2
    cell[:size[1], left:left + size[0]] = cv2.resize(
        picture, size, interpolation=cv2.INTER_AREA)
    return cell


def _write(page: np.ndarray, text: str, corner: Tuple[int, int]) -> None:
    cv2.putText(page, text, corner, cv2.FONT_HERSHEY_SIMPLEX, 0.4, INK, 1,
                cv2.LINE_AA)
