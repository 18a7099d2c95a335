import torch
from mmengine.model import BaseModule
from mmpretrain.models.backbones.vision_transformer import \
    TransformerEncoderLayer
from torch import Tensor, nn

from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import BranchTokens
from .self_attention import attention_weights


@MODELS.register_module(name=['SharedEncodingUnit', 'seu'])
class SharedEncodingUnit(BaseModule):
    """Shared Encoding Unit (SEU): a pre-norm Transformer block and a LayerNorm
    over the class token and the patch tokens of one branch.

    It is called "shared" because one unit serves both branches in the paper.
    Source: FusionReID, Heterogenous Transmission Module.

    Args:
        embed_dims (int): Width of the tokens, D.
        num_heads (int): Number of attention heads.

    Attributes:
        looks_at (str): Whose patches :meth:`attention_map` is about,
            ``'own'``.
    """

    looks_at = 'own'

    def __init__(self, embed_dims: int, num_heads: int) -> None:
        super().__init__()
        self.encoder = TransformerEncoderLayer(
            embed_dims=embed_dims,
            num_heads=num_heads,
            feedforward_channels=4 * embed_dims,
            qkv_bias=False,
            norm_cfg=dict(type='LN', eps=1e-5))
        self.norm = nn.LayerNorm(embed_dims)

    def init_weights(self) -> None:
        """Keep PyTorch's initialisation, as the released code does; the
        upstream block would bring that of ViT."""

    def forward(self, own: BranchTokens, other: BranchTokens) -> BranchTokens:
        """Self-attention among ``own``; ``other`` is not looked at."""
        tokens = torch.cat((own.cls, own.patch), dim=1)
        tokens = self.norm(self.encoder(tokens))
        return BranchTokens(cls=tokens[:, :1], patch=tokens[:, 1:])

    def attention_map(self, own: BranchTokens, other: BranchTokens) -> Tensor:
        """Where ``own``'s class token looks among ``own``'s patches, (B,
        heads, 1, N); what is missing to a sum of 1 is its look at itself."""
        tokens = torch.cat((own.cls, own.patch), dim=1)
        weights = attention_weights(self.encoder.attn,
                                    self.encoder.ln1(tokens))
        return weights[:, :, :1, 1:]
