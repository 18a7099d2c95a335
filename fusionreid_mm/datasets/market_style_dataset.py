import re
from pathlib import Path
from typing import Iterator, Tuple

from .base_reid_dataset import BaseReIDDataset

_IMAGE_SUFFIXES = {'.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp'}


class MarketStyleDataset(BaseReIDDataset):
    """Three folders of images whose names tell person and camera, as in
    ``0002_c1s1_000451_03.jpg``: person 2, first camera.

    Junk images, of pid -1, are left out.
    """

    FOLDERS = {
        'train': 'bounding_box_train',
        'query': 'query',
        'gallery': 'bounding_box_test',
    }
    LANDMARKS = tuple(FOLDERS.values())
    FILE_NAME = re.compile(r'(?P<pid>-?\d+)_c(?P<camera>\d+)')

    JUNK_PID = -1

    def list_images(self, role: str) -> Iterator[Tuple[Path, int, int]]:
        folder = self.root / self.FOLDERS[role]
        if not folder.is_dir():
            raise FileNotFoundError(
                f'{type(self).__name__}: the {role} images are missing, there '
                f'is no folder {folder.absolute()}. Is the dataset extracted '
                'completely?')
        for path in sorted(folder.iterdir()):
            # macOS leaves a file ._0002_c1s1_000451_03.jpg beside each.
            is_hidden = path.name.startswith('.')
            if is_hidden or path.suffix.lower() not in _IMAGE_SUFFIXES:
                continue
            pid, camid = self.parse_name(path)
            if pid != self.JUNK_PID:
                yield path, pid, camid

    def parse_name(self, path: Path) -> Tuple[int, int]:
        """Person id and camera id, the latter counted from 0."""
        match = self.FILE_NAME.match(path.name)
        if match is None or int(match['camera']) < 1:
            raise ValueError(
                f'{path.absolute()}: the name does not tell person and '
                "camera (from 1) as in '0002_c1s1_000451_03.jpg'. Rename or "
                'remove the file.')
        return int(match['pid']), int(match['camera']) - 1
