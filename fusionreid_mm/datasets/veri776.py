import re
from typing import Dict, Iterator

from mmengine.logging import print_log

from fusionreid_mm.registry import DATASETS
from .base_reid_dataset import Counts, ReIDImage
from .image_lists import read_lines
from .market_style_dataset import MarketStyleDataset


@DATASETS.register_module()
class VeRi776(MarketStyleDataset):
    """VeRi-776: 776 vehicles under 20 cameras, seen from 8 sides.

    The sides are not part of the dataset, but of the annotations of
    keypoints that others made of it: where ``keypoint_train.txt`` and
    ``keypoint_test.txt`` lie beside the image folders, the last number of each
    line is the ``viewid`` of an image. Images without one stay in the dataset.

    Source: "A Deep Learning-Based Approach to Progressive Vehicle
    Re-identification for Urban Surveillance" (ECCV 2016); "Orientation
    Invariant Feature Embedding and Spatial Temporal Regularization for Vehicle
    Re-identification" (ICCV 2017) for the sides.
    """

    FOLDER_NAMES = ('VeRi', 'veri776', 'VeRi-776', 'VeRi776')
    FOLDERS = {
        'train': 'image_train',
        'query': 'image_query',
        'gallery': 'image_test',
    }
    LANDMARKS = tuple(FOLDERS.values())
    EXAMPLE = '0002_c002_00030600_0.jpg'
    COUNTS = {
        'train': Counts(pids=576, images=37778),
        'query': Counts(pids=200, images=1678),
        'gallery': Counts(pids=200, images=11579),
    }
    #: Where the views are told.
    KEYPOINTS = {
        'train': 'keypoint_train.txt',
        'query': 'keypoint_test.txt',
        'gallery': 'keypoint_test.txt',
    }
    NUM_VIEWS = 8
    _VIEWS = {str(view) for view in range(NUM_VIEWS)}

    def list_images(self, role: str) -> Iterator[ReIDImage]:
        views = self._read_views(self.KEYPOINTS[role])
        for path in self.image_files(self.FOLDERS[role], role):
            yield ReIDImage(path, *self.parse_name(path), views.get(path.name))

    def _read_views(self, name: str) -> Dict[str, int]:
        """The view of each image by file name; none without the file."""
        path = self.root / name
        if not path.is_file():
            print_log(
                f'VeRi776: without {path} the images have no views',
                logger='current')
            return {}
        views = {}
        for number, line in enumerate(read_lines(path), start=1):
            fields = line.split()
            if not fields:
                continue
            if len(fields) < 2 or fields[-1] not in self._VIEWS:
                raise ValueError(
                    f'{path.absolute()}, line {number}: expected an image, '
                    'its keypoints and, at the end, its view from 0 to '
                    f'{self.NUM_VIEWS - 1}: got {line!r}')
            views[re.split(r'[/\\]', fields[0])[-1]] = int(fields[-1])
        return views
