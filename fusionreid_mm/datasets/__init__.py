from .base_reid_dataset import BaseReIDDataset, Counts, collect_annotations
from .dukemtmc_reid import DukeMTMCreID
from .market1501 import Market1501
from .msmt17 import MSMT17
from .samplers import RandomIdentitySampler
from .transforms import LoadReIDImage, PackReIDInputs

__all__ = [
    'BaseReIDDataset', 'Counts', 'DukeMTMCreID', 'LoadReIDImage', 'MSMT17',
    'Market1501', 'PackReIDInputs', 'RandomIdentitySampler',
    'collect_annotations'
]
