from typing import Dict, Iterator, List, Tuple

from fusionreid_mm.evaluation.functional import draw_gallery
from fusionreid_mm.registry import DATASETS
from .base_reid_dataset import AnyImage, BaseReIDDataset, Counts
from .image_lists import read_image_list


@DATASETS.register_module()
class VehicleID(BaseReIDDataset):
    """PKU VehicleID: 26,267 vehicles, seen from the front or from behind.

    Nobody knows the cameras, and the test images have no roles: for a trial,
    one image of each vehicle is drawn into the gallery, and all others are
    queries. Results are the average of :attr:`NUM_TRIALS` trials, and differ
    with the number of vehicles, so say how many yours are of.

    Source: "Deep Relative Distance Learning: Tell the Difference Between
    Similar Vehicles" (CVPR 2016).

    Args:
        data_root (str): As in :class:`BaseReIDDataset`.
        split (str): Likewise.
        test_size (int): Vehicles to test on: 800, 1600 and 2400 are the small,
            the medium and the large set. Any ``test_list_<test_size>.txt`` can
            be read. Defaults to 800.
        trial (int): Which gallery is drawn, from 0. Defaults to 0.
        **kwargs: Other arguments of :class:`BaseReIDDataset`.
    """

    FOLDER_NAMES = ('VehicleID_V1.0', 'VehicleID', 'vehicleid')
    LANDMARKS = ('image', 'train_test_split')
    COUNTS = {'train': Counts(pids=13164, images=113346)}
    #: The published numbers of test images.
    TEST_IMAGES = {800: 6493, 1600: 13377, 2400: 19777}
    NUM_TRIALS = 10

    def __init__(self,
                 data_root: str,
                 split: str,
                 test_size: int = 800,
                 trial: int = 0,
                 **kwargs) -> None:
        self.test_size = test_size
        self.trial = trial
        self.COUNTS = self.counts_of(test_size)
        super().__init__(data_root, split, **kwargs)

    @classmethod
    def counts_of(cls, test_size: int) -> Dict[str, Counts]:
        """The published numbers with so many vehicles to test on."""
        counts = dict(cls.COUNTS, gallery=Counts(test_size, test_size))
        if test_size in cls.TEST_IMAGES:
            queries = cls.TEST_IMAGES[test_size] - test_size
            counts['query'] = Counts(test_size, queries)
        return counts

    def list_images(self, role: str) -> Iterator[AnyImage]:
        images = (
            self._read_list('train_list.txt')
            if role == 'train' else self._test_images(role))
        for name, pid in images:
            yield self.root / 'image' / f'{name}.jpg', pid, None

    def _test_images(self, role: str) -> List[Tuple[str, int]]:
        """Those of a role in this trial."""
        images = self._read_list(f'test_list_{self.test_size}.txt')
        gallery = set(draw_gallery([pid for _, pid in images], self.trial))
        return [
            image for index, image in enumerate(images)
            if (index in gallery) == (role == 'gallery')
        ]

    def _read_list(self, name: str) -> List[Tuple[str, int]]:
        return list(read_image_list(self.root / 'train_test_split' / name))
