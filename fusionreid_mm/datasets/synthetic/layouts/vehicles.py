"""Datasets of vehicles. Who is drawn into them stays on foot."""
from typing import Dict, List, Sequence, Tuple

import numpy as np

from .base import (Counts, Label, Layout, Listed, count, interleaved_pids,
                   varying_box)

__all__ = ['VeRi776Layout', 'VehicleIDLayout']


class VeRi776Layout(Layout):
    """VeRi-776: twenty cameras, and lists of keypoints that end with a view.

    No keypoint is visible, as vehicles have others than people.
    """
    max_cameras = 20
    has_distractors = False
    has_junk = False
    has_validation = False
    has_views = True
    folders = ('image_train', 'image_query', 'image_test')

    NUM_KEYPOINTS = 20

    def choose_pids(self, rng: np.random.Generator, num_train: int,
                    num_test: int, num_strangers: int) -> List[List[int]]:
        return [*interleaved_pids(rng, (num_train, num_test)), []]

    def path(self, label: Label) -> str:
        train, query, gallery = self.folders
        folder = {'train': train, 'query': query}.get(label.role, gallery)
        return (f'{folder}/{label.pid:04d}_c{label.camera + 1:03d}_'
                f'{label.frame:08d}_0.jpg')

    def box_size(self, rng: np.random.Generator) -> Tuple[int, int]:
        return varying_box(rng, median_height=175)

    def lists(self, pictures: Sequence[Listed]) -> Dict[str, str]:
        hidden = ' -1' * (2 * self.NUM_KEYPOINTS)
        return {
            f'keypoint_{part}.txt':
            ''.join(f'{picture.path}{hidden} {picture.view}\n'
                    for picture in pictures if picture.label.role in roles)
            for part, roles in (('train', ['train']), ('test',
                                                       ['query', 'gallery']))
        }


class VehicleIDLayout(Layout):
    """VehicleID: one folder of images, and lists of who is on them; names tell
    neither who nor which camera.

    All test images together are a list, named after how many people are on
    them; which of them is a query is drawn by the reader.
    """
    max_cameras = 20
    has_distractors = False
    has_junk = False
    has_validation = False
    folders = ('image', 'train_test_split')

    def choose_pids(self, rng: np.random.Generator, num_train: int,
                    num_test: int, num_strangers: int) -> List[List[int]]:
        return [*interleaved_pids(rng, (num_train, num_test)), []]

    def path(self, label: Label) -> str:
        return f'image/{self._name(label)}.jpg'

    def _name(self, label: Label) -> str:
        return f'{1000 * label.pid + label.number:07d}'

    def box_size(self, rng: np.random.Generator) -> Tuple[int, int]:
        return varying_box(rng, median_height=175)

    def lists(self, pictures: Sequence[Listed]) -> Dict[str, str]:
        train, test = _train_and_test([picture.label for picture in pictures])
        names = {
            'train_list.txt': train,
            f'test_list_{count(test)["pids"]}.txt': test
        }
        return {
            f'train_test_split/{name}':
            ''.join(f'{self._name(label)} {label.pid}\n' for label in labels)
            for name, labels in names.items()
        }

    def counts(self, labels: Sequence[Label]) -> Dict[str, Counts]:
        """Those of any trial: one image of each is in the gallery."""
        train, test = _train_and_test(labels)
        people, images = count(test).values()
        return {
            'train': count(train),
            'query': {
                'pids': people,
                'images': images - people
            },
            'gallery': {
                'pids': people,
                'images': people
            },
        }


def _train_and_test(
        labels: Sequence[Label]) -> Tuple[List[Label], List[Label]]:
    train = [label for label in labels if label.role == 'train']
    return train, [label for label in labels if label.role != 'train']
