import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn


class CrossAttention(BaseModule):
    """Multi-head attention of one branch's class token over the other
    branch's patch tokens.

    Keys see the context through a LayerNorm of their own, values see it as it
    is; query, key and value have no bias. Source: FusionReID, Mutual Fusion
    Unit, as in the released code.

    Args:
        embed_dims (int): Width of the tokens, D.
        num_heads (int): Number of heads; must divide ``embed_dims``.
    """

    def __init__(self, embed_dims: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.key_norm = nn.LayerNorm(embed_dims)
        self.query = nn.Linear(embed_dims, embed_dims, bias=False)
        self.key = nn.Linear(embed_dims, embed_dims, bias=False)
        self.value = nn.Linear(embed_dims, embed_dims, bias=False)
        self.proj = nn.Linear(embed_dims, embed_dims)

    def forward(self, query: Tensor, context: Tensor) -> Tensor:
        """(B, M, D) attends to (B, N, D) and gives (B, M, D)."""
        attended = F.scaled_dot_product_attention(
            self._split_heads(self.query(query)),
            self._split_heads(self.key(self.key_norm(context))),
            self._split_heads(self.value(context)))
        return self.proj(attended.transpose(1, 2).flatten(2))

    def attention_map(self, query: Tensor, context: Tensor) -> Tensor:
        """The weights behind :meth:`forward`, (B, heads, M, N), each row
        summing to 1."""
        query = self._split_heads(self.query(query))
        key = self._split_heads(self.key(self.key_norm(context)))
        scale = query.size(-1)**-0.5
        return (query @ key.transpose(-2, -1) * scale).softmax(dim=-1)

    def _split_heads(self, tokens: Tensor) -> Tensor:
        # (B, N, D) -> (B, heads, N, D / heads)
        return tokens.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
