import math
from typing import Tuple, Union

from mmpretrain.models.backbones import TIMMBackbone
from mmpretrain.models.utils import to_2tuple
from timm.layers import resample_abs_pos_embed
from torch import Tensor

from fusionreid_mm.models.weight_init.patch_grid import (read_patch_grid,
                                                         write_patch_grid)
from fusionreid_mm.registry import MODELS


@MODELS.register_module()
class TIMMVisionTransformer(TIMMBackbone):
    """A Vision Transformer of timm, which tells a branch where its class token
    and its patch tokens are.

    It is not told the cameras: for that, take
    ``SIEVisionTransformer``, which reads the weights of timm's plain ViTs.

    Args:
        model_name (str): The name in timm, such as
            ``'vit_small_patch16_224'``.
        img_size (int | Tuple[int, int]): Height and width of the images in
            pixels. Defaults to ``(256, 128)``.
        **kwargs: Other arguments of :class:`mmpretrain.models.TIMMBackbone`;
            ``pretrained=True`` takes the weights from timm.

    Raises:
        ValueError: If the model has no grid of patches or no class token.
    """

    def __init__(self,
                 model_name: str,
                 img_size: Union[int, Tuple[int, int]] = (256, 128),
                 **kwargs) -> None:
        super().__init__(model_name, img_size=to_2tuple(img_size), **kwargs)
        self.img_size = to_2tuple(img_size)
        grid = getattr(
            getattr(self.timm_model, 'patch_embed', None), 'grid_size', None)
        cls_token = getattr(self.timm_model, 'cls_token', None)
        if cls_token is None or grid is None:
            raise ValueError(
                f'{model_name} of timm has no class token in front of a grid '
                'of patches: take a plain Vision Transformer, or a '
                '"CNNBranch" with features_only=True for one that gives maps')
        self.embed_dims = self.timm_model.num_features
        self.num_extra_tokens = self.timm_model.num_prefix_tokens
        self.patch_resolution = grid
        self._register_state_dict_hook(write_patch_grid)
        self._register_load_state_dict_pre_hook(self._fit_pos_embed)

    def forward(self, inputs: Tensor) -> Tuple[Tensor]:
        """(B, 3, H, W) to a tuple of one tensor (B, E + N, C), the class token
        first, after the final LayerNorm."""
        tokens = self.timm_model.forward_features(inputs)
        # The final one of models that are made to pool their tokens.
        fc_norm = getattr(self.timm_model, 'fc_norm', None)
        return tokens if fc_norm is None else fc_norm(tokens),

    def _fit_pos_embed(self, state_dict: dict, prefix: str,
                       local_metadata: dict, *args) -> None:
        """Resize it as timm does when it loads weights."""
        name = f'{prefix}timm_model.pos_embed'
        ours = getattr(self.timm_model, 'pos_embed', None)
        if ours is None or name not in state_dict:
            return
        theirs = state_dict[name]
        grid = tuple(self.patch_resolution)
        # Some models give the class token no place.
        num_extra = ours.size(1) - math.prod(grid)
        state_dict[name] = resample_abs_pos_embed(
            theirs,
            list(grid),
            list(
                read_patch_grid(
                    theirs.size(1) - num_extra, grid, local_metadata)),
            num_prefix_tokens=num_extra)
