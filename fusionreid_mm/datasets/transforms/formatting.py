import numpy as np
import torch
from mmcv.transforms import BaseTransform

from fusionreid_mm.registry import TRANSFORMS
from fusionreid_mm.structures import ReIDDataSample


@TRANSFORMS.register_module()
class PackReIDInputs(BaseTransform):
    """The end of a pipeline: an image as a uint8 tensor (3, H, W), and what is
    known of it as a :class:`ReIDDataSample`.

    Required key: ``img``, (H, W, 3). All others are optional.
    """

    META_KEYS = ('pid', 'camid', 'viewid', 'label', 'split', 'dataset',
                 'img_path', 'sample_idx', 'in_place_of')

    def transform(self, results: dict) -> dict:
        image = np.ascontiguousarray(results['img'].transpose(2, 0, 1))
        metainfo = {
            key: results[key]
            for key in self.META_KEYS if results.get(key) is not None
        }
        return dict(
            inputs=torch.from_numpy(image),
            data_samples=ReIDDataSample(metainfo=metainfo))
