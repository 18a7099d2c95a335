import math

import pytest
import timm
import torch
from mmengine.registry import init_default_scope
from mmengine.runner.checkpoint import load_checkpoint
from torch import nn
from torchvision.models import resnet18

from fusionreid_mm.models import (IBNResNet, ReIDResNet, SIET2TViT,
                                  SIEVisionTransformer, TIMMVisionTransformer)

TINY = dict(embed_dims=24, num_layers=2, num_heads=2, feedforward_channels=96)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('fusionreid_mm')
    torch.manual_seed(0)


class TestReIDResNet:

    @pytest.mark.parametrize('depth, channels', [(18, 512), (50, 2048)])
    def test_last_stride_is_1(self, depth, channels):
        resnet = ReIDResNet(depth)
        resnet.eval()
        with torch.no_grad():
            out, = resnet(torch.randn(1, 3, 256, 128))
        assert out.shape == (1, channels, 16, 8)

    def test_released_stem(self):
        resnet = ReIDResNet(18)
        resnet.eval()
        inputs = torch.randn(2, 3, 32, 16)
        stem = resnet.maxpool(resnet.relu(resnet.norm1(resnet.conv1(inputs))))
        assert stem.shape == (2, 64, 8, 4)
        assert stem.min() < 0  # no ReLU before the pooling

    def test_takes_torchvision_weights(self, tmp_path):
        """The file that ``torchvision://`` would download, but drawn here."""
        source = resnet18()
        torch.save(source.state_dict(), tmp_path / 'resnet18.pth')
        resnet = ReIDResNet(
            18,
            init_cfg=dict(
                type='Pretrained', checkpoint=str(tmp_path / 'resnet18.pth')))
        resnet.init_weights()
        for name, value in source.state_dict().items():
            if not name.startswith('fc.'):
                assert torch.equal(resnet.state_dict()[name], value), name


class HalfAndHalf(nn.Module):
    """As in the authors' files, for torchvision's ResNet."""

    def __init__(self, channels):
        super().__init__()
        self.IN = nn.InstanceNorm2d(channels // 2, affine=True)
        self.BN = nn.BatchNorm2d(channels // 2)

    def forward(self, inputs):
        first, second = inputs.chunk(2, dim=1)
        return torch.cat((self.IN(first), self.BN(second)), dim=1)


class TestIBNResNet:

    @pytest.fixture
    def source(self):
        """torchvision's, with random weights and statistics."""
        source = resnet18()
        for stage in (source.layer1, source.layer2, source.layer3):
            for block in stage:
                block.bn1 = HalfAndHalf(block.bn1.num_features)
        for value in source.state_dict().values():
            if value.is_floating_point():
                value.uniform_(.01, .1)
        return source.eval()

    def test_takes_the_authors_weights(self, source, tmp_path):
        torch.save(source.state_dict(), tmp_path / 'resnet18_ibn_a.pth')
        resnet = IBNResNet(
            18,
            strides=(1, 2, 2, 2),
            init_cfg=dict(
                type='Pretrained',
                checkpoint=str(tmp_path / 'resnet18_ibn_a.pth')))
        resnet.init_weights()
        resnet.eval()
        images = torch.randn(2, 3, 64, 32)
        out, = resnet(images)
        source.avgpool = source.fc = nn.Identity()
        torch.testing.assert_close(out.flatten(1), source(images))

    def test_last_stride_is_1(self):
        resnet = IBNResNet(50)
        resnet.eval()
        with torch.no_grad():
            out, = resnet(torch.randn(1, 3, 256, 128))
        assert out.shape == (1, 2048, 16, 8)

    def test_frozen_stages(self):
        resnet = IBNResNet(18, frozen_stages=1)
        resnet.train()
        assert not resnet.layer1[0].bn1.BN.training
        assert not resnet.layer1[0].bn1.IN.weight.requires_grad
        assert resnet.layer2[0].bn1.BN.training


class TestSIEVisionTransformer:

    def build(self, **kwargs) -> SIEVisionTransformer:
        kwargs = {
            'arch': TINY,
            'img_size': (64, 32),
            'num_cameras': 3,
            'patch_cfg': dict(stride=12),
            **kwargs
        }
        vit = SIEVisionTransformer(**kwargs)
        vit.eval()  # returns nothing, unlike PyTorch's
        return vit

    @pytest.mark.parametrize('img_size, stride, grid', [
        ((256, 128), 12, (21, 10)),
        ((256, 128), 16, (16, 8)),
        ((384, 128), 12, (31, 10)),
        ((384, 128), 16, (24, 8)),
    ])
    def test_grid(self, img_size, stride, grid):
        vit = self.build(img_size=img_size, patch_cfg=dict(stride=stride))
        assert tuple(vit.patch_resolution) == grid
        tokens, = vit(torch.randn(1, 3, *img_size))
        assert tokens.shape == (1, 1 + grid[0] * grid[1], 24)

    def test_camera_embedding_is_added_to_all_tokens(self):
        vit = self.build(sie_coefficient=2.0)
        seen = []
        vit.layers[0].register_forward_pre_hook(
            lambda module, inputs: seen.append(inputs[0]))
        images = torch.randn(1, 3, 64, 32).expand(4, -1, -1, -1)
        vit(images, torch.tensor([0, 2, -1, 0]))
        first, third, unknown, again = seen[0]
        torch.testing.assert_close(first - unknown,
                                   2 * vit.sie_embed[0].expand_as(first))
        torch.testing.assert_close(third - unknown,
                                   2 * vit.sie_embed[2].expand_as(first))
        assert torch.equal(first, again)

    def test_no_cameras_is_the_same_as_unknown_ones(self):
        vit = self.build()
        images = torch.randn(2, 3, 64, 32)
        torch.testing.assert_close(
            vit(images), vit(images, torch.tensor([-1, -1])))

    def test_without_cameras_it_is_upstreams(self):
        from mmpretrain.models import VisionTransformer
        ours = self.build(num_cameras=0)
        upstream = VisionTransformer(
            arch=TINY,
            img_size=(64, 32),
            patch_cfg=dict(stride=12, padding=0),
            out_type='raw')
        upstream.eval()
        upstream.load_state_dict(ours.state_dict())
        images = torch.randn(2, 3, 64, 32)
        torch.testing.assert_close(ours(images), upstream(images))

    def test_a_camera_too_many(self):
        with pytest.raises(ValueError, match='camera id 3.*3 cameras'):
            self.build()(torch.randn(1, 3, 64, 32), torch.tensor([3]))

    def test_the_embedding_can_be_switched_off(self):
        """For cameras that it was not trained on."""
        model = self.build()
        images = torch.randn(1, 3, 64, 32)
        without, = model(images)
        model.sie_coefficient = 0
        assert torch.equal(model(images, torch.tensor([7]))[0], without)

    def test_each_camera_has_each_view(self):
        vit = self.build(num_cameras=3, num_views=2)
        assert len(vit.sie_embed) == 6
        camids = torch.tensor([0, 2, 2, -1, 1])
        viewids = torch.tensor([0, 1, -1, 1, 0])
        rows = vit.side_information(camids, viewids)[:, 0]
        expected = 3 * vit.sie_embed[[0, 5, 0, 0, 2], 0]
        expected[2:4] = 0  # one of the two is not known
        assert torch.equal(rows, expected)
        assert vit.side_information(camids) is None

    def test_views_alone(self):
        vit = self.build(num_cameras=0, num_views=2)
        rows = vit.side_information(None, torch.tensor([1, -1]))[:, 0]
        assert torch.equal(rows[0], 3 * vit.sie_embed[1, 0])
        assert not rows[1].any()
        with pytest.raises(ValueError, match='view id 2.*2 views.*num_views'):
            vit.side_information(None, torch.tensor([2]))

    def test_an_unknown_key_of_arch(self):
        arch = dict(embed_dim=24, num_layers=2, num_heads=2)
        with pytest.raises(ValueError, match="'feedforward_chan.*'embed_dim'"):
            SIEVisionTransformer(dict(arch, feedforward_channels=48))

    def test_images_of_another_size(self):
        with pytest.raises(ValueError, match=r'64x64 pixels.*\(64, 32\)'):
            self.build()(torch.randn(1, 3, 64, 64))

    def test_timm_weights_give_timms_output(self, tmp_path):
        """A file as timm writes it, of a square model without overlap."""
        source = timm.create_model(
            'vit_tiny_patch16_224', img_size=48, depth=2,
            num_classes=5).eval()
        torch.save(source.state_dict(), tmp_path / 'vit.pth')
        vit = self.build(
            arch=dict(
                embed_dims=192,
                num_layers=2,
                num_heads=3,
                feedforward_channels=768),
            img_size=48,
            patch_cfg=dict(stride=16),
            init_cfg=dict(
                type='Pretrained', checkpoint=str(tmp_path / 'vit.pth')))
        vit.init_weights()
        images = torch.randn(2, 3, 48, 48)
        torch.testing.assert_close(
            vit(images)[0], source.forward_features(images))

    def test_position_embedding_is_resized_bilinearly(self, tmp_path):
        source = timm.create_model(
            'vit_tiny_patch16_224', img_size=224, depth=1)
        torch.save(source.state_dict(), tmp_path / 'vit.pth')
        vit = self.build(
            arch=dict(
                embed_dims=192,
                num_layers=1,
                num_heads=3,
                feedforward_channels=768),
            img_size=(256, 128))
        load_checkpoint(vit, str(tmp_path / 'vit.pth'), logger='silent')
        grid = source.pos_embed[:, 1:].unflatten(1, (14, 14))
        expected = torch.nn.functional.interpolate(
            grid.permute(0, 3, 1, 2), size=(21, 10), mode='bilinear')
        torch.testing.assert_close(vit.pos_embed[:, 1:],
                                   expected.flatten(2).transpose(1, 2))
        torch.testing.assert_close(vit.pos_embed[:, :1],
                                   source.pos_embed[:, :1])

    def test_initialisation_from_scratch(self):
        vit = self.build(arch='deit-small', num_cameras=6)
        vit.init_weights()
        assert vit.layers[0].attn.qkv.weight.std().item() == pytest.approx(
            0.02, rel=0.05)
        assert vit.layers[0].ffn.layers[1].bias.abs().max() == 0
        assert vit.sie_embed.std().item() == pytest.approx(0.02, rel=0.1)


class TestSIET2TViT:

    def build(self, **kwargs) -> SIET2TViT:
        kwargs = {
            'arch': dict(embed_dims=24, num_layers=2, num_heads=2),
            'img_size': (64, 32),
            'num_cameras': 3,
            **kwargs
        }
        t2t = SIET2TViT(**kwargs)
        t2t.eval()  # returns nothing, unlike PyTorch's
        return t2t

    @pytest.mark.parametrize('img_size, grid', [
        ((256, 128), (16, 8)),
        ((384, 128), (24, 8)),
        (64, (4, 4)),
    ])
    def test_grid(self, img_size, grid):
        t2t = self.build(img_size=img_size)
        assert tuple(t2t.patch_resolution) == grid
        tokens, = t2t(torch.randn(1, 3, *t2t.img_size))
        assert tokens.shape == (1, 1 + grid[0] * grid[1], 24)

    @pytest.mark.parametrize('arch, width, layers, heads', [
        ('14', 384, 14, 6),
        ('24', 512, 24, 8),
    ])
    def test_archs(self, arch, width, layers, heads):
        with torch.device('meta'):
            t2t = SIET2TViT(arch)
        assert (t2t.embed_dims, len(t2t.encoder)) == (width, layers)
        layer = t2t.encoder[0]
        assert layer.attn.num_heads == heads
        assert layer.attn.qkv.bias is None
        assert layer.ffn.layers[0][0].out_features == 3 * width
        assert layer.ln1.eps == t2t.norm.eps == 1e-5

    def test_camera_embedding_is_added_to_all_tokens(self):
        t2t = self.build()
        seen = []
        t2t.encoder[0].register_forward_pre_hook(
            lambda module, inputs: seen.append(inputs[0]))
        images = torch.randn(1, 3, 64, 32).expand(2, -1, -1, -1)
        t2t(images, torch.tensor([2, -1]))
        third, unknown = seen[0]
        torch.testing.assert_close(third - unknown,
                                   3 * t2t.sie_embed[2].expand_as(third))

    def test_position_is_not_trained(self):
        t2t = self.build()
        assert 'pos_embed' not in dict(t2t.named_parameters())
        assert t2t.pos_embed.shape == (1, 9, 24)
        torch.testing.assert_close(t2t.pos_embed[0, 5, :2],
                                   torch.tensor([math.sin(5),
                                                 math.cos(5)]))

    def test_a_size_that_it_was_not_built_for(self):
        with pytest.raises(ValueError, match=r'64x64 pixels.*\(64, 32\)'):
            self.build()(torch.randn(1, 3, 64, 64))

    @pytest.mark.parametrize('arch', ['19', dict(embed_dims=24)])
    def test_bad_arch(self, arch):
        with pytest.raises(ValueError, match=r"one of \['14', '24'\]"):
            SIET2TViT(arch)

    def test_initialisation_from_scratch(self):
        t2t = self.build(arch=dict(embed_dims=384, num_layers=1, num_heads=6))
        before = t2t.pos_embed.clone()
        t2t.init_weights()
        assert t2t.encoder[0].attn.qkv.weight.std().item() == pytest.approx(
            0.02, rel=0.05)
        assert torch.equal(t2t.pos_embed, before)


@pytest.mark.parametrize('cls, arch', [
    (SIEVisionTransformer, TINY),
    (SIET2TViT, dict(embed_dims=24, num_layers=2, num_heads=2)),
])
class TestOptionsOfUpstream:

    @pytest.mark.parametrize('option', [
        dict(out_type='cls_token'),
        dict(out_indices=0),
        dict(final_norm=False),
        dict(with_cls_token=False),
    ])
    def test_that_would_give_other_tokens(self, cls, arch, option):
        name, = option
        with pytest.raises(
                ValueError, match=f'{name}=.* is not possible.*Leave {name}'):
            cls(arch, **option)

    def test_that_change_nothing(self, cls, arch):
        cls(arch, out_type='raw', out_indices=-1, final_norm=True)

    def test_a_negative_number_of_cameras(self, cls, arch):
        for name in ('num_cameras', 'num_views'):
            with pytest.raises(ValueError, match=f'{name} must not be neg'):
                cls(arch, **{name: -1})


def test_padding_of_the_patches():
    vit = SIEVisionTransformer(
        TINY, patch_cfg=dict(stride=12, padding='corner'))
    assert tuple(vit.patch_resolution) == (22, 11)


def test_a_timm_model_without_class_token():
    with pytest.raises(ValueError, match='swin_tiny.*has no class token'):
        TIMMVisionTransformer('swin_tiny_patch4_window7_224', (64, 32))


def test_key_names_of_timm():
    names = timm.create_model('vit_tiny_patch16_224', depth=1).state_dict()
    ours = SIEVisionTransformer(
        arch=dict(
            embed_dims=192,
            num_layers=1,
            num_heads=3,
            feedforward_channels=768)).state_dict()
    renamed = {SIEVisionTransformer.our_key(name) for name in names}
    assert renamed - set(ours) == {'head.weight', 'head.bias'}
    assert set(ours) <= renamed
