from mmengine.model import BaseModule
from torch import Tensor, nn

from fusionreid_mm.registry import MODELS


@MODELS.register_module(name=['LocalRefinementUnit', 'lru'])
class LocalRefinementUnit(BaseModule):
    """Local Refinement Unit (LRU): a depthwise-separable convolution that
    brings the map of a branch to the width of the fusion tokens.

    Source: FusionReID, the neck's entrance; the kernel size and the biases are
    those of the released code. (mmcv's ``DepthwiseSeparableConvModule`` is not
    used because it warns of a bias before BatchNorm, which is needed here, and
    brings an initialisation of its own.)

    Args:
        in_channels (int): Channels of the branch's map, C.
        out_channels (int): Width of the tokens, D.
        kernel_size (int): Kernel of the depthwise convolution, odd. The grid
            keeps its size. Defaults to 1.

    Raises:
        ValueError: If ``kernel_size`` is not an odd positive number.
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int,
                 kernel_size: int = 1) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError('lru_kernel_size must be an odd positive number, '
                             f'so that the grid keeps its size: got '
                             f'{kernel_size}')
        self.depthwise = nn.Sequential(
            nn.Conv2d(
                in_channels,
                in_channels,
                kernel_size,
                padding=kernel_size // 2,
                groups=in_channels), nn.BatchNorm2d(in_channels), nn.PReLU())
        self.pointwise = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 1),
            nn.BatchNorm2d(out_channels), nn.PReLU())

    def forward(self, feature_map: Tensor) -> Tensor:
        """(B, C, H, W) to (B, D, H, W)."""
        return self.pointwise(self.depthwise(feature_map))
