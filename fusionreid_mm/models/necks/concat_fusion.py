from typing import Dict

import torch
from torch import Tensor

from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import BranchTokens
from .base_fusion_neck import BaseFusionNeck


@MODELS.register_module()
class ConcatFusion(BaseFusionNeck):
    """A baseline: the refined vectors of both branches side by side.

    It keeps all that the paper's neck has but the HTMs: the LRUs, their
    embeddings and the losses on them. That one vector ``fused`` is trained as
    a whole is the only exchange between the branches; it adds no parameter
    but those of its BNNeck. With the default width the descriptor is as long
    as the paper's.

    Args:
        in_channels (Dict[str, int]): As in :class:`BaseFusionNeck`.
        embed_dims (int): Width of each half, D. Defaults to 768.
        lru (str): As in :class:`BaseFusionNeck`. Defaults to ``'lru'``.
        lru_kernel_size (int): As there. Defaults to 1.
    """

    def __init__(self,
                 in_channels: Dict[str, int],
                 embed_dims: int = 768,
                 lru: str = 'lru',
                 lru_kernel_size: int = 1) -> None:
        super().__init__(in_channels, embed_dims, lru, lru_kernel_size)
        self.out_channels['fused'] = 2 * embed_dims

    def fuse(self, cnn: BranchTokens,
             transformer: BranchTokens) -> Dict[str, Tensor]:
        """``fused``, (B, 2D)."""
        fused = torch.cat((cnn.cls, transformer.cls), dim=2)
        return dict(fused=fused.flatten(1))
