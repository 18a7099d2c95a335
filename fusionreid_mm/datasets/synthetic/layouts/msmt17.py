from typing import Dict, List, Sequence, Tuple

import numpy as np

from .base import Label, Layout, Listed, varying_box

__all__ = ['MSMT17Layout']


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
        return varying_box(rng, median_height=190)

    def lists(self, pictures: Sequence[Listed]) -> Dict[str, str]:
        return {
            f'list_{role}.txt':
            ''.join(f'{self._listed_path(picture.label)} {picture.label.pid}\n'
                    for picture in pictures if picture.label.role == role)
            for role in ('train', 'val', 'query', 'gallery')
        }
