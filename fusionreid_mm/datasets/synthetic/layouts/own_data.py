"""What people's own data may look like."""
from typing import Dict, Sequence, Tuple

import numpy as np

from .base import VIEWS, Label, Listed, varying_box
from .dukemtmc import DukeMTMCLayout

__all__ = ['CSVLayout', 'FolderLayout']


class CSVLayout(DukeMTMCLayout):
    """Images of people, cameras and views that have names, listed in a CSV
    file."""
    max_cameras = 20
    has_views = True
    folders: Tuple[str, ...] = ('images', )

    def path(self, label: Label) -> str:
        return f'images/{_path_of_person(label)}'

    def box_size(self, rng: np.random.Generator) -> Tuple[int, int]:
        return varying_box(rng, median_height=160)

    def lists(self, pictures: Sequence[Listed]) -> Dict[str, str]:
        lines = ['path,pid,role,camid,viewid']
        for label, path, view in pictures:
            assert view is not None, 'the plan tells the views'
            lines.append(f'{path},person_{label.pid:04d},{_role(label)},'
                         f'camera_{label.camera + 1},{VIEWS[view]}')
        return {'images.csv': '\n'.join(lines) + '\n'}


class FolderLayout(DukeMTMCLayout):
    """A folder for each role, with one for each person in it."""
    max_cameras = 20
    folders = ('train', 'query', 'gallery')

    def path(self, label: Label) -> str:
        return f'{_role(label)}/{_path_of_person(label)}'

    def box_size(self, rng: np.random.Generator) -> Tuple[int, int]:
        return varying_box(rng, median_height=160)


def _path_of_person(label: Label) -> str:
    return (f'person_{label.pid:04d}/camera_{label.camera + 1}_'
            f'{label.frame:06d}.jpg')


def _role(label: Label) -> str:
    return 'gallery' if label.role == 'distractor' else label.role
