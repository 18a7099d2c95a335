from typing import List, Sequence

import torch
from mmengine.model import BaseTTAModel

from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import ReIDDataSample


@MODELS.register_module()
class AverageFeatureTTA(BaseTTAModel):
    """Test-time augmentation: the descriptor of a person is the mean of those
    of several versions of the image, such as itself and its mirror image.

    Source: the flip test of the field, for example of "Bag of Tricks and A
    Strong Baseline for Deep Person Re-identification" (arXiv 1903.07071).

    Args:
        module (dict | nn.Module): The model.
        data_preprocessor (dict, optional): In place of the model's own.
    """

    def merge_preds(
        self, data_samples_list: Sequence[Sequence[ReIDDataSample]]
    ) -> List[ReIDDataSample]:
        """One sample of all versions of each image."""
        merged = []
        for versions in data_samples_list:
            sample = versions[0]
            sample.feature = torch.stack(
                [version.feature for version in versions]).mean(dim=0)
            merged.append(sample)
        return merged
