from typing import Dict, Sequence

from mmengine.model import BaseModule, ModuleDict, ModuleList
from mmpretrain.models.necks import GeneralizedMeanPooling
from torch import Tensor

from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import BranchTokens
from ..layers import HeterogenousTransmissionModule, LocalRefinementUnit


@MODELS.register_module()
class DualAttentionMutualFusion(BaseModule):
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

    Raises:
        ValueError: If ``num_layers`` is less than 1, if ``num_heads`` does
            not divide ``embed_dims``, or if ``in_channels`` lacks a branch.
    """

    BRANCHES = ('cnn', 'transformer')

    def __init__(
        self,
        in_channels: Dict[str, int],
        embed_dims: int = 768,
        num_heads: int = 12,
        num_layers: int = 2,
        lru_kernel_size: int = 1,
        share_seu: bool = True,
        share_mfu: bool = False,
        units: Sequence[str] = ('seu', 'mfu')) -> None:
        super().__init__()
        if set(in_channels) != set(self.BRANCHES):
            raise ValueError(
                'DualAttentionMutualFusion fuses the branches '
                f'{list(self.BRANCHES)}, but the model has '
                f'{list(in_channels)}: name them so, or set neck=None')
        if num_layers < 1:
            raise ValueError(
                f'num_layers must be at least 1: got {num_layers}')

        if embed_dims % num_heads:
            raise ValueError(
                f'embed_dims ({embed_dims}) must be a multiple of num_heads '
                f'({num_heads})')

        self.units = tuple(units)
        self.lru = ModuleDict({
            name:
            LocalRefinementUnit(in_channels[name], embed_dims, lru_kernel_size)
            for name in self.BRANCHES
        })
        self.pool = ModuleDict(
            {name: GeneralizedMeanPooling()
             for name in self.BRANCHES})
        shared = [
            unit
            for unit, is_shared in (('seu', share_seu), ('mfu', share_mfu))
            if is_shared
        ]
        self.htms = ModuleList(
            HeterogenousTransmissionModule(embed_dims, num_heads, units,
                                           shared) for _ in range(num_layers))
        self.out_channels = {
            f'{name}_{stage}': embed_dims
            for stage in ('lru', 'htm')
            for name in self.BRANCHES
        }

    def forward(self, cnn: Tensor, transformer: Tensor) -> Dict[str, Tensor]:
        """Fuse the maps of the two branches.

        Args:
            cnn (Tensor): (B, C, H, W).
            transformer (Tensor): (B, C', H', W'); the grids may differ.

        Returns:
            Dict[str, Tensor]: Four embeddings (B, D): ``cnn_lru``,
            ``transformer_lru``, ``cnn_htm``, ``transformer_htm``.
        """
        cnn_lru = self._tokenize('cnn', cnn)
        transformer_lru = self._tokenize('transformer', transformer)

        cnn_htm, transformer_htm = cnn_lru, transformer_lru
        for htm in self.htms:
            cnn_out, transformer_out = htm(cnn_htm, transformer_htm)
            cnn_htm = cnn_lru._replace(cls=cnn_out.cls)
            transformer_htm = transformer_lru._replace(cls=transformer_out.cls)

        return dict(
            cnn_lru=cnn_lru.cls.flatten(1),
            transformer_lru=transformer_lru.cls.flatten(1),
            cnn_htm=cnn_htm.cls.flatten(1),
            transformer_htm=transformer_htm.cls.flatten(1))

    def _tokenize(self, name: str, feature_map: Tensor) -> BranchTokens:
        """The LRU's pixels as patch tokens, their GeM as class token."""
        refined = self.lru[name](feature_map)
        return BranchTokens(
            cls=self.pool[name](refined).unsqueeze(1),
            patch=refined.flatten(2).transpose(1, 2))
