from typing import Dict

from torch import Tensor

from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import BranchTokens
from .base_fusion_neck import BaseFusionNeck


@MODELS.register_module()
class SumFusion(BaseFusionNeck):
    """A baseline: the sum of the refined vectors of both branches.

    As :class:`ConcatFusion`, but the branches have to agree on what each
    channel means, since ``fused`` adds them up.

    Args:
        in_channels (Dict[str, int]): As in :class:`BaseFusionNeck`.
        embed_dims (int): Width of the vectors, D. Defaults to 768.
        lru (str): As in :class:`BaseFusionNeck`. Defaults to ``'lru'``.
        lru_kernel_size (int): As there. Defaults to 1.
    """

    def __init__(self,
                 in_channels: Dict[str, int],
                 embed_dims: int = 768,
                 lru: str = 'lru',
                 lru_kernel_size: int = 1) -> None:
        super().__init__(in_channels, embed_dims, lru, lru_kernel_size)
        self.out_channels['fused'] = embed_dims

    def fuse(self, cnn: BranchTokens,
             transformer: BranchTokens) -> Dict[str, Tensor]:
        """``fused``, (B, D)."""
        return dict(fused=(cnn.cls + transformer.cls).flatten(1))
