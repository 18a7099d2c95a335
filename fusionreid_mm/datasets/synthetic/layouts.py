"""Folders and file names of the real datasets.

=========== ===================================== ==========================
layout      folders                               a name
=========== ===================================== ==========================
market1501  bounding_box_train, query,            0002_c1s1_000451_03.jpg
            bounding_box_test
dukemtmc    the same                              0005_c2_f0046985.jpg
msmt17      train, test and list_*.txt            0000/0000_000_01_
                                                  0303morning_0008_0.jpg
msmt17_v2   mask_train_v2, mask_test_v2 and       the same
            list_*.txt
=========== ===================================== ==========================

Cameras are counted from 1 in names and from 0 everywhere else.
"""
import abc
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

__all__ = ['LAYOUTS', 'Label', 'Layout', 'Listed', 'ROLES']

# A distractor belongs to the gallery, and nobody looks for it; junk lies in
# the gallery and is left out of any count; val is a part of the training set.
ROLES = ('train', 'val', 'query', 'gallery', 'distractor', 'junk')


class Label(NamedTuple):
    """What the name of a file tells.

    Args:
        role (str): One of :data:`ROLES`.
        pid (int): Person id as written in the name.
        camera (int): Camera, from 0.
        number (int): Number of the picture among those of its pid, from 0.
        frame (int): Video frame; tells pictures of a person by one camera
            apart.
    """
    role: str
    pid: int
    camera: int
    number: int
    frame: int


class Listed(NamedTuple):
    """A picture of the dataset: its label and where it lies."""
    label: Label
    path: str


class Layout(abc.ABC):
    """Rules of one dataset."""
    max_cameras: int
    has_distractors: bool
    has_junk: bool  # boxes come from a detector: some are badly cut or empty
    has_validation: bool
    folders: Tuple[str, ...]

    @abc.abstractmethod
    def choose_pids(self, rng: np.random.Generator, num_train: int,
                    num_test: int, num_strangers: int) -> List[List[int]]:
        """Return ids for the people of each part: train, test, strangers."""

    @abc.abstractmethod
    def path(self, label: Label) -> str:
        """Return where a picture lies, with slashes."""

    @abc.abstractmethod
    def box_size(self, rng: np.random.Generator) -> Tuple[int, int]:
        """Return height and width of a picture in pixels."""

    def lists(self, pictures: Sequence[Listed]) -> Dict[str, str]:
        """Return the text files that the dataset has, by path."""
        return {}


def _interleaved_pids(rng: np.random.Generator,
                      sizes: Sequence[int]) -> List[List[int]]:
    """Return ids with gaps, dealt to parts at random."""
    total = sum(sizes)
    pids = 1 + rng.permutation(total + total // 2 + 1)[:total]
    ends = np.cumsum(sizes)
    return [sorted(part.tolist()) for part in np.split(pids, ends[:-1])]


class Market1501Layout(Layout):
    """Market-1501: 64x128 boxes, junk is -1, distractors are 0."""
    max_cameras = 9  # its readers take one digit
    has_distractors = True
    has_junk = True
    has_validation = False
    folders = ('bounding_box_train', 'query', 'bounding_box_test')

    def choose_pids(self, rng: np.random.Generator, num_train: int,
                    num_test: int, num_strangers: int) -> List[List[int]]:
        train, test = _interleaved_pids(rng, (num_train, num_test))
        return [train, test, [0] * num_strangers]

    def path(self, label: Label) -> str:
        pid = '-1' if label.pid < 0 else f'{label.pid:04d}'
        sequence = 1 + label.frame // 40000
        return (f'{_market_folder(label.role)}/{pid}_c{label.camera + 1}'
                f's{sequence}_{label.frame:06d}_{label.number:02d}.jpg')

    def box_size(self, rng: np.random.Generator) -> Tuple[int, int]:
        return 128, 64


class DukeMTMCLayout(Layout):
    """DukeMTMC-reID: boxes of all sizes, distractors have ids of their own."""
    max_cameras = 9
    has_distractors = True
    has_junk = False
    has_validation = False
    folders = Market1501Layout.folders

    def choose_pids(self, rng: np.random.Generator, num_train: int,
                    num_test: int, num_strangers: int) -> List[List[int]]:
        return _interleaved_pids(rng, (num_train, num_test, num_strangers))

    def path(self, label: Label) -> str:
        return (f'{_market_folder(label.role)}/{label.pid:04d}'
                f'_c{label.camera + 1}_f{label.frame:07d}.jpg')

    def box_size(self, rng: np.random.Generator) -> Tuple[int, int]:
        return _varying_box(rng, median_height=175)


def _market_folder(role: str) -> str:
    train, query, gallery = Market1501Layout.folders
    return {'train': train, 'query': query}.get(role, gallery)


def _varying_box(rng: np.random.Generator,
                 median_height: float) -> Tuple[int, int]:
    """Return a box of a person who is near or far."""
    height = median_height * float(
        np.exp(np.clip(0.25 * rng.normal(), -.5, .5)))
    return round(height), round(height * float(rng.uniform(0.40, 0.50)))


class MSMT17Layout(Layout):
    """MSMT17: a folder for each person, and lists that tell the roles.

    Args:
        folders (tuple[str, str]): Names of the training and test folders.
    """
    max_cameras = 15
    has_distractors = False
    has_junk = False
    has_validation = True

    def __init__(self, folders: Tuple[str, str]) -> None:
        self.folders = folders

    def choose_pids(self, rng: np.random.Generator, num_train: int,
                    num_test: int, num_strangers: int) -> List[List[int]]:
        return [list(range(num_train)), list(range(num_test)), []]

    def path(self, label: Label) -> str:
        folder = self.folders[label.role not in ('train', 'val')]
        return f'{folder}/{self._listed_path(label)}'

    def _listed_path(self, label: Label) -> str:
        day = 1 + label.frame % 28
        time = ('morning', 'noon', 'afternoon')[label.frame % 3]
        return (f'{label.pid:04d}/{label.pid:04d}_{label.number:03d}_'
                f'{label.camera + 1:02d}_03{day:02d}{time}_'
                f'{label.frame % 10000:04d}_0.jpg')

    def box_size(self, rng: np.random.Generator) -> Tuple[int, int]:
        return _varying_box(rng, median_height=190)

    def lists(self, pictures: Sequence[Listed]) -> Dict[str, str]:
        return {
            f'list_{role}.txt':
            ''.join(f'{self._listed_path(picture.label)} {picture.label.pid}\n'
                    for picture in pictures if picture.label.role == role)
            for role in ('train', 'val', 'query', 'gallery')
        }


LAYOUTS: Dict[str, Layout] = {
    'market1501': Market1501Layout(),
    'dukemtmc': DukeMTMCLayout(),
    'msmt17': MSMT17Layout(('train', 'test')),
    'msmt17_v2': MSMT17Layout(('mask_train_v2', 'mask_test_v2')),
}
