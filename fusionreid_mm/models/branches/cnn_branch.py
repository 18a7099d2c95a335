from typing import Optional

from mmengine.model import BaseModule
from mmpretrain.models.necks import GeneralizedMeanPooling
from mmpretrain.models.utils import to_2tuple
from torch import Tensor, nn

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
            ``features_only=True``, of timm; those of timm that put the
            channels last say so, and are understood. A Transformer that gives
            maps, such as Swin, is one too.

    Attributes:
        out_channels (int): C, found by itself.

    Raises:
        ValueError: If the backbone gives no maps, or not of such images.
    """

    PROBE_SIZE = (256, 128)

    def __init__(self, backbone: dict) -> None:
        super().__init__()
        self.backbone = MODELS.build(backbone)
        self.pool = GeneralizedMeanPooling()
        # Some backbones take images of one size only.
        size = backbone.get('img_size', self.PROBE_SIZE)
        self.out_channels = embedding_channels(self, to_2tuple(size))

    def forward(self,
                inputs: Tensor,
                camids: Optional[Tensor] = None,
                viewids: Optional[Tensor] = None) -> BranchFeatures:
        """Describe (B, 3, H, W); cameras and views are not looked at."""
        feature_map = self.backbone(inputs)[-1]
        if feature_map.ndim != 4:
            name = type(self.backbone).__name__
            raise ValueError(
                f'{name} gives {tuple(feature_map.shape)}, but a CNNBranch '
                'needs a tuple of maps (B, C, H, W): '
                f'{_advice(self.backbone)}')
        if is_channels_last(self.backbone):
            feature_map = feature_map.permute(0, 3, 1, 2)
        return BranchFeatures(self.pool(feature_map), feature_map)


def is_channels_last(backbone: nn.Module) -> bool:
    """Whether maps are (B, H, W, C): timm tells it."""
    model = getattr(backbone, 'timm_model', None)
    return getattr(model, 'output_fmt', 'NCHW') == 'NHWC'


def _advice(backbone: nn.Module) -> str:
    if hasattr(backbone, 'gap_before_final_norm'):
        return 'set gap_before_final_norm=False'
    if hasattr(backbone, 'timm_model'):
        return 'set features_only=True'
    if hasattr(backbone, 'out_type'):
        return "set out_type='featmap', or put it into a TransformerBranch"
    return 'take another one, or one of its options that does not pool'
