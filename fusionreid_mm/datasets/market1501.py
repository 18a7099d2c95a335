from fusionreid_mm.registry import DATASETS
from .base_reid_dataset import Counts
from .market_style_dataset import MarketStyleDataset


@DATASETS.register_module()
class Market1501(MarketStyleDataset):
    """Market-1501: 1,501 people under 6 cameras.

    Pid 0 is a distractor: it stays in the gallery and matches nobody. Junk
    images are left out of the counts as of everything else.

    Source: "Scalable Person Re-identification: A Benchmark" (ICCV 2015).
    """

    FOLDER_NAMES = ('Market-1501-v15.09.15', 'market1501', 'Market-1501')
    COUNTS = {
        'train': Counts(pids=751, images=12936),
        'query': Counts(pids=750, images=3368),
        'gallery': Counts(pids=751, images=15913),
    }
