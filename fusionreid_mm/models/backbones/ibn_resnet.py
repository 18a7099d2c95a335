import torch
from mmcv.cnn import build_norm_layer
from mmpretrain.models.backbones import ResNet
from torch import Tensor, nn

from fusionreid_mm.registry import MODELS


class InstanceBatchNorm(nn.Module):
    """Instance normalization of the first half of all channels, which drops
    what an image looks like as a whole, and batch normalization of the other.

    Args:
        channels (int): C.
        norm_cfg (dict): Of the batch normalization.
    """

    def __init__(self, channels: int, norm_cfg: dict) -> None:
        super().__init__()
        half = channels // 2
        self.IN = nn.InstanceNorm2d(half, affine=True)
        _, self.BN = build_norm_layer(norm_cfg, channels - half)

    def forward(self, inputs: Tensor) -> Tensor:
        """Normalise (B, C, H, W)."""
        half = self.IN.num_features
        return torch.cat(
            [self.IN(inputs[:, :half]),
             self.BN(inputs[:, half:])], dim=1)


@MODELS.register_module()
class IBNResNet(ResNet):
    """ResNet-IBN-a, which carries over to other cameras and datasets better
    than a plain ResNet.

    The first normalization of each block is an :class:`InstanceBatchNorm`,
    but for the fourth stage, whose maps tell people apart. Keys are those of
    the authors' weights, ``resnet50_ibn_a`` for example.

    Source: "Two at Once: Enhancing Learning and Generalization Capacities via
    IBN-Net" (arXiv 1807.09441), Figure 3 (a).

    Args:
        depth (int): 18, 34, 50, 101 or 152.
        strides (Sequence[int]): Stride of each stage. Defaults to
            ``(1, 2, 2, 1)``.
        **kwargs: Other arguments of :class:`mmpretrain.models.ResNet`.
    """

    def __init__(self, depth: int, strides=(1, 2, 2, 1), **kwargs) -> None:
        super().__init__(depth, strides=strides, **kwargs)
        for name in self.res_layers[:3]:
            for block in getattr(self, name):
                setattr(block, block.norm1_name,
                        InstanceBatchNorm(block.mid_channels, self.norm_cfg))
        self._freeze_stages()
