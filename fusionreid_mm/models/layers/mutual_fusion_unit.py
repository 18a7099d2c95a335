from mmcv.cnn.bricks.transformer import FFN
from mmengine.model import BaseModule
from torch import Tensor, nn

from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import BranchTokens
from .cross_attention import CrossAttention


@MODELS.register_module(name=['MutualFusionUnit', 'mfu'])
class MutualFusionUnit(BaseModule):
    """Mutual Fusion Unit (MFU): the class token of one branch queries the
    patch tokens of the other.

    Source: FusionReID, Heterogenous Transmission Module.

    Args:
        embed_dims (int): Width of the tokens, D.
        num_heads (int): Number of attention heads.

    Attributes:
        looks_at (str): Whose patches :meth:`attention_map` is about,
            ``'other'``.
    """

    looks_at = 'other'

    def __init__(self, embed_dims: int, num_heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(embed_dims)
        self.attn = CrossAttention(embed_dims, num_heads)
        self.norm2 = nn.LayerNorm(embed_dims)
        self.ffn = FFN(
            embed_dims=embed_dims,
            feedforward_channels=4 * embed_dims,
            act_cfg=dict(type='GELU'))

    def forward(self, own: BranchTokens, other: BranchTokens) -> BranchTokens:
        """A new class token for ``own``; its patch tokens stay."""
        cls = own.cls + self.attn(self.norm1(own.cls), other.patch)
        cls = self.ffn(self.norm2(cls), identity=cls)
        return own._replace(cls=cls)

    def attention_map(self, own: BranchTokens, other: BranchTokens) -> Tensor:
        """Where ``own``'s class token looks among ``other``'s patches, (B,
        heads, 1, N)."""
        return self.attn.attention_map(self.norm1(own.cls), other.patch)
