from typing import Optional, Tuple, Union

from mmengine.model.weight_init import trunc_normal_
from mmpretrain.models.backbones import VisionTransformer
from torch import Tensor, nn

from fusionreid_mm.registry import MODELS
from .side_information import SideInformationMixin

_ARCH_KEYS = {'embed_dims', 'num_layers', 'num_heads', 'feedforward_channels'}


@MODELS.register_module()
class SIEVisionTransformer(SideInformationMixin, VisionTransformer):
    """A Vision Transformer that is told the camera of each image, by a Side
    Information Embedding (SIE).

    The learned vector of the camera, times ``sie_coefficient``, is added to
    all tokens together with the position embedding. Images whose camera is
    not known get none. Checkpoints with the key names of timm, DeiT and DINOv2
    are understood, and position embeddings are resized to the grid when
    loaded.

    Source: TransReID (arXiv 2102.04378), section 3.3; and the ViT of the
    released FusionReID code.

    Args:
        arch (str | dict): As in :class:`mmpretrain.models.VisionTransformer`.
            Defaults to ``'base'``.
        img_size (int | Tuple[int, int]): Height and width of the images in
            pixels; others are refused. Defaults to ``(256, 128)``.
        num_cameras (int): Number of cameras. 0 leaves the embedding out.
            Defaults to 0.
        num_views (int): Number of views, for datasets that tell from which
            side an object is seen: the embedding then has a vector for each
            camera and view. Defaults to 0.
        sie_coefficient (float): Weight of the embedding. 0 switches it off,
            for images of cameras that it was not trained on. Defaults to 3.0.
        patch_cfg (dict): Of the patch embedding; ``stride`` is of interest.
            Its padding is 0, unlike upstream. Defaults to an empty dict.
        interpolate_mode (str): How position embeddings are resized. Defaults
            to ``'bilinear'``.
        **kwargs: Other arguments of the upstream class.

    Raises:
        ValueError: If ``arch`` has other keys, or an option would give other
            tokens.
    """

    KEY_RULES = (
        (r'^patch_embed\.proj\.', 'patch_embed.projection.'),
        (r'^blocks\.', 'layers.'),
        (r'^norm\.', 'ln1.'),
        (r'\.norm([12])\.', r'.ln\1.'),
        (r'\.mlp\.fc1\.', '.ffn.layers.0.0.'),
        (r'\.mlp\.fc2\.', '.ffn.layers.1.'),
        # The layer scale of DINOv2.
        (r'\.ls1\.gamma$', '.attn.gamma1.weight'),
        (r'\.ls2\.gamma$', '.ffn.gamma2.weight'),
    )

    def __init__(self,
                 arch: Union[str, dict] = 'base',
                 img_size: Union[int, Tuple[int, int]] = (256, 128),
                 num_cameras: int = 0,
                 num_views: int = 0,
                 sie_coefficient: float = 3.0,
                 patch_cfg: dict = dict(),
                 interpolate_mode: str = 'bilinear',
                 **kwargs) -> None:
        if isinstance(arch, dict) and set(arch) != _ARCH_KEYS:
            raise ValueError(f'arch must have the keys {sorted(_ARCH_KEYS)}: '
                             f'got {sorted(arch)}')
        super().__init__(
            arch=arch,
            img_size=img_size,
            patch_cfg={
                'padding': 0,
                **patch_cfg
            },
            interpolate_mode=interpolate_mode,
            out_type='raw',
            **self._free_options(kwargs))
        self._build_side_information(num_cameras, num_views, sie_coefficient)

    def _init_like_timm(self) -> None:
        super()._init_like_timm()
        trunc_normal_(self.pos_embed, std=0.02)
        nn.init.kaiming_normal_(
            self.patch_embed.projection.weight, mode='fan_out')
        for layer in self.layers:
            # Or it would initialise itself after init_cfg.
            layer.is_init = not layer.init_cfg

    def forward(self,
                inputs: Tensor,
                camids: Optional[Tensor] = None,
                viewids: Optional[Tensor] = None) -> Tuple[Tensor]:
        """
        Args:
            inputs (Tensor): (B, 3, H, W), normalised.
            camids (Tensor, optional): (B, ), counted from 0; -1 is unknown.
                None means that no camera is known.
            viewids (Tensor, optional): (B, ), likewise for views.

        Returns:
            Tuple[Tensor]: One tensor (B, 1 + N, C), the class token first,
            after the final LayerNorm.

        Raises:
            ValueError: If the images are not ``img_size`` large, or a camera
                id is not below ``num_cameras``, or a view id not below
                ``num_views``.
        """
        self._check_size(inputs)
        patches, _ = self.patch_embed(inputs)
        tokens = self.pre_norm(self._add_embeddings(patches, camids, viewids))
        for layer in self.layers:
            tokens = layer(tokens)
        return self.ln1(tokens),
