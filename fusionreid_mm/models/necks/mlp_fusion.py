from typing import Dict, Optional

import torch
from torch import Tensor, nn

from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import BranchTokens
from .base_fusion_neck import BaseFusionNeck


@MODELS.register_module()
class MLPFusion(BaseFusionNeck):
    """A baseline: an MLP over the refined vectors of both branches.

    ``fused`` is LayerNorm, linear layer, GELU and linear layer of the two
    vectors side by side. With the default width of the hidden layer the MLP
    has 12 D^2 weights, as many as one SEU or one MFU; the two HTMs of the
    paper have six of those, which ``hidden_channels=24 * embed_dims`` equals.
    What the MLP cannot do at any size is look at places of the image.

    Args:
        in_channels (Dict[str, int]): As in :class:`BaseFusionNeck`.
        embed_dims (int): Width of the vectors and of ``fused``, D. Defaults
            to 768.
        hidden_channels (int, optional): Width of the hidden layer. None is
            4 D. Defaults to None.
        lru (str): As in :class:`BaseFusionNeck`. Defaults to ``'lru'``.
        lru_kernel_size (int): As there. Defaults to 1.
    """

    def __init__(self,
                 in_channels: Dict[str, int],
                 embed_dims: int = 768,
                 hidden_channels: Optional[int] = None,
                 lru: str = 'lru',
                 lru_kernel_size: int = 1) -> None:
        super().__init__(in_channels, embed_dims, lru, lru_kernel_size)
        hidden_channels = hidden_channels or 4 * embed_dims
        self.mlp = nn.Sequential(
            nn.LayerNorm(2 * embed_dims),
            nn.Linear(2 * embed_dims, hidden_channels), nn.GELU(),
            nn.Linear(hidden_channels, embed_dims))
        self.out_channels['fused'] = embed_dims

    def fuse(self, cnn: BranchTokens,
             transformer: BranchTokens) -> Dict[str, Tensor]:
        """``fused``, (B, D)."""
        both = torch.cat((cnn.cls, transformer.cls), dim=2)
        return dict(fused=self.mlp(both).flatten(1))
