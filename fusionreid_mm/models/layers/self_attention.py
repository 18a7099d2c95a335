"""Shapes: B batch, N tokens, C channels."""
from typing import Any

import torch
import torch.nn.functional as F
from mmpretrain.models.utils import MultiheadAttention
from timm.layers import Attention
from torch import Tensor, nn


def attention_weights(attention: nn.Module, tokens: Tensor) -> Tensor:
    """What a self-attention layer weighs its tokens with.

    The layers compute this inside a fused kernel, which does not tell it.
    Here, the layer's own queries and keys attend to the identity matrix: what
    comes out are the weights, whatever scale the layer takes.

    Args:
        attention (nn.Module): ``MultiheadAttention`` of mmpretrain or
            ``Attention`` of timm.
        tokens (Tensor): (B, N, C), what the layer is given.

    Returns:
        Tensor: (B, heads, N, N), each row summing to 1.

    Raises:
        ValueError: If it is a layer of another type.
    """
    # Subclasses may weigh in a way of their own.
    if type(attention) is MultiheadAttention:
        query, key = _query_and_key(attention, tokens)
        attend = attention.scaled_dot_product_attention
    elif type(attention) is Attention:
        query, key = _query_and_key(attention, tokens)
        query, key = attention.q_norm(query), attention.k_norm(key)
        attend = F.scaled_dot_product_attention
    else:
        raise ValueError(
            f'the attention weights of {type(attention).__name__} are not '
            'known: those of MultiheadAttention of mmpretrain and Attention '
            'of timm are')
    identity = torch.eye(
        tokens.size(1), dtype=query.dtype, device=query.device)
    return attend(query, key, identity.expand(*query.shape[:2], -1, -1))


def _query_and_key(attention: Any, tokens: Tensor) -> tuple:
    # (B, N, 3 C) -> two of (B, heads, N, C / heads)
    parts = attention.qkv(tokens).unflatten(-1, (3, attention.num_heads, -1))
    query, key, _ = parts.permute(2, 0, 3, 1, 4)
    return query, key
