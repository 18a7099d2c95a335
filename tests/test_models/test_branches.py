import pytest
import torch
from mmengine.registry import init_default_scope

from fusionreid_mm.models import CNNBranch, TransformerBranch


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('fusionreid_mm')
    torch.manual_seed(0)


@pytest.mark.parametrize('backbone, channels', [
    (dict(type='ReIDResNet', depth=18, base_channels=8), 64),
    (dict(type='mmpretrain.ResNet', depth=50, base_channels=8), 256),
    (dict(
        type='mmpretrain.TIMMBackbone',
        model_name='resnet18',
        features_only=True,
        out_indices=(3, )), 256),
])
def test_cnn_branch_finds_its_width(backbone, channels):
    branch = CNNBranch(backbone).eval()
    assert branch.out_channels == channels
    features = branch(torch.randn(2, 3, 64, 32))
    assert features.embedding.shape == (2, channels)
    assert features.feature_map.shape[:2] == (2, channels)
    # GeM with exponent 3 of what is above 1e-6
    expected = features.feature_map.clamp(min=1e-6).pow(3).mean((2, 3))
    torch.testing.assert_close(features.embedding, expected.pow(1 / 3))


@pytest.mark.parametrize('size', [(256, 128), (384, 128)])
def test_cnn_branch_takes_maps_with_channels_last(size):
    """Swin of timm, for images of one size."""
    branch = CNNBranch(
        dict(
            type='mmpretrain.TIMMBackbone',
            model_name='swin_tiny_patch4_window7_224',
            features_only=True,
            img_size=size,
            out_indices=(1, ))).eval()
    assert branch.out_channels == 192
    images = torch.randn(1, 3, *size)
    embedding, feature_map = branch(images)
    assert embedding.shape == (1, 192)
    assert feature_map.shape == (1, 192, size[0] // 8, size[1] // 8)
    last, = branch.backbone(images)
    assert torch.equal(feature_map[0, :, 1, 2], last[0, 1, 2])


@pytest.mark.parametrize('backbone, message', [
    (dict(type='mmpretrain.ConvNeXt', arch='atto'),
     r'ConvNeXt gives \(2, 320\).*gap_before_final_norm=False'),
    (dict(
        type='mmpretrain.VisionTransformer',
        arch='deit-tiny',
        img_size=(256, 128)),
     r"VisionTransformer gives \(2, 192\).*out_type='featmap'"),
    (dict(
        type='mmpretrain.TIMMBackbone',
        model_name='vit_tiny_patch16_224',
        img_size=(64, 32)),
     r'TIMMBackbone gives \(2, 9, 192\).*features_only=True'),
    (dict(
        type='mmpretrain.TIMMBackbone',
        model_name='swin_tiny_patch4_window7_224',
        features_only=True), 'TIMMBackbone cannot look.*256x128.*img_size'),
])
def test_backbones_that_give_no_maps(backbone, message):
    with pytest.raises(ValueError, match=message):
        CNNBranch(backbone)


def test_finding_the_width_leaves_no_trace():
    branch = CNNBranch(dict(type='ReIDResNet', depth=18))
    batch_norm = branch.backbone.norm1
    assert batch_norm.num_batches_tracked == 0
    assert torch.equal(batch_norm.running_mean, torch.zeros(64))
    assert batch_norm.weight.device.type == 'cpu'


@pytest.mark.parametrize('batch_size', [1, 2])
def test_transformer_branch(batch_size):
    branch = TransformerBranch(
        dict(
            type='SIEVisionTransformer',
            arch='deit-tiny',
            img_size=(64, 32),
            patch_cfg=dict(stride=12),
            num_cameras=2)).eval()
    assert branch.out_channels == 192
    images = torch.randn(batch_size, 3, 64, 32)
    camids = torch.zeros(batch_size, dtype=torch.long)
    tokens, = branch.backbone(images, camids)
    embedding, feature_map = branch(images, camids)
    assert torch.equal(embedding, tokens[:, 0])
    assert feature_map.shape == (batch_size, 192, 5, 2)
    # Row by row: the third patch is the first of the second row.
    assert torch.equal(feature_map[:, :, 1, 0], tokens[:, 3])


def test_transformer_branch_takes_upstreams_vit():
    branch = TransformerBranch(
        dict(
            type='mmpretrain.VisionTransformer',
            arch='deit-tiny',
            img_size=(64, 32),
            out_type='raw')).eval()
    features = branch(torch.randn(2, 3, 64, 32), torch.tensor([0, 1]))
    assert features.feature_map.shape == (2, 192, 4, 2)


@pytest.mark.parametrize('backbone, message', [
    (dict(type='mmpretrain.VisionTransformer', arch='deit-tiny'),
     "VisionTransformer needs out_type='raw'.*'cls_token'"),
    (dict(
        type='mmpretrain.VisionTransformer',
        arch='deit-tiny',
        with_cls_token=False,
        out_type='raw'), 'with_cls_token=True'),
    (dict(type='mmpretrain.SwinTransformer', arch='tiny'),
     'SwinTransformer has no class token.*put it into a CNNBranch'),
    (dict(type='mmpretrain.TIMMBackbone', model_name='vit_tiny_patch16_224'),
     'TIMMBackbone cannot be the Transformer.*embed_dims'),
])
def test_backbones_that_give_no_tokens(backbone, message):
    with pytest.raises(ValueError, match=message):
        TransformerBranch(backbone)


def test_images_that_upstreams_vit_was_not_built_for():
    """It takes them, but does not say their grid."""
    branch = TransformerBranch(
        dict(
            type='mmpretrain.VisionTransformer',
            arch='deit-tiny',
            img_size=(64, 32),
            out_type='raw'))
    with pytest.raises(
            ValueError,
            match=r'VisionTransformer gives 12 patch tokens.*96x32.*4x2: '
            r'.*img_size=\(96, 32\)'):
        branch(torch.randn(1, 3, 96, 32))


def test_a_distilled_vit_of_timm():
    """Its forward joins the two tokens, which are not wanted joined."""
    branch = TransformerBranch(
        dict(
            type='TIMMVisionTransformer',
            model_name='deit_tiny_distilled_patch16_224',
            depth=1,
            img_size=(64, 32))).eval()
    images = torch.randn(2, 3, 64, 32)
    tokens = branch.backbone.timm_model.forward_features(images)
    embedding, feature_map = branch(images)
    assert torch.equal(embedding, tokens[:, 0])
    assert torch.equal(feature_map[:, :, 0, 0], tokens[:, 2])
