from .base_reid_dataset import (BaseReIDDataset, Counts, ReIDImage,
                                collect_annotations)
from .csv_reid_dataset import CSVReIDDataset
from .cuhk03_np import CUHK03NP
from .dukemtmc_reid import DukeMTMCreID
from .folder_reid_dataset import FolderReIDDataset
from .market1501 import Market1501
from .market1501_plus_500k import Market1501Plus500k
from .msmt17 import MSMT17
from .occluded_duke import OccludedDuke
from .samplers import RandomIdentitySampler
from .transforms import LoadReIDImage, PackReIDInputs
from .vehicleid import VehicleID
from .veri776 import VeRi776

__all__ = [
    'BaseReIDDataset', 'CSVReIDDataset', 'CUHK03NP', 'Counts', 'DukeMTMCreID',
    'FolderReIDDataset', 'LoadReIDImage', 'MSMT17', 'Market1501',
    'Market1501Plus500k', 'OccludedDuke', 'PackReIDInputs',
    'RandomIdentitySampler', 'ReIDImage', 'VeRi776', 'VehicleID',
    'collect_annotations'
]
