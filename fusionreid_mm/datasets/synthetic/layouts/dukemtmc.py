from typing import List, Tuple

import numpy as np

from .base import Label, Layout, interleaved_pids, varying_box
from .market1501 import Market1501Layout, market_folder

__all__ = ['DukeMTMCLayout', 'OccludedDukeLayout']


class DukeMTMCLayout(Layout):
    """DukeMTMC-reID: boxes of all sizes, distractors have ids of their own."""
    max_cameras = 9
    has_distractors = True
    has_junk = False
    has_validation = False
    folders = Market1501Layout.folders

    def choose_pids(self, rng: np.random.Generator, num_train: int,
                    num_test: int, num_strangers: int) -> List[List[int]]:
        return interleaved_pids(rng, (num_train, num_test, num_strangers))

    def path(self, label: Label) -> str:
        return (f'{market_folder(label.role)}/{label.pid:04d}'
                f'_c{label.camera + 1}_f{label.frame:07d}.jpg')

    def box_size(self, rng: np.random.Generator) -> Tuple[int, int]:
        return varying_box(rng, median_height=175)


class OccludedDukeLayout(DukeMTMCLayout):
    """Occluded-Duke: everybody who is looked for is hidden in part."""
    occluded_roles = ('query', )
