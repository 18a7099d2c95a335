from fusionreid_mm.registry import DATASETS
from .base_reid_dataset import Counts
from .market_style_dataset import MarketStyleDataset


@DATASETS.register_module()
class OccludedDuke(MarketStyleDataset):
    """Occluded-Duke: DukeMTMC-reID dealt anew, so that something stands in
    front of the person in each query, under 8 cameras.

    The images are those of DukeMTMC-reID, which was withdrawn because the
    people in it had not been asked. This class only reads a copy that is
    already there; please consider whether to use one.

    Source: "Pose-Guided Feature Alignment for Occluded Person
    Re-Identification" (ICCV 2019).
    """

    FOLDER_NAMES = ('Occluded_Duke', 'Occluded-DukeMTMC-reID', 'occluded_duke')
    EXAMPLE = '0005_c2_f0046985.jpg'
    COUNTS = {
        'train': Counts(pids=702, images=15618),
        'query': Counts(pids=519, images=2210),
        'gallery': Counts(pids=1110, images=17661),
    }
