from typing import Dict

from torch import Tensor

from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import BranchTokens
from .base_fusion_neck import BaseFusionNeck


@MODELS.register_module()
class LocalRefinement(BaseFusionNeck):
    """The LRUs alone, for the ablation without HTMs: each branch is refined,
    and nothing is fused.

    Args:
        in_channels (Dict[str, int]): As in :class:`BaseFusionNeck`.
        embed_dims (int): Width of the tokens, D. Defaults to 768.
        lru (str): As there. Defaults to ``'lru'``.
        lru_kernel_size (int): As there. Defaults to 1.
    """

    def __init__(self,
                 in_channels: Dict[str, int],
                 embed_dims: int = 768,
                 lru: str = 'lru',
                 lru_kernel_size: int = 1) -> None:
        super().__init__(in_channels, embed_dims, lru, lru_kernel_size)

    def fuse(self, cnn: BranchTokens,
             transformer: BranchTokens) -> Dict[str, Tensor]:
        """Nothing."""
        return {}
