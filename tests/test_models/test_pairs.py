"""Any CNN and any Transformer, by two dicts of a config."""
import pytest
import torch
from helpers.small_model import IMG_SIZE, small_model, small_model_cfg
from mmengine.config import ConfigDict

VIT = dict(embed_dims=24, num_layers=2, num_heads=2, feedforward_channels=48)

CNNS = {
    'mmpretrain ConvNeXt':
    dict(
        type='mmpretrain.ConvNeXt',
        arch=dict(depths=[1, 1, 2, 1], channels=[8, 16, 24, 32]),
        gap_before_final_norm=False),
    'timm ConvNeXt':
    dict(
        type='mmpretrain.TIMMBackbone',
        model_name='convnext_atto',
        features_only=True,
        out_indices=(3, )),
    'timm SE-ResNet, last stride 1':
    dict(
        type='mmpretrain.TIMMBackbone',
        model_name='seresnet18',
        features_only=True,
        out_indices=(4, ),
        output_stride=16),
    'timm Swin':
    dict(
        type='mmpretrain.TIMMBackbone',
        model_name='swin_tiny_patch4_window7_224',
        features_only=True,
        out_indices=(2, ),
        img_size=IMG_SIZE),
    'IBN ResNet':
    dict(type='IBNResNet', depth=18, base_channels=8, stem_channels=8),
    'usual ResNet stem':
    dict(
        type='mmpretrain.ResNet',
        depth=18,
        base_channels=8,
        stem_channels=8,
        strides=(1, 2, 2, 1)),
}

TRANSFORMERS = {
    'T2T-ViT':
    dict(
        type='SIET2TViT',
        arch=dict(embed_dims=24, num_layers=2, num_heads=2),
        img_size=IMG_SIZE,
        num_cameras=3),
    'DINOv2, with cameras':
    dict(
        type='SIEVisionTransformer',
        arch=VIT,
        img_size=IMG_SIZE,
        patch_size=14,
        layer_scale_init_value=1e-5,
        num_cameras=3),
    'mmpretrain DINOv2':
    dict(
        type='mmpretrain.VisionTransformer',
        arch=VIT,
        img_size=(56, 28),
        patch_size=14,
        layer_scale_init_value=1e-5,
        out_type='raw'),
    'timm ViT':
    dict(
        type='TIMMVisionTransformer',
        model_name='vit_tiny_patch16_224',
        depth=2,
        img_size=IMG_SIZE),
    'timm DeiT, distilled':
    dict(
        type='TIMMVisionTransformer',
        model_name='deit_tiny_distilled_patch16_224',
        depth=1,
        img_size=IMG_SIZE),
    'timm ViT with registers':
    dict(
        type='TIMMVisionTransformer',
        model_name='vit_small_patch14_reg4_dinov2',
        depth=1,
        img_size=(56, 28)),
}

SWIN = dict(
    type='CNNBranch',
    backbone=dict(
        type='mmpretrain.SwinTransformer',
        arch=dict(embed_dims=12, depths=[1, 1, 2, 1], num_heads=[1, 2, 2, 4]),
        img_size=IMG_SIZE,
        pad_small_map=True))


def check(cnn=None, transformer=None, size=IMG_SIZE):
    changes = {}
    if cnn is not None:
        changes['branches__cnn'] = dict(type='CNNBranch', backbone=cnn)
    if transformer is not None:
        changes['branches__transformer'] = transformer
    model = small_model(**{
        name: ConfigDict(value)
        for name, value in changes.items()
    })
    embeddings = model.extract_embeddings(torch.randn(2, 3, *size))
    assert len(embeddings) == 6
    for name, embedding in embeddings.items():
        channels = model.head.bnnecks[name].bn.num_features
        assert embedding.shape == (2, channels), name
    descriptor = model(torch.randn(2, 3, *size))
    descriptor.sum().backward()
    for branch in model.branches.values():
        assert any(p.grad is not None for p in branch.parameters())


@pytest.mark.parametrize('name', CNNS)
def test_cnns(name):
    check(cnn=CNNS[name])


@pytest.mark.parametrize('name', TRANSFORMERS)
def test_transformers(name):
    backbone = TRANSFORMERS[name]
    check(
        transformer=dict(type='TransformerBranch', backbone=backbone),
        size=backbone['img_size'])


def test_a_transformer_that_gives_maps():
    """Swin has no class token: its embedding is the GeM of its map."""
    check(transformer=SWIN)


def test_both_from_elsewhere():
    check(cnn=CNNS['timm ConvNeXt'], transformer=SWIN)


def test_prefix_tokens_of_timm():
    cfg = small_model_cfg(
        branches__transformer=ConfigDict(
            type='TransformerBranch',
            backbone=TRANSFORMERS['timm ViT with registers']))
    model = small_model(branches=cfg.branches)
    branch = model.branches['transformer'].eval()
    images = torch.randn(1, 3, 56, 28)
    tokens = branch.backbone.timm_model.forward_features(images)
    features = branch(images)
    assert tokens.shape == (1, 1 + 4 + 8, 384)
    assert torch.equal(features.embedding, tokens[:, 0])
    assert features.feature_map.shape == (1, 384, 4, 2)
    assert torch.equal(features.feature_map[:, :, 0, 1], tokens[:, 6])
