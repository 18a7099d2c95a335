from mmpretrain.models.backbones import ResNet
from torch import nn

from fusionreid_mm.registry import MODELS


@MODELS.register_module()
class ReIDResNet(ResNet):
    """The ResNet of the released FusionReID code.

    It differs from :class:`mmpretrain.models.ResNet` in the stem, which has
    no ReLU after its BatchNorm and pools 2 x 2 without padding, and in the
    last stride, which is 1: 256 x 128 pixels give a 16 x 8 map. Keys are those
    of torchvision. The standard stem is
    ``dict(type='mmpretrain.ResNet', depth=50, strides=(1, 2, 2, 1))``.

    Source: ``modeling/backbones/resnet.py`` of the released code, after
    TransReID.

    Args:
        depth (int): 18, 34, 50, 101 or 152.
        strides (Sequence[int]): Stride of each stage. Defaults to
            ``(1, 2, 2, 1)``.
        zero_init_residual (bool): Start residual branches at zero when
            training from scratch. Defaults to False.
        **kwargs: Other arguments of :class:`mmpretrain.models.ResNet`.
    """

    def __init__(self,
                 depth: int,
                 strides=(1, 2, 2, 1),
                 zero_init_residual: bool = False,
                 **kwargs) -> None:
        super().__init__(
            depth,
            strides=strides,
            zero_init_residual=zero_init_residual,
            **kwargs)

    def _make_stem_layer(self, in_channels: int, stem_channels: int) -> None:
        super()._make_stem_layer(in_channels, stem_channels)
        self.relu = nn.Identity()
        self.maxpool = nn.MaxPool2d(kernel_size=2, stride=2)
