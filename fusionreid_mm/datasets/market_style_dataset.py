import re
from pathlib import Path
from typing import Iterator, Optional, Tuple

from fusionreid_mm.sources import is_image
from .base_reid_dataset import AnyImage, BaseReIDDataset


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
    #: A name, for the error messages.
    EXAMPLE = '0002_c1s1_000451_03.jpg'

    JUNK_PID = -1

    def list_images(self, role: str) -> Iterator[AnyImage]:
        for path in self.image_files(self.FOLDERS[role], role):
            pid, camid = self.parse_name(path)
            if pid != self.JUNK_PID:
                yield path, pid, camid

    def image_files(self, name: str, kind: str) -> Iterator[Path]:
        """The images in a folder of the dataset, by name.

        Raises:
            FileNotFoundError: If there is no such folder; the message calls
                them ``kind``.
        """
        folder = self.root / name
        if not folder.is_dir():
            raise FileNotFoundError(
                f'{type(self).__name__}: the {kind} images are missing, there '
                f'is no folder {folder.absolute()}. Is the dataset extracted '
                'completely?')
        return filter(is_image, sorted(folder.iterdir()))

    def parse_name(self, path: Path) -> Tuple[int, int]:
        """Person id and camera id, the latter counted from 0."""
        found = self._match_name(path)
        if found is None:
            raise ValueError(
                f'{path.absolute()}: the name does not tell person and '
                f'camera (from 1) as in {self.EXAMPLE!r}. Rename or remove '
                'the file.')
        return found

    def _match_name(self, path: Path) -> Optional[Tuple[int, int]]:
        match = self.FILE_NAME.match(path.name)
        if match is None or int(match['camera']) < 1:
            return None
        return int(match['pid']), int(match['camera']) - 1
