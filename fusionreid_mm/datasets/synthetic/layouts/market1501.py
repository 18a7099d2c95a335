from typing import List, Tuple

import numpy as np

from .base import Label, Layout, interleaved_pids

__all__ = ['Market1501Layout', 'Market1501Plus500kLayout', 'market_folder']


class Market1501Layout(Layout):
    """Market-1501: 64x128 boxes, junk is -1, distractors are 0."""
    max_cameras = 9  # its readers take one digit
    has_distractors = True
    has_junk = True
    has_validation = False
    folders: Tuple[str,
                   ...] = ('bounding_box_train', 'query', 'bounding_box_test')

    def choose_pids(self, rng: np.random.Generator, num_train: int,
                    num_test: int, num_strangers: int) -> List[List[int]]:
        train, test = interleaved_pids(rng, (num_train, num_test))
        return [train, test, [0] * num_strangers]

    def path(self, label: Label) -> str:
        pid = '-1' if label.pid < 0 else f'{label.pid:04d}'
        sequence = 1 + label.frame // 40000
        return (f'{self._folder(label)}/{pid}_c{label.camera + 1}'
                f's{sequence}_{label.frame:06d}_{label.number:02d}.jpg')

    def _folder(self, label: Label) -> str:
        return market_folder(label.role)

    def box_size(self, rng: np.random.Generator) -> Tuple[int, int]:
        return 128, 64


class Market1501Plus500kLayout(Market1501Layout):
    """Market-1501+500k: the distractors lie in a folder of their own."""
    folders = (*Market1501Layout.folders, 'images')

    def _folder(self, label: Label) -> str:
        if label.role == 'distractor':
            return 'images'
        return super()._folder(label)


def market_folder(role: str) -> str:
    """Return the folder of a role."""
    train, query, gallery = Market1501Layout.folders
    return {'train': train, 'query': query}.get(role, gallery)
