from typing import Optional

from mmengine.model import BaseModule
from mmpretrain.models.necks import GeneralizedMeanPooling
from torch import Tensor

from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import BranchFeatures
from .probe import embedding_channels


@MODELS.register_module()
class CNNBranch(BaseModule):
    """The CNN side: the last map of a backbone, and its generalized mean.

    Source: FusionReID, CNN feature extraction with GeM.

    Args:
        backbone (dict): Any backbone that gives a tuple of maps (B, C, H, W),
            of mmpretrain or, through ``mmpretrain.TIMMBackbone`` with
            ``features_only=True``, of timm. A Transformer that gives maps,
            such as Swin, is one too.

    Attributes:
        out_channels (int): C, found by itself.
    """

    PROBE_SIZE = (256, 128)

    def __init__(self, backbone: dict) -> None:
        super().__init__()
        self.backbone = MODELS.build(backbone)
        self.pool = GeneralizedMeanPooling()
        self.out_channels = embedding_channels(self, self.PROBE_SIZE)

    def forward(self,
                inputs: Tensor,
                camids: Optional[Tensor] = None,
                viewids: Optional[Tensor] = None) -> BranchFeatures:
        """Describe (B, 3, H, W); cameras and views are not looked at."""
        feature_map = self.backbone(inputs)[-1]
        return BranchFeatures(self.pool(feature_map), feature_map)
