import inspect
from typing import Optional

from mmengine.model import BaseModule
from torch import Tensor

from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import BranchFeatures


@MODELS.register_module()
class TransformerBranch(BaseModule):
    """The Transformer side: the class token, and the patch tokens as a map.

    Source: FusionReID, Transformer feature extraction.

    Args:
        backbone (dict): A Transformer of this package, which is told the
            cameras, or one of mmpretrain with ``out_type='raw'``.

    Attributes:
        out_channels (int): C, the width of the backbone.
    """

    def __init__(self, backbone: dict) -> None:
        super().__init__()
        self.backbone = MODELS.build(backbone)
        self.out_channels = self.backbone.embed_dims
        self.knows_cameras = 'camids' in inspect.signature(
            self.backbone.forward).parameters

    def forward(self,
                inputs: Tensor,
                camids: Optional[Tensor] = None) -> BranchFeatures:
        """
        Args:
            inputs (Tensor): (B, 3, H, W), normalised.
            camids (Tensor, optional): (B, ), counted from 0; -1 is unknown.
        """
        side_information = (camids, ) if self.knows_cameras else ()
        tokens = self.backbone(inputs, *side_information)[-1]
        # (B, 1 + N, C) -> (B, C) and (B, C, H', W')
        patches = tokens[:, self.backbone.num_extra_tokens:]
        return BranchFeatures(
            embedding=tokens[:, 0],
            feature_map=patches.transpose(1, 2).unflatten(
                2, self.backbone.patch_resolution))
