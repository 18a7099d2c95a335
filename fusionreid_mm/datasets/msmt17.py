import re
from pathlib import Path
from typing import Iterator

from mmengine.logging import print_log

from fusionreid_mm.registry import DATASETS
from .base_reid_dataset import AnyImage, BaseReIDDataset, Counts
from .image_lists import read_image_list

_FILE_NAME = re.compile(r'[^_]*_[^_]*_(?P<camera>[0-9]+)')


@DATASETS.register_module()
class MSMT17(BaseReIDDataset):
    """MSMT17: 4,101 people under 15 cameras, in either of its versions.

    V1 lies in ``train`` and ``test``, V2, with masked faces, in
    ``mask_train_v2`` and ``mask_test_v2``; results on the two differ, so the
    version is logged. Training takes ``list_train.txt`` and
    ``list_val.txt`` together, as the paper does. File names tell the camera:
    ``0000_000_01_0303morning_0008_0.jpg`` is the first one.

    Source: "Person Transfer GAN to Bridge Domain Gap for Person
    Re-Identification" (CVPR 2018).
    """

    FOLDER_NAMES = ('MSMT17_V1', 'MSMT17_V2', 'msmt17', 'MSMT17')
    LANDMARKS = ('list_train.txt', 'list_query.txt')
    LISTS = {
        'train': ('list_train.txt', 'list_val.txt'),
        'query': ('list_query.txt', ),
        'gallery': ('list_gallery.txt', ),
    }
    VERSIONS = {
        'V1': {
            'train': 'train',
            'test': 'test'
        },
        'V2': {
            'train': 'mask_train_v2',
            'test': 'mask_test_v2'
        },
    }
    COUNTS = {
        'train': Counts(pids=1041, images=32621),
        'query': Counts(pids=3060, images=11659),
        'gallery': Counts(pids=3060, images=82161),
    }
    PIDS_RESTART = True

    def list_images(self, role: str) -> Iterator[AnyImage]:
        part = 'train' if role == 'train' else 'test'
        folder = self.root / self.VERSIONS[self._version()][part]
        if not folder.is_dir():
            raise FileNotFoundError(
                f'MSMT17: the {part} images are missing, there is no folder '
                f'{folder.absolute()}. Is the dataset extracted completely?')
        for list_name in self.LISTS[role]:
            for name, pid in read_image_list(self.root / list_name):
                yield folder / name, pid, self._parse_camera(folder / name)

    def _version(self) -> str:
        """The one version whose folders are there."""
        found = [
            version for version, names in self.VERSIONS.items()
            if any((self.root / name).is_dir() for name in names.values())
        ]
        if len(found) != 1:
            expected = '\n  '.join(f'{version}: {", ".join(names.values())}'
                                   for version, names in self.VERSIONS.items())
            raise FileNotFoundError(
                'MSMT17: expected the image folders of one version in '
                f'{self.root.absolute()}, either of\n  {expected}\nbut there '
                f'are those of {" and ".join(found) or "none"}: keep each '
                'version in a folder of its own.')
        print_log(f'MSMT17 {found[0]} in {self.root}', logger='current')
        return found[0]

    @staticmethod
    def _parse_camera(path: Path) -> int:
        match = _FILE_NAME.match(path.name)
        if match is None or int(match['camera']) < 1:
            raise ValueError(
                f'{path.absolute()}: the third field of the name does not '
                "tell the camera (from 1) as in "
                "'0000_000_01_0303morning_0008_0.jpg'")
        return int(match['camera']) - 1
