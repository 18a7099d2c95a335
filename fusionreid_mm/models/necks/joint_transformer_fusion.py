from typing import Dict

import torch
from mmengine.model import ModuleList
from mmpretrain.models.backbones.vision_transformer import \
    TransformerEncoderLayer
from torch import Tensor, nn

from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import BranchTokens
from .base_fusion_neck import BaseFusionNeck, check_attention


@MODELS.register_module()
class JointTransformerFusion(BaseFusionNeck):
    """A baseline: a plain Transformer over the tokens of both branches.

    ::

        [cnn class token, cnn patches, transformer class token, patches]
                                │
             num_layers pre-norm layers, LayerNorm
                                │
             the class tokens: cnn_joint, transformer_joint

    It sees what the HTMs see, and may exchange more: all tokens attend to all,
    and the patch tokens travel on too. Each layer is as large as one SEU or
    MFU (12 D^2 weights), has its options and is initialised like it. So
    ``num_layers=2`` is as deep as the paper's two HTMs and costs about as many
    operations (their MFUs compute little), while ``num_layers=6`` has as many
    parameters. No embedding tells the branches apart, and none the places, as
    in the HTMs; the BatchNorm of a branch's own LRU can mark its tokens.

    Args:
        in_channels (Dict[str, int]): As in :class:`BaseFusionNeck`.
        embed_dims (int): Width of the tokens, D. Defaults to 768.
        num_heads (int): Number of attention heads. Defaults to 12.
        num_layers (int): Number of layers. Defaults to 2.
        lru (str): As in :class:`BaseFusionNeck`. Defaults to ``'lru'``.
        lru_kernel_size (int): As there. Defaults to 1.

    Raises:
        ValueError: If ``num_layers`` is less than 1, or ``num_heads`` does
            not divide ``embed_dims``.
    """

    def __init__(self,
                 in_channels: Dict[str, int],
                 embed_dims: int = 768,
                 num_heads: int = 12,
                 num_layers: int = 2,
                 lru: str = 'lru',
                 lru_kernel_size: int = 1) -> None:
        super().__init__(in_channels, embed_dims, lru, lru_kernel_size)
        check_attention(embed_dims, num_heads, num_layers)
        self.layers = ModuleList(
            TransformerEncoderLayer(
                embed_dims=embed_dims,
                num_heads=num_heads,
                feedforward_channels=4 * embed_dims,
                qkv_bias=False,
                norm_cfg=dict(type='LN', eps=1e-5)) for _ in range(num_layers))
        self.norm = nn.LayerNorm(embed_dims)
        for name in self.BRANCHES:
            self.out_channels[f'{name}_joint'] = embed_dims

    def init_weights(self) -> None:
        """Keep PyTorch's initialisation, as the SEU does."""

    def fuse(self, cnn: BranchTokens,
             transformer: BranchTokens) -> Dict[str, Tensor]:
        """``cnn_joint`` and ``transformer_joint``, (B, D)."""
        tokens = torch.cat((*cnn, *transformer), dim=1)
        for layer in self.layers:
            tokens = layer(tokens)
        second = 1 + cnn.patch.size(1)
        return dict(
            cnn_joint=self.norm(tokens[:, 0]),
            transformer_joint=self.norm(tokens[:, second]))
