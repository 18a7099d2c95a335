import inspect
from typing import Any, Optional

from mmengine.model import BaseModule
from torch import Tensor, nn

from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import BranchFeatures


@MODELS.register_module()
class TransformerBranch(BaseModule):
    """The Transformer side: the class token, and the patch tokens as a map.

    Source: FusionReID, Transformer feature extraction.

    Args:
        backbone (dict): A Transformer of this package, or one of mmpretrain
            with ``out_type='raw'``.

    Attributes:
        out_channels (int): C, the width of the backbone.
        told (List[str]): What the backbone is told of an image beside its
            pixels, of ``'camids'`` and ``'viewids'``.

    Raises:
        ValueError: If the backbone does not give tokens with a class token in
            front.
    """

    def __init__(self, backbone: dict) -> None:
        super().__init__()
        self.backbone = MODELS.build(backbone)
        _check_interface(self.backbone)
        self.out_channels = self.backbone.embed_dims
        parameters = inspect.signature(self.backbone.forward).parameters
        self.told = [
            name for name in ('camids', 'viewids') if name in parameters
        ]

    def forward(self,
                inputs: Tensor,
                camids: Optional[Tensor] = None,
                viewids: Optional[Tensor] = None) -> BranchFeatures:
        """
        Args:
            inputs (Tensor): (B, 3, H, W), normalised.
            camids (Tensor, optional): (B, ), counted from 0; -1 is unknown.
            viewids (Tensor, optional): (B, ), likewise.

        Raises:
            ValueError: If the images are not of the size that the backbone
                was built for.
        """
        known = dict(camids=camids, viewids=viewids)
        tokens = self.backbone(inputs,
                               **{name: known[name]
                                  for name in self.told})[-1]
        # (B, 1 + N, C) -> (B, C) and (B, C, H', W')
        patches = tokens[:, self.backbone.num_extra_tokens:]
        _check_grid(patches, inputs, self.backbone)
        return BranchFeatures(
            embedding=tokens[:, 0],
            feature_map=patches.transpose(1, 2).unflatten(
                2, self.backbone.patch_resolution))


def _check_interface(backbone: nn.Module) -> None:
    name = type(backbone).__name__
    lacking = [
        attribute
        for attribute in ('embed_dims', 'num_extra_tokens', 'patch_resolution')
        if not hasattr(backbone, attribute)
    ]
    if lacking:
        raise ValueError(
            f'{name} cannot be the Transformer of a branch, it has no '
            f'{", ".join(lacking)}: take SIEVisionTransformer, '
            'TIMMVisionTransformer, or a Vision Transformer of mmpretrain '
            "with out_type='raw'. One that gives maps, such as a Swin "
            'Transformer, goes into a CNNBranch')
    if getattr(backbone, 'out_type', 'raw') != 'raw':
        raise ValueError(f"{name} needs out_type='raw', so that the branch "
                         f'gets all tokens: got {backbone.out_type!r}')
    if not backbone.num_extra_tokens:
        has_option = 'with_cls_token' in inspect.signature(
            type(backbone)).parameters
        raise ValueError(
            f'{name} has no class token, which is the embedding of the '
            'branch: ' + ('set with_cls_token=True' if has_option else
                          'it gives maps, so put it into a CNNBranch'))


def _check_grid(patches: Tensor, inputs: Tensor, backbone: Any) -> None:
    height, width = backbone.patch_resolution
    if patches.size(1) != height * width:
        size = tuple(inputs.shape[-2:])
        raise ValueError(
            f'{type(backbone).__name__} gives {patches.size(1)} patch tokens '
            f'of images of {size[0]}x{size[1]} pixels (height x width), but '
            f'was built for a grid of {height}x{width}: build it with '
            f'img_size={size}')
