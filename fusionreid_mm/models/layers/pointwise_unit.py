from mmengine.model import BaseModule
from torch import Tensor, nn

from fusionreid_mm.registry import MODELS


@MODELS.register_module(name=['PointwiseUnit', 'pointwise'])
class PointwiseUnit(BaseModule):
    """What is left of a Local Refinement Unit without its depthwise half: a
    1x1 convolution that brings a map to the width of the fusion tokens.

    It stands for "LRU off" in the ablation, since tokens of both branches
    need one width. Source: the released code, ``choice=False``.

    Args:
        in_channels (int): Channels of the branch's map, C.
        out_channels (int): Width of the tokens, D.
        kernel_size (int): Must be 1. Defaults to 1.

    Raises:
        ValueError: If ``kernel_size`` is another one.
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int,
                 kernel_size: int = 1) -> None:
        super().__init__()
        if kernel_size != 1:
            raise ValueError(
                'PointwiseUnit has no depthwise convolution that a kernel of '
                f'{kernel_size} could be of: leave lru_kernel_size at 1')
        self.pointwise = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 1),
            nn.BatchNorm2d(out_channels), nn.PReLU())

    def forward(self, feature_map: Tensor) -> Tensor:
        """(B, C, H, W) to (B, D, H, W)."""
        return self.pointwise(feature_map)
