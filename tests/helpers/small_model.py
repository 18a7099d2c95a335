"""A FusionReID of a few thousand parameters, all parts of the real one."""
from typing import Any

from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope

from fusionreid_mm.models import FusionReID
from fusionreid_mm.registry import MODELS

IMG_SIZE = (64, 32)
EMBEDDINGS = [
    'cnn', 'transformer', 'cnn_lru', 'transformer_lru', 'cnn_htm',
    'transformer_htm'
]


def small_model_cfg(**changes: Any) -> ConfigDict:
    """Its config, with changes by dotted key (dots as double underscores)."""
    cfg = ConfigDict(
        type='FusionReID',
        branches=dict(
            cnn=dict(
                type='CNNBranch',
                backbone=dict(
                    type='ReIDResNet',
                    depth=18,
                    stem_channels=8,
                    base_channels=8)),
            transformer=dict(
                type='TransformerBranch',
                backbone=dict(
                    type='SIEVisionTransformer',
                    arch=dict(
                        embed_dims=24,
                        num_layers=2,
                        num_heads=2,
                        feedforward_channels=48),
                    img_size=IMG_SIZE,
                    patch_cfg=dict(stride=12),
                    num_cameras=3))),
        neck=dict(
            type='DualAttentionMutualFusion', embed_dims=16, num_heads=2),
        head=dict(type='MultiBranchReIDHead', num_classes=5))
    for dotted, value in changes.items():
        node = cfg
        *parents, last = dotted.split('__')
        for parent in parents:
            node = node[parent]
        node[last] = value
    return cfg


def small_model(**changes: Any) -> FusionReID:
    init_default_scope('fusionreid_mm')
    return MODELS.build(small_model_cfg(**changes))
