import re
from typing import Any, Dict, Optional, Sequence, Tuple

import torch
from mmengine.model import BaseModule
from mmengine.model.weight_init import trunc_normal_
from mmpretrain.models.utils import resize_pos_embed
from torch import Tensor, nn

from fusionreid_mm.models.weight_init.patch_grid import (read_patch_grid,
                                                         write_patch_grid)

# Their names in files of timm, and of DINOv2's authors.
_REGISTERS = ('reg_token', 'register_tokens')

# Upstream's options in which a branch has no choice.
_FIXED_OPTIONS = dict(
    out_type='raw', out_indices=-1, final_norm=True, with_cls_token=True)


# An exported graph cannot look at values and raise. PyTorch tells of it from
# 2.7 on, which is the first that exports here.
_is_exporting = getattr(torch.compiler, 'is_exporting', lambda: False)


class SideInformationMixin(BaseModule):
    """What the Transformers of this package add to mmpretrain's: the Side
    Information Embedding (SIE) and the reading of other people's checkpoints.

    The learned vector of an image's camera, times ``sie_coefficient``, is
    added to all tokens together with the position embedding. With views, there
    is a vector for each camera and view. Images of which one of them is not
    known get none.

    Source: TransReID (arXiv 2102.04378), section 3.3.

    A class that mixes it in has ``cls_token``, ``pos_embed``,
    ``drop_after_pos``, ``patch_resolution``, ``img_size``, ``embed_dims`` and
    ``interpolate_mode``, and calls :meth:`_build_side_information` in its
    ``__init__``.
    """

    #: Patterns and replacements that turn the key names of timm, or of the
    #: authors' code, into mmpretrain's.
    KEY_RULES: Sequence[Tuple[str, str]] = ()

    cls_token: Tensor
    pos_embed: Tensor
    drop_after_pos: nn.Module
    patch_resolution: Sequence[int]
    img_size: Tuple[int, int]
    embed_dims: int
    interpolate_mode: str

    def init_weights(self) -> None:
        """As timm and the released code do it, in place of upstream; then as
        ``init_cfg`` says, which has the last word."""
        if not self.is_init:
            self._init_like_timm()
        BaseModule.init_weights(self)

    def _init_like_timm(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear):
                trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        trunc_normal_(self.cls_token, std=0.02)

    def _build_side_information(self, num_cameras: int, num_views: int,
                                sie_coefficient: float) -> None:
        for name, number in (('num_cameras', num_cameras), ('num_views',
                                                            num_views)):
            if number < 0:
                raise ValueError(f'{name} must not be negative: got {number}')
        self.num_cameras = num_cameras
        self.num_views = num_views
        self.sie_coefficient = sie_coefficient
        if num_cameras or num_views:
            rows = max(num_cameras, 1) * max(num_views, 1)
            # One that is never added is not trained: DDP would wait for its
            # gradient.
            self.sie_embed = nn.Parameter(
                torch.zeros(rows, 1, self.embed_dims),
                requires_grad=bool(sie_coefficient))
            # Not part of any pretrained file, so it starts here.
            trunc_normal_(self.sie_embed, std=0.02)
        self._register_state_dict_hook(write_patch_grid)

    @property
    def uses_cameras(self) -> bool:
        return bool(self.num_cameras and self.sie_coefficient)

    @property
    def uses_views(self) -> bool:
        return bool(self.num_views and self.sie_coefficient)

    def side_information(self,
                         camids: Optional[Tensor],
                         viewids: Optional[Tensor] = None) -> Optional[Tensor]:
        """What is added to the tokens of each image, (B, 1, C): zero where
        something is not known. None if there is nothing to add."""
        device = self.cls_token.device
        row = known = None
        for name, ids, number in (('camera', camids, self.num_cameras),
                                  ('view', viewids, self.num_views)):
            if not number:
                continue
            if ids is None or not self.sie_coefficient:
                return None
            if not _is_exporting() and ids.max() >= number:
                raise ValueError(
                    f'{name} id {int(ids.max())} does not fit an embedding of '
                    f'{number} {name}s (ids count from 0): set num_{name}s of '
                    f'the Transformer backbone to the number of {name}s of '
                    'the dataset')
            ids = ids.to(device)
            # Row by camera first: camera * num_views + view.
            row = ids if row is None else row * number + ids
            known = ids >= 0 if known is None else known & (ids >= 0)
        if row is None or known is None:
            return None
        return self.sie_coefficient * self.sie_embed[row.clamp(
            min=0)] * known[:, None, None]

    def _add_embeddings(self, patches: Tensor, camids: Optional[Tensor],
                        viewids: Optional[Tensor]) -> Tensor:
        """The class token in front of (B, N, C), position and side information
        added to all."""
        cls = self.cls_token.expand(patches.size(0), -1, -1)
        tokens = torch.cat((cls, patches), dim=1) + self.pos_embed
        side_information = self.side_information(camids, viewids)
        if side_information is not None:
            tokens = tokens + side_information
        return self.drop_after_pos(tokens)

    def _check_size(self, inputs: Tensor) -> None:
        if tuple(inputs.shape[-2:]) != tuple(self.img_size):
            raise ValueError(
                f'the images are {inputs.shape[-2]}x{inputs.shape[-1]} pixels '
                f'(height x width), but the Transformer was built with '
                f'img_size={tuple(self.img_size)}: change img_size or the '
                'Resize of the pipeline')

    @classmethod
    def _free_options(cls, options: Dict[str, Any]) -> Dict[str, Any]:
        """Those of upstream's options that are not fixed."""
        for name, value in options.items():
            if value != _FIXED_OPTIONS.get(name, value):
                raise ValueError(
                    f'{name}={value!r} is not possible: {cls.__name__} gives '
                    'all tokens of the last layer, the class token first, '
                    f'after the final LayerNorm. Leave {name} out')
        return {
            name: value
            for name, value in options.items() if name not in _FIXED_OPTIONS
        }

    @classmethod
    def our_key(cls, name: str) -> str:
        """The name of a parameter, given by timm or the authors' code, here;
        mmpretrain's own names stay."""
        for pattern, replacement in cls.KEY_RULES:
            name = re.sub(pattern, replacement, name)
        return name

    def _prepare_pos_embed(self, state_dict: dict, prefix: str,
                           local_metadata: dict, *args) -> None:
        """In place of upstream's hook of this name, which runs before weights
        are loaded and guesses the grid of non-square position embeddings."""
        for key in [key for key in state_dict if key.startswith(prefix)]:
            renamed = prefix + self.our_key(key[len(prefix):])
            if renamed != key:
                state_dict[renamed] = state_dict.pop(key)
        if any(f'{prefix}{name}' in state_dict for name in _REGISTERS):
            raise ValueError(
                'the file is of a Transformer with register tokens, which '
                "have no place here: build 'TIMMVisionTransformer', as in "
                "model_name='vit_small_patch14_reg4_dinov2'")
        name = f'{prefix}pos_embed'
        if name in state_dict:
            state_dict[name] = self._fit_pos_embed(
                state_dict[name],
                local_metadata,
                distilled=f'{prefix}dist_token' in state_dict)

    def _fit_pos_embed(self, pos_embed: Tensor, metadata: dict,
                       distilled: bool) -> Tensor:
        if pos_embed.ndim != 3:
            raise ValueError('the position embedding of the checkpoint is '
                             f'{tuple(pos_embed.shape)}, not (1, 1 + N, C)')
        if distilled:
            # DeiT's distillation token stands behind the class token.
            pos_embed = torch.cat((pos_embed[:, :1], pos_embed[:, 2:]), dim=1)
        theirs = read_patch_grid(
            pos_embed.size(1) - 1, self.patch_resolution, metadata)
        return resize_pos_embed(
            pos_embed,
            theirs,
            tuple(self.patch_resolution),
            mode=self.interpolate_mode)
