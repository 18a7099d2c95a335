from typing import Optional, Tuple, Union

import torch
from mmengine.model.weight_init import trunc_normal_
from mmpretrain.models.backbones import VisionTransformer
from torch import Tensor, nn

from fusionreid_mm.registry import MODELS
from .vit_keys import timm_to_mmpretrain

_ARCH_KEYS = {'embed_dims', 'num_layers', 'num_heads', 'feedforward_channels'}


@MODELS.register_module()
class SIEVisionTransformer(VisionTransformer):
    """A Vision Transformer that is told the camera of each image, by a Side
    Information Embedding (SIE).

    The learned vector of the camera, times ``sie_coefficient``, is added to
    all tokens together with the position embedding. Images whose camera is
    not known get none. Checkpoints with timm's key names are understood, and
    position embeddings are resized to the grid when loaded.

    Source: TransReID (arXiv 2102.04378), section 3.3, camera part; and the
    ViT of the released FusionReID code.

    Args:
        arch (str | dict): As in :class:`mmpretrain.models.VisionTransformer`.
            Defaults to ``'base'``.
        img_size (int | Tuple[int, int]): Height and width of the images in
            pixels; others are refused. Defaults to ``(256, 128)``.
        num_cameras (int): Number of cameras. 0 leaves the embedding out.
            Defaults to 0.
        sie_coefficient (float): Weight of the embedding. 0 switches it off,
            for images of cameras that it was not trained on. Defaults to 3.0.
        patch_cfg (dict): Of the patch embedding; ``stride`` is of interest.
            Its padding is 0, unlike upstream. Defaults to an empty dict.
        interpolate_mode (str): How position embeddings are resized. Defaults
            to ``'bilinear'``.
        **kwargs: Other arguments of the upstream class.
    """

    def __init__(self,
                 arch: Union[str, dict] = 'base',
                 img_size: Union[int, Tuple[int, int]] = (256, 128),
                 num_cameras: int = 0,
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
            patch_cfg=dict(padding=0, **patch_cfg),
            interpolate_mode=interpolate_mode,
            out_type='raw',
            **kwargs)
        self.num_cameras = num_cameras
        self.sie_coefficient = sie_coefficient
        if num_cameras:
            self.sie_embed = nn.Parameter(
                torch.zeros(num_cameras, 1, self.embed_dims))
            # Not part of any pretrained file, so it starts here.
            trunc_normal_(self.sie_embed, std=0.02)
        self.register_load_state_dict_pre_hook(_rename_timm_keys)

    def init_weights(self) -> None:
        """Without a pretrained file: ViT's usual initialisation, as in timm
        and the released code, in place of the upstream one."""
        super().init_weights()
        if self.init_cfg and self.init_cfg['type'] == 'Pretrained':
            return
        for module in self.modules():
            if isinstance(module, nn.Linear):
                trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        nn.init.kaiming_normal_(
            self.patch_embed.projection.weight, mode='fan_out')
        trunc_normal_(self.cls_token, std=0.02)

    def forward(self,
                inputs: Tensor,
                camids: Optional[Tensor] = None) -> Tuple[Tensor]:
        """
        Args:
            inputs (Tensor): (B, 3, H, W), normalised.
            camids (Tensor, optional): (B, ), counted from 0; -1 is unknown.
                None means that no camera is known.

        Returns:
            Tuple[Tensor]: One tensor (B, 1 + N, C), the class token first,
            after the final LayerNorm.

        Raises:
            ValueError: If the images are not ``img_size`` large, or a camera
                id is not below ``num_cameras``.
        """
        if tuple(inputs.shape[-2:]) != tuple(self.img_size):
            raise ValueError(
                f'the images are {inputs.shape[-2]}x{inputs.shape[-1]} pixels '
                f'(height x width), but the Transformer was built with '
                f'img_size={tuple(self.img_size)}: change img_size or the '
                'Resize of the pipeline')
        patches, _ = self.patch_embed(inputs)
        cls = self.cls_token.expand(len(inputs), -1, -1)
        tokens = torch.cat((cls, patches), dim=1) + self.pos_embed
        if self.uses_cameras and camids is not None:
            tokens = tokens + self.side_information(camids)
        tokens = self.pre_norm(self.drop_after_pos(tokens))
        for layer in self.layers:
            tokens = layer(tokens)
        return self.ln1(tokens),

    @property
    def uses_cameras(self) -> bool:
        return bool(self.num_cameras and self.sie_coefficient)

    def side_information(self, camids: Tensor) -> Tensor:
        """What is added to the tokens of each image, (B, 1, C): zero where the
        camera is unknown."""
        if camids.max() >= self.num_cameras:
            raise ValueError(
                f'camera id {int(camids.max())} does not fit an embedding of '
                f'{self.num_cameras} cameras (ids count from 0): set '
                'num_cameras of the Transformer backbone to the number of '
                'cameras of the dataset')
        camids = camids.to(self.sie_embed.device)
        known = (camids >= 0)[:, None, None]
        return self.sie_coefficient * self.sie_embed[camids.clamp(
            min=0)] * known


def _rename_timm_keys(module: nn.Module, state_dict: dict, prefix: str,
                      *args) -> None:
    for key in [key for key in state_dict if key.startswith(prefix)]:
        renamed = prefix + timm_to_mmpretrain(key[len(prefix):])
        if renamed != key:
            state_dict[renamed] = state_dict.pop(key)
