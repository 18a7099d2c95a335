from functools import partial
from typing import Optional, Tuple, Union

import torch.nn.functional as F
from mmpretrain.models.backbones import T2T_ViT
from mmpretrain.models.backbones.t2t_vit import (T2TModule,
                                                 T2TTransformerLayer,
                                                 get_sinusoid_encoding)
from mmpretrain.models.utils import to_2tuple
from torch import Tensor

from fusionreid_mm.registry import MODELS
from .side_information import SideInformationMixin

_ARCH_KEYS = {'embed_dims', 'num_layers', 'num_heads'}


@MODELS.register_module()
class SIET2TViT(SideInformationMixin, T2T_ViT):
    """A Tokens-to-Token ViT (T2T-ViT) for images of any shape, that is told
    the camera of each by a Side Information Embedding (SIE).

    Two token transformers and three soft splits make a token of 16 x 16
    pixels, so 256 x 128 gives a grid of 16 x 8. The position embedding is a
    sinusoid that is not trained; a pretrained file brings its own, resized to
    the grid. Checkpoints with the authors' key names are understood.

    Source: T2T-ViT (arXiv 2101.11986), the variant with full attention; and
    the one of the released FusionReID code.

    Args:
        arch (str | dict): ``'14'``, ``'24'``, or a dict with ``embed_dims``,
            ``num_layers`` and ``num_heads``. Defaults to ``'14'``.
        img_size (int | Tuple[int, int]): Height and width of the images in
            pixels; others are refused. Defaults to ``(256, 128)``.
        num_cameras (int): Number of cameras. 0 leaves the embedding out.
            Defaults to 0.
        num_views (int): Number of views, see :class:`SIEVisionTransformer`.
            Defaults to 0.
        sie_coefficient (float): Weight of the embedding. 0 switches it off.
            Defaults to 3.0.
        interpolate_mode (str): How position embeddings are resized. Defaults
            to ``'bilinear'``.
        **kwargs: Other arguments of :class:`mmpretrain.models.T2T_ViT`.

    Raises:
        ValueError: If ``arch`` is none of these, or an option would give other
            tokens.
    """

    ARCHS = {
        '14': dict(embed_dims=384, num_layers=14, num_heads=6),
        '24': dict(embed_dims=512, num_layers=24, num_heads=8),
    }

    KEY_RULES = (
        (r'^blocks\.', 'encoder.'),
        (r'\.norm([12])\.', r'.ln\1.'),
        (r'\.mlp\.fc1\.', '.ffn.layers.0.0.'),
        (r'\.mlp\.fc2\.', '.ffn.layers.1.'),
    )

    def __init__(self,
                 arch: Union[str, dict] = '14',
                 img_size: Union[int, Tuple[int, int]] = (256, 128),
                 num_cameras: int = 0,
                 num_views: int = 0,
                 sie_coefficient: float = 3.0,
                 interpolate_mode: str = 'bilinear',
                 **kwargs) -> None:
        settings = self.ARCHS.get(arch) if isinstance(arch, str) else arch
        if settings is None or set(settings) != _ARCH_KEYS:
            raise ValueError(
                f'arch must be one of {sorted(self.ARCHS)} or a dict with the '
                f'keys {sorted(_ARCH_KEYS)}: got {arch!r}')
        # Upstream knows square images only: it gets the smallest, and what
        # depends on the size follows below.
        super().__init__(
            img_size=16,
            embed_dims=settings['embed_dims'],
            num_layers=settings['num_layers'],
            layer_cfgs=dict(num_heads=settings['num_heads']),
            interpolate_mode=interpolate_mode,
            out_type='raw',
            **self._free_options(kwargs))
        self.embed_dims = settings['embed_dims']
        self.img_size = to_2tuple(img_size)
        self.patch_resolution = _grid(self.tokens_to_token, self.img_size)
        self.tokens_to_token.init_out_size = self.patch_resolution
        num_patches = self.patch_resolution[0] * self.patch_resolution[1]
        self.pos_embed = get_sinusoid_encoding(1 + num_patches,
                                               self.embed_dims)
        for layer in self.modules():
            if isinstance(layer, T2TTransformerLayer):
                _set_attention_scale(layer)
        self._build_side_information(num_cameras, num_views, sie_coefficient)

    def forward(self,
                inputs: Tensor,
                camids: Optional[Tensor] = None,
                viewids: Optional[Tensor] = None) -> Tuple[Tensor]:
        """See :meth:`SIEVisionTransformer.forward`."""
        self._check_size(inputs)
        patches, _ = self.tokens_to_token(inputs)
        tokens = self._add_embeddings(patches, camids, viewids)
        for layer in self.encoder:
            tokens = layer(tokens)
        return self.norm(tokens),


def _grid(module: T2TModule, size: Tuple[int, int]) -> Tuple[int, int]:
    for split in (module.soft_split0, module.soft_split1, module.soft_split2):
        size = module._get_unfold_size(split, size)
    return size


def _set_attention_scale(layer: T2TTransformerLayer) -> None:
    """Scale by the width of the *input* of a head, as the authors do; in a
    token transformer, that is not the width of the head.

    mmpretrain 1.2 computes that scale and then ignores it, and writes the
    softmax out.
    """
    scale = (layer.attn.input_dims // layer.attn.num_heads)**-0.5
    layer.attn.scaled_dot_product_attention = partial(
        F.scaled_dot_product_attention, scale=scale)
