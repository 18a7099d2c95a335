from fusionreid_mm.registry import DATASETS
from .base_reid_dataset import Counts
from .market_style_dataset import MarketStyleDataset


@DATASETS.register_module()
class CUHK03NP(MarketStyleDataset):
    """CUHK03 with the new protocol: 1,467 people under 2 cameras.

    The new protocol is that of Market-1501, on other people for training and
    testing than CUHK03's first one, whose hundred random splits this class
    does not read.

    Source: "DeepReID: Deep Filter Pairing Neural Network for Person
    Re-identification" (CVPR 2014) for the images, "Re-ranking Person
    Re-identification with k-reciprocal Encoding" (CVPR 2017) for the protocol.

    Args:
        data_root (str): As in :class:`BaseReIDDataset`.
        split (str): Likewise.
        variant (str): ``'labeled'``, boxes drawn by hand, or ``'detected'``,
            those of a detector. Defaults to ``'labeled'``.
        **kwargs: Other arguments of :class:`BaseReIDDataset`.

    Raises:
        ValueError: If ``variant`` is neither word.
    """

    FOLDER_NAMES = ('cuhk03-np', 'CUHK03-NP', 'cuhk03_np')
    EXAMPLE = '0001_c1_1.png'
    VARIANTS = {
        'labeled': {
            'train': Counts(pids=767, images=7368),
            'query': Counts(pids=700, images=1400),
            'gallery': Counts(pids=700, images=5328),
        },
        'detected': {
            'train': Counts(pids=767, images=7365),
            'query': Counts(pids=700, images=1400),
            'gallery': Counts(pids=700, images=5332),
        },
    }
    COUNTS = VARIANTS['labeled']

    def __init__(self,
                 data_root: str,
                 split: str,
                 variant: str = 'labeled',
                 **kwargs) -> None:
        if variant not in self.VARIANTS:
            raise ValueError(f'variant must be one of {list(self.VARIANTS)}: '
                             f'got {variant!r}')
        self.variant = variant
        self.COUNTS = self.VARIANTS[variant]
        self.FOLDERS = {
            role: f'{variant}/{folder}'
            for role, folder in MarketStyleDataset.FOLDERS.items()
        }
        self.LANDMARKS = tuple(self.FOLDERS.values())
        super().__init__(data_root, split, **kwargs)
