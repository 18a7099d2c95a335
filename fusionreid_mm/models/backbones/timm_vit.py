from typing import Tuple, Union

from mmpretrain.models.backbones import TIMMBackbone
from mmpretrain.models.utils import to_2tuple

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
        self._register_load_state_dict_pre_hook(self._add_prefix)

    def _add_prefix(self, state_dict: dict, prefix: str, *args) -> None:
        """Files of timm do not know that their model is a part of ours."""
        ours = f'{prefix}timm_model.'
        if not any(name.startswith(ours) for name in state_dict):
            for name in list(state_dict):
                if name.startswith(prefix):
                    state_dict[ours +
                               name[len(prefix):]] = state_dict.pop(name)
