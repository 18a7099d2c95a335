from typing import Dict, Sequence

from mmengine.model import ModuleList
from torch import Tensor

from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import BranchTokens
from ..layers import HeterogenousTransmissionModule
from .base_fusion_neck import BaseFusionNeck, check_attention


@MODELS.register_module()
class DualAttentionMutualFusion(BaseFusionNeck):
    """Dual-attention Mutual Fusion (DMF): lets the features of a CNN and of a
    Transformer guide each other.

    ::

        cnn map                 transformer map
           │                         │
          LRU                       LRU        ── patch tokens F', kept
           │                         │
          GeM ── cnn_lru            GeM ── transformer_lru
           │                         │
         class token            class token
           └────── HTM(F', F') ──────┘         ── num_layers times
           ┌───────────┴─────────────┐
        cnn_htm              transformer_htm

    Only the class tokens travel from HTM to HTM; each HTM reads the patch
    tokens of the LRUs afresh.

    Source: FusionReID, "Dual-attention Mutual Fusion".

    Args:
        in_channels (Dict[str, int]): Channels of the maps by branch name,
            ``'cnn'`` and ``'transformer'``. :class:`FusionReID` fills it in.
        embed_dims (int): Width of the tokens, D. Defaults to 768.
        num_heads (int): Number of attention heads. Defaults to 12.
        num_layers (int): Number of HTMs. Defaults to 2.
        lru_kernel_size (int): Kernel of the LRUs' depthwise convolution, odd.
            Defaults to 1.
        share_seu (bool): Whether the branches share the SEU of an HTM.
            Defaults to True.
        share_mfu (bool): Whether they share the MFU. Defaults to False.
        units (Sequence[str]): The units of an HTM, in order. Defaults to
            ``('seu', 'mfu')``.
        lru (str): The unit that makes the tokens: ``'lru'``, or
            ``'pointwise'`` for the ablation without LRU, or the registered
            name of any module with their arguments. Defaults to ``'lru'``.

    Raises:
        ValueError: If ``num_layers`` is less than 1, if ``num_heads`` does
            not divide ``embed_dims``, or if ``in_channels`` lacks a branch.
    """

    def __init__(self,
                 in_channels: Dict[str, int],
                 embed_dims: int = 768,
                 num_heads: int = 12,
                 num_layers: int = 2,
                 lru_kernel_size: int = 1,
                 share_seu: bool = True,
                 share_mfu: bool = False,
                 units: Sequence[str] = ('seu', 'mfu'),
                 lru: str = 'lru') -> None:
        super().__init__(in_channels, embed_dims, lru, lru_kernel_size)
        check_attention(embed_dims, num_heads, num_layers)

        self.units = tuple(units)
        shared = [
            unit
            for unit, is_shared in (('seu', share_seu), ('mfu', share_mfu))
            if is_shared
        ]
        self.htms = ModuleList(
            HeterogenousTransmissionModule(embed_dims, num_heads, units,
                                           shared) for _ in range(num_layers))
        for name in self.BRANCHES:
            self.out_channels[f'{name}_htm'] = embed_dims

    def fuse(self, cnn: BranchTokens,
             transformer: BranchTokens) -> Dict[str, Tensor]:
        """``cnn_htm`` and ``transformer_htm``, (B, D)."""
        cnn_htm, transformer_htm = cnn, transformer
        for htm in self.htms:
            cnn_out, transformer_out = htm(cnn_htm, transformer_htm)
            cnn_htm = cnn._replace(cls=cnn_out.cls)
            transformer_htm = transformer._replace(cls=transformer_out.cls)
        return dict(
            cnn_htm=cnn_htm.cls.flatten(1),
            transformer_htm=transformer_htm.cls.flatten(1))
