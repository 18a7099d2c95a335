from pathlib import Path
from typing import Iterator, Tuple

from mmengine.logging import print_log

from fusionreid_mm.registry import DATASETS
from .base_reid_dataset import BaseReIDDataset, Counts


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

    def list_images(self, role: str) -> Iterator[Tuple[Path, int, int]]:
        folder = self._image_folder('train' if role == 'train' else 'test')
        for list_name in self.LISTS[role]:
            for name, pid in self._read_list(self.root / list_name):
                yield folder / name, pid, self._parse_camera(folder / name)

    def _image_folder(self, part: str) -> Path:
        folders = {
            version: self.root / names[part]
            for version, names in self.VERSIONS.items()
        }
        for version, folder in folders.items():
            if folder.is_dir():
                print_log(
                    f'MSMT17 {version}, {part} images in {folder}',
                    logger='current')
                return folder
        looked = '\n  '.join(f'{path.absolute()} ({version})'
                             for version, path in folders.items())
        raise FileNotFoundError(
            f'MSMT17: the {part} images are missing, there is none of\n  '
            f'{looked}\nIs the dataset extracted completely?')

    @staticmethod
    def _read_list(path: Path) -> Iterator[Tuple[str, int]]:
        if not path.is_file():
            raise FileNotFoundError(
                f'MSMT17: the file list {path.absolute()} is missing. It '
                'belongs to the dataset: copy it beside the image folders.')
        lines = path.read_text(encoding='utf-8').splitlines()
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            name, _, pid = line.strip().rpartition(' ')
            if not name or not pid.isdigit():
                raise ValueError(f'{path.absolute()}, line {number}: expected '
                                 f"'<image> <person id>', got {line!r}")
            yield name, int(pid)

    @staticmethod
    def _parse_camera(path: Path) -> int:
        fields = path.name.split('_')
        if len(fields) < 3 or not fields[2].isdigit() or int(fields[2]) < 1:
            raise ValueError(
                f'{path.absolute()}: the third field of the name does not '
                "tell the camera (from 1) as in "
                "'0000_000_01_0303morning_0008_0.jpg'")
        return int(fields[2]) - 1
