from typing import Dict, List, Sequence, Tuple

import numpy as np

from .base import Counts, Label, Layout, interleaved_pids, varying_box
from .market1501 import market_folder

__all__ = ['CUHK03NPLayout']


class CUHK03NPLayout(Layout):
    """CUHK03-NP: two cameras, and each picture twice, in a box drawn by hand
    and in that of a detector."""
    max_cameras = 2
    has_distractors = False
    has_junk = False
    has_validation = False
    variants = {'labeled': 'tight', 'detected': 'loose'}
    folders = tuple(variants)

    def choose_pids(self, rng: np.random.Generator, num_train: int,
                    num_test: int, num_strangers: int) -> List[List[int]]:
        return [*interleaved_pids(rng, (num_train, num_test)), []]

    def path(self, label: Label) -> str:
        return (f'{label.variant}/{market_folder(label.role)}/{label.pid:04d}'
                f'_c{label.camera + 1}_{label.number + 1}.png')

    def box_size(self, rng: np.random.Generator) -> Tuple[int, int]:
        return varying_box(rng, median_height=250)

    def counts(self, labels: Sequence[Label]) -> Dict[str, Counts]:
        """Those of either variant."""
        one = next(iter(self.variants))
        return super().counts([x for x in labels if x.variant == one])
