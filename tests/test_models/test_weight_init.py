"""Checkpoints in everyone's key style, written here, go through
``init_weights`` as in training."""
import argparse
import logging
import re
from urllib.error import URLError

import pytest
import timm
import torch
import torch.nn.functional as F
from helpers.small_model import small_model
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope, init_default_scope
from mmpretrain.models import ResNet, T2T_ViT, TIMMBackbone, VisionTransformer
from timm.models.vision_transformer import checkpoint_filter_fn
from torchvision.models import resnet18, resnet34

from fusionreid_mm.checkpoint_io import source
from fusionreid_mm.models import (IBNResNet, ReIDResNet, SIET2TViT,
                                  SIEVisionTransformer, TIMMVisionTransformer)
from fusionreid_mm.models.weight_init import PretrainedInit, pretrained_init
from fusionreid_mm.models.weight_init.report import fold

DEIT = dict(
    embed_dims=192, num_layers=2, num_heads=3, feedforward_channels=768)
T2T = dict(embed_dims=24, num_layers=2, num_heads=2)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('fusionreid_mm')
    torch.manual_seed(0)


@pytest.fixture
def log(monkeypatch):
    """What is logged of the weights; as warnings, with that word in front."""
    lines = []

    def print_log(text, logger, level):
        word = 'warning: ' if level == logging.WARNING else ''
        lines.append(word + text)

    monkeypatch.setattr(pretrained_init, 'print_log', print_log)
    return lines


@pytest.fixture
def save(tmp_path):
    """Writes a checkpoint, and returns the ``init_cfg`` of it."""

    def write(content, name: str = 'weights.pth', **init_cfg) -> dict:
        torch.save(content, tmp_path / name)
        return dict(
            type='Pretrained', checkpoint=str(tmp_path / name), **init_cfg)

    return write


def initialised(cls, *args, **kwargs):
    module = cls(*args, **kwargs)
    module.init_weights()
    module.eval()  # returns nothing, unlike PyTorch's
    return module


def resized(pos_embed, grid):
    """A square position embedding (1, N, C) for another grid."""
    side = int(pos_embed.size(1)**0.5)
    square = pos_embed.unflatten(1, (side, side)).permute(0, 3, 1, 2)
    return F.interpolate(
        square, size=grid, mode='bilinear',
        align_corners=False).flatten(2).transpose(1, 2)


def t2t_of_the_authors(model: T2T_ViT) -> dict:
    """The state dict with their names."""
    names = (('encoder.', 'blocks.'), ('.ln1.', '.norm1.'),
             ('.ln2.', '.norm2.'), ('.ffn.layers.0.0.', '.mlp.fc1.'),
             ('.ffn.layers.1.', '.mlp.fc2.'))
    state_dict = {}
    for name, value in model.state_dict().items():
        for ours, theirs in names:
            name = name.replace(ours, theirs)
        state_dict[name] = value
    state_dict['head.weight'] = torch.zeros(1000, model.cls_token.size(-1))
    return state_dict


class TestInitCfgHasTheLastWord:
    """Whatever its form, and whatever upstream initialises by itself."""

    FORMS = dict(
        dict=lambda cfg: cfg,
        list=lambda cfg: [cfg],
        our_class=lambda cfg: dict(cfg, type=PretrainedInit),
        scope=lambda cfg: dict(cfg, type='fusionreid_mm.Pretrained'),
        after_another=lambda cfg:
        [cfg, dict(type='Constant', layer='Linear', val=0.5)])
    MODULES = dict(
        vit=(SIEVisionTransformer, (DEIT, ), dict()),
        t2t=(SIET2TViT, (T2T, ), dict()),
        mmpretrain_vit=(VisionTransformer, (DEIT, ), dict()),
        resnet=(ReIDResNet, (18, ), dict(zero_init_residual=True)),
        ibn=(IBNResNet, (18, ), dict(zero_init_residual=True)),
        mmpretrain_resnet=(ResNet, (18, ), dict()))

    @pytest.mark.parametrize('form', FORMS)
    @pytest.mark.parametrize('module', MODULES)
    def test_a_file(self, save, module, form):
        cls, args, kwargs = self.MODULES[module]
        source = cls(*args, **kwargs)
        for value in source.state_dict().values():
            if value.is_floating_point():
                value.uniform_(0.1, 0.2)
        init_cfg = self.FORMS[form](save(source.state_dict()))
        loaded = initialised(cls, *args, init_cfg=init_cfg, **kwargs)
        for name, value in loaded.state_dict().items():
            assert torch.equal(value, source.state_dict()[name]), name

    @pytest.mark.parametrize('cls, arch', [(SIEVisionTransformer, DEIT),
                                           (SIET2TViT, T2T)])
    def test_a_constant(self, cls, arch):
        transformer = initialised(
            cls,
            arch,
            init_cfg=dict(type='Constant', layer='Linear', val=0.5, bias=2.))
        for module in transformer.modules():
            if isinstance(module, torch.nn.Linear):
                assert (module.weight == 0.5).all()
                assert module.bias is None or (module.bias == 2).all()

    def test_being_asked_twice(self, save):
        source = timm.create_model('vit_tiny_patch16_224', depth=2)
        vit = initialised(
            SIEVisionTransformer, DEIT, init_cfg=save(source.state_dict()))
        vit.init_weights()
        assert torch.equal(vit.cls_token, source.cls_token)
        assert torch.equal(vit.layers[0].attn.qkv.weight,
                           source.blocks[0].attn.qkv.weight)


class TestKeyStyles:

    def test_torchvision(self, save, log):
        source = resnet18()
        resnet = initialised(
            ReIDResNet, 18, init_cfg=save(source.state_dict()))
        for name, value in resnet.state_dict().items():
            assert torch.equal(source.state_dict()[name], value), name
        text, = log
        assert '100 of 100 entries' in text
        assert text.splitlines()[1:] == ['  unused    fc.weight, fc.bias']

    def test_mmpretrain_resnet(self, save, log):
        source = resnet18()
        state_dict = {
            f'backbone.{name}': value
            for name, value in source.state_dict().items() if 'fc' not in name
        }
        state_dict['head.fc.weight'] = torch.zeros(2)
        resnet = initialised(
            ReIDResNet,
            18,
            init_cfg=save(dict(state_dict=state_dict, meta=dict(epoch=3))))
        assert torch.equal(resnet.conv1.weight, source.conv1.weight)
        assert log[0].splitlines()[1:] == ['  outside   1 other entries']

    def test_timm(self, save, log):
        source = timm.create_model('vit_tiny_patch16_224', depth=2)
        vit = initialised(
            SIEVisionTransformer,
            DEIT,
            num_cameras=2,
            patch_cfg=dict(stride=12),
            init_cfg=save(source.state_dict()))
        assert torch.equal(vit.layers[1].ffn.layers[1].weight,
                           source.blocks[1].mlp.fc2.weight)
        assert torch.equal(vit.pos_embed[:, :1], source.pos_embed[:, :1])
        torch.testing.assert_close(vit.pos_embed[:, 1:],
                                   resized(source.pos_embed[:, 1:], (21, 10)))
        assert log[0].splitlines()[1:] == [
            '  missing   sie_embed', '  unused    head.weight, head.bias',
            '  reshaped  pos_embed (1, 197, 192) -> (1, 211, 192)'
        ]

    @pytest.mark.parametrize('stride, grid', [(16, (16, 8)), (12, (21, 10))])
    def test_distilled_deit(self, save, log, stride, grid):
        """The distillation token, its place and its head are left out."""
        source = timm.create_model('deit_tiny_distilled_patch16_224', depth=2)
        torch.nn.init.normal_(source.pos_embed)
        vit = initialised(
            SIEVisionTransformer,
            DEIT,
            patch_cfg=dict(stride=stride),
            init_cfg=save(dict(model=source.state_dict())))
        assert torch.equal(vit.cls_token, source.cls_token)
        assert torch.equal(vit.pos_embed[:, :1], source.pos_embed[:, :1])
        torch.testing.assert_close(vit.pos_embed[:, 1:],
                                   resized(source.pos_embed[:, 2:], grid))
        assert log[0].startswith('SIEVisionTransformer: 30 of 30')
        assert re.search('unused .*dist_token.*head_dist', log[0])

    def test_a_distilled_embedding_of_the_same_grid(self, save):
        source = timm.create_model(
            'deit_tiny_distilled_patch16_224', depth=2, img_size=(64, 32))
        vit = initialised(
            SIEVisionTransformer,
            DEIT,
            img_size=(64, 32),
            init_cfg=save(source.state_dict()))
        assert torch.equal(vit.pos_embed[:, 1:], source.pos_embed[:, 2:])

    def test_dinov2(self, save, log):
        source = timm.create_model(
            'vit_small_patch14_dinov2', depth=2, img_size=56).eval()
        for block in source.blocks:
            for scale in (block.ls1, block.ls2):
                torch.nn.init.normal_(scale.gamma)
        vit = initialised(
            SIEVisionTransformer,
            dict(
                embed_dims=384,
                num_layers=2,
                num_heads=6,
                feedforward_channels=1536),
            img_size=56,
            patch_size=14,
            layer_scale_init_value=1e-5,
            init_cfg=save(source.state_dict()))
        images = torch.randn(2, 3, 56, 56)
        torch.testing.assert_close(
            vit(images)[0], source.forward_features(images))

    @pytest.mark.parametrize('prefix', [None, 'backbone', 'backbone.'])
    def test_mmpretrain_vit(self, save, log, prefix):
        source = VisionTransformer(DEIT)
        torch.nn.init.normal_(source.pos_embed)
        state_dict = {
            f'backbone.{name}': value
            for name, value in source.state_dict().items()
        }
        state_dict['head.fc.bias'] = torch.zeros(3)
        vit = initialised(
            SIEVisionTransformer,
            DEIT,
            init_cfg=save(dict(state_dict=state_dict), prefix=prefix))
        assert torch.equal(vit.layers[0].attn.qkv.weight,
                           source.layers[0].attn.qkv.weight)
        torch.testing.assert_close(vit.pos_embed[:, 1:],
                                   resized(source.pos_embed[:, 1:], (16, 8)))
        assert 'outside   1 other entries' in log[0]

    def test_t2t_of_the_authors(self, save, log):
        """As their training saves it, on several GPUs."""
        source = T2T_ViT(
            224, embed_dims=24, num_layers=2, layer_cfgs=dict(num_heads=2))
        torch.nn.init.normal_(source.pos_embed)
        weights = {
            f'module.{name}': value
            for name, value in t2t_of_the_authors(source).items()
        }
        zeros = {name: value * 0 for name, value in weights.items()}
        t2t = initialised(
            SIET2TViT,
            T2T,
            init_cfg=save(
                dict(
                    args=argparse.Namespace(lr=5e-4),
                    state_dict=zeros,
                    state_dict_ema=weights), '81.7_T2T_ViTt_14.pth.tar'))
        for name, value in t2t.state_dict().items():
            if name != 'pos_embed':
                assert torch.equal(value, source.state_dict()[name]), name
        torch.testing.assert_close(t2t.pos_embed[:, 1:],
                                   resized(source.pos_embed[:, 1:], (16, 8)))
        assert 'unused    head.weight' in log[0]

    def test_t2t_of_mmpretrain(self, save):
        source = T2T_ViT(
            224, embed_dims=24, num_layers=2, layer_cfgs=dict(num_heads=2))
        state_dict = {
            f'backbone.{name}': value
            for name, value in source.state_dict().items()
        }
        t2t = initialised(
            SIET2TViT, T2T, init_cfg=save(dict(state_dict=state_dict)))
        assert torch.equal(t2t.tokens_to_token.project.weight,
                           source.tokens_to_token.project.weight)

    def test_timm_backbone(self, save):
        source = timm.create_model(
            'vit_tiny_patch16_224', depth=2, img_size=(64, 32)).eval()
        vit = initialised(
            TIMMVisionTransformer,
            'vit_tiny_patch16_224',
            img_size=(64, 32),
            depth=2,
            init_cfg=save(source.state_dict()))
        images = torch.randn(2, 3, 64, 32)
        torch.testing.assert_close(
            vit(images)[0], source.forward_features(images))


class TestReport:

    @pytest.mark.parametrize(
        'names, line',
        [
            ([], ''),
            (['cls_token', 'head.weight', 'head.bias'
              ], 'cls_token, head.weight, head.bias'),
            ([f'norm.{i}' for i in 'abc'], 'norm.* (3)'),
            ([f'a.{i}.b' for i in (0, 1, 2, 5)], 'a.0-2,5.b'),
            # Of two blocks, one has a name more.
            ([f'a.{i}.{j}' for i in (0, 1)
              for j in 'bcd'] + ['a.0.e'], 'a.0-1.* (7)'),
            (['0.weight', '1.weight'], '0-1.weight'),
            ([f'a{i}' for i in range(10)
              ], 'a0, a1, a2, a3, a4, a5, a6, a7 and 2 more'),
        ])
    def test_folded_names(self, names, line):
        assert fold(names) == line

    def test_names_of_the_file(self, save, log):
        """Not those into which they were translated."""
        state_dict = timm.create_model(
            'vit_tiny_patch16_224', depth=2).state_dict()
        state_dict['blocks.0.attn.extra'] = torch.zeros(1)
        initialised(SIEVisionTransformer, DEIT, init_cfg=save(state_dict))
        assert log[0].startswith('warning: ')
        assert '\n  surplus   blocks.0.attn.extra\n' in log[0]

    @pytest.mark.parametrize('name', ['cls_token', 'pos_embed'])
    def test_what_is_missing_is_a_warning(self, save, log, name):
        state_dict = timm.create_model(
            'vit_tiny_patch16_224', depth=2).state_dict()
        del state_dict[name]
        initialised(
            SIEVisionTransformer,
            DEIT,
            num_cameras=2,
            init_cfg=save(state_dict))
        assert log[0].startswith('warning: SIEVisionTransformer: 29 of 31')
        assert re.search(f'missing .*{name}', log[0])

    def test_a_part_of_a_checkpoint_of_ours(self, save, log):
        source = small_model()
        with torch.no_grad():
            source.branches['cnn'].backbone.conv1.weight.fill_(3.)
        content = dict(state_dict=source.state_dict())
        resnet = initialised(
            ReIDResNet,
            18,
            stem_channels=8,
            base_channels=8,
            init_cfg=save(content, prefix='branches.cnn.backbone'))
        assert (resnet.conv1.weight == 3).all()
        assert re.fullmatch(
            r'ReIDResNet: 100 of 100 entries are from .*\n'
            r'  outside   \d+ other entries', log[0])

    def test_transreid(self, save, log):
        """Trained on other cameras."""
        vit = timm.create_model('vit_tiny_patch16_224', depth=2)
        state_dict = {
            f'base.{name}': value
            for name, value in vit.state_dict().items() if 'head' not in name
        }
        state_dict['base.sie_embed'] = torch.ones(15, 1, 192)
        state_dict['classifier.weight'] = torch.ones(5, 192)
        ours = initialised(
            SIEVisionTransformer,
            DEIT,
            num_cameras=6,
            init_cfg=save(state_dict))
        assert torch.equal(ours.cls_token, vit.cls_token)
        assert ours.sie_embed.abs().max() < 1
        assert log[0].splitlines()[1:] == [
            '  reshaped  pos_embed (1, 197, 192) -> (1, 129, 192)',
            '  dropped   sie_embed (15, 1, 192) -> (6, 1, 192)',
            '  outside   1 other entries'
        ]

    def test_averaged_weights_are_taken(self, save):
        """As DeiT's training saves them."""
        averaged = resnet18().state_dict()
        last = {name: value * 0 for name, value in averaged.items()}
        resnet = initialised(
            ReIDResNet,
            18,
            init_cfg=save(dict(model=last, model_ema=averaged)))
        assert torch.equal(resnet.conv1.weight, averaged['conv1.weight'])


class TestTimmBackbone:

    @pytest.mark.parametrize('name, options', [
        ('resnet18', dict()),
        ('convnext_atto', dict()),
        ('swin_tiny_patch4_window7_224', dict(img_size=(64, 32))),
    ])
    def test_weights_of_timm(self, save, log, name, options):
        """Which do not know that they are below ``timm_model``, nor that maps
        alone are wanted."""
        source = timm.create_model(name, **options)
        maps = initialised(
            TIMMBackbone,
            name,
            features_only=True,
            out_indices=(2, ),
            init_cfg=save(source.state_dict()),
            **options)
        for name, value in maps.timm_model.named_parameters():
            theirs = source.get_parameter(
                re.sub(r'^(stem|stages|layers)_(\d)', r'\1.\2', name))
            assert torch.equal(value, theirs), name
        assert not log[0].startswith('warning')

    @pytest.mark.parametrize(
        'name', ['vit_tiny_patch16_224', 'vit_small_patch14_reg4_dinov2'])
    def test_another_grid(self, save, log, name):
        """Resized as timm does it."""
        source = timm.create_model(name, depth=1)
        torch.nn.init.normal_(source.pos_embed)
        expected = timm.create_model(name, depth=1, img_size=(280, 112))
        expected.load_state_dict(
            checkpoint_filter_fn(source.state_dict(), expected), strict=False)
        vit = initialised(
            TIMMVisionTransformer,
            name,
            img_size=(280, 112),
            depth=1,
            init_cfg=save(source.state_dict()))
        torch.testing.assert_close(vit.timm_model.pos_embed,
                                   expected.pos_embed)
        assert 'reshaped  timm_model.pos_embed' in log[0]


class TestGrids:
    """Rows and columns of position embeddings."""

    def build(self, **kwargs) -> SIEVisionTransformer:
        return initialised(SIEVisionTransformer, DEIT, **kwargs)

    def test_a_checkpoint_says_its_own(self, save, log):
        source = self.build(patch_cfg=dict(stride=12))
        ours = self.build(
            img_size=(384, 128),
            patch_cfg=dict(stride=12),
            init_cfg=save(source.state_dict()))
        expected = F.interpolate(
            source.pos_embed[:, 1:].unflatten(1, (21, 10)).permute(0, 3, 1, 2),
            size=(31, 10),
            mode='bilinear')
        torch.testing.assert_close(ours.pos_embed[:, 1:],
                                   expected.flatten(2).transpose(1, 2))
        assert 'pos_embed (1, 211, 192) -> (1, 311, 192)' in log[-1]

    def test_also_as_a_part_of_one(self, save):
        source = small_model()
        name = 'branches.transformer.backbone'
        vit = source.get_submodule(name)
        ours = initialised(
            SIEVisionTransformer,
            vit.arch_settings,
            img_size=(96, 32),
            patch_cfg=dict(stride=12),
            init_cfg=save(dict(state_dict=source.state_dict()), prefix=name))
        assert tuple(ours.patch_resolution) == (7, 2)
        assert torch.equal(ours.pos_embed[:, :1], vit.pos_embed[:, :1])

    @pytest.mark.parametrize('cls, arch, size', [
        (SIEVisionTransformer, DEIT, (448, 112)),
        (SIET2TViT, T2T, (448, 112)),
    ])
    def test_of_as_many_places(self, save, cls, arch, size):
        """14 x 14 of a pretrained file are not the 28 x 7 of ours."""
        square = cls(arch, img_size=224)
        torch.nn.init.normal_(square.pos_embed)
        file = dict(square.state_dict())  # which does not say its grid
        loaded = initialised(cls, arch, img_size=size, init_cfg=save(file))
        torch.testing.assert_close(loaded.pos_embed[:, 1:],
                                   resized(square.pos_embed[:, 1:], (28, 7)))
        again = initialised(
            cls, arch, img_size=size, init_cfg=save(loaded.state_dict()))
        assert torch.equal(again.pos_embed, loaded.pos_embed)

    def test_loading_by_hand_changes_nothing(self):
        """A state dict of the right shapes goes in as it is."""
        vit = self.build(img_size=(448, 112))
        state_dict = dict(vit.state_dict())
        self.build(img_size=(448, 112)).load_state_dict(state_dict)
        assert torch.equal(vit.pos_embed, state_dict['pos_embed'])

    def test_that_the_user_states(self, save):
        """As for a file of TransReID."""
        source = dict(self.build(patch_cfg=dict(stride=12)).state_dict())
        bigger = dict(img_size=(384, 128), patch_cfg=dict(stride=12))
        with pytest.raises(
                ValueError,
                match='has 210 places.*31x10.*nor a square.*patch_grid='):
            self.build(init_cfg=save(source), **bigger)
        ours = self.build(init_cfg=save(source, patch_grid=(21, 10)), **bigger)
        assert torch.equal(ours.cls_token, source['cls_token'])
        with pytest.raises(
                ValueError, match=r'patch_grid=\(20, 10\).*the 210 places'):
            self.build(init_cfg=save(source, patch_grid=(20, 10)), **bigger)

    def test_no_places_at_all(self, save):
        source = self.build().state_dict()
        source['pos_embed'] = source['pos_embed'][0]
        with pytest.raises(ValueError, match=r'is \(129, 192\), not \(1, 1'):
            self.build(init_cfg=save(source))


class TestErrors:

    def test_too_little(self, save):
        init_cfg = save(resnet18().state_dict(), 'resnet18.pth')
        with pytest.raises(
                ValueError,
                match='resnet18.pth fills only 100 of 180 entries') as error:
            initialised(ReIDResNet, 34, init_cfg=init_cfg)
        assert 'missing are layer1.2.* (10), layer2.2-3.* (20)' in str(
            error.value)
        assert 'the file has fc.weight, fc.bias' in str(error.value)

    def test_nothing(self, save):
        init_cfg = save({'somebody.else': torch.zeros(1)})
        with pytest.raises(
                ValueError, match='(?s)fills only 0 of .*somebody.else'):
            initialised(SIET2TViT, T2T, init_cfg=init_cfg)

    def test_a_deeper_net(self, save):
        init_cfg = save(resnet34().state_dict(), 'resnet34.pth')
        with pytest.raises(
                ValueError,
                match='resnet34.pth holds 96 entries.*ReIDResNet has no place'
        ) as error:
            initialised(ReIDResNet, 18, init_cfg=init_cfg)
        assert 'layer1.2.* (12), layer2.2-3.* (24), layer3.2-5.* (48)' in str(
            error.value)

    def test_layer_scales_without_a_place(self, save):
        source = timm.create_model(
            'vit_tiny_patch16_224', depth=2, init_values=1e-5)
        with pytest.raises(
                ValueError,
                match='(?s)holds 4 entries.*blocks.0-1.ls1.gamma, '
                'blocks.0-1.ls2.gamma.*layer_scale_init_value'):
            initialised(
                SIEVisionTransformer, DEIT, init_cfg=save(source.state_dict()))

    def test_another_shape(self, save):
        source = timm.create_model('vit_tiny_patch16_224', depth=2)
        with pytest.raises(
                ValueError,
                match='(?s)weights.pth does not fit SIEVisionTransformer, 28 '
                r'entries.*cls_token \(1, 1, 192\) -> \(1, 1, 96\).* and 20 '
                'more') as error:
            initialised(
                SIEVisionTransformer,
                dict(DEIT, embed_dims=96, num_heads=2),
                patch_cfg=dict(stride=16),
                init_cfg=save(source.state_dict()))
        assert len(str(error.value)) < 1000

    def test_registers(self, save):
        source = timm.create_model('vit_small_patch14_reg4_dinov2', depth=1)
        with pytest.raises(
                ValueError, match='register tokens.*TIMMVisionTransformer'):
            initialised(
                SIEVisionTransformer, DEIT, init_cfg=save(source.state_dict()))

    def test_without_a_default_scope(self, save):
        """A model in a Python shell is not let down by MMEngine's loader."""
        init_cfg = save({'somebody.else': torch.zeros(1)})
        model = small_model(branches__cnn__backbone__init_cfg=init_cfg)
        DefaultScope._instance_dict.clear()
        with pytest.raises(ValueError, match='fills only 0 of'):
            model.init_weights()

    def test_prefix_that_is_not_there(self, save):
        init_cfg = save({'backbone.conv1.weight': torch.zeros(1)}, prefix='x')
        with pytest.raises(
                ValueError, match="nothing under prefix='x.'.*only backbone"):
            initialised(ReIDResNet, 18, init_cfg=init_cfg)

    def test_a_file_that_would_run_code(self, save):
        init_cfg = save(dict(model=Malicious()))
        with pytest.raises(
                ValueError, match='weights.pth is refused.*asks for exec'):
            initialised(ReIDResNet, 18, init_cfg=init_cfg)

    @pytest.mark.parametrize('content, name', [
        (dict(state_dict=dict(), cfg=ConfigDict(a=1)), 'ConfigDict'),
        (torch.nn.Linear(1, 1), 'Linear'),
    ])
    def test_other_objects_in_a_file(self, save, content, name):
        with pytest.raises(
                ValueError,
                match=rf'beside tensors it asks for [\w.]*{name}, ') as error:
            initialised(ReIDResNet, 18, init_cfg=save(content))
        assert '\x1b' not in str(error.value)

    @pytest.mark.parametrize('size', [0, 5000])
    def test_a_file_cut_short(self, save, size):
        init_cfg = save(resnet18().state_dict())
        with open(init_cfg['checkpoint'], 'r+b') as file:
            file.truncate(size)
        with pytest.raises(
                ValueError, match='weights.pth.*not downloaded completely'):
            initialised(ReIDResNet, 18, init_cfg=init_cfg)

    @pytest.mark.parametrize('content, message', [
        ([1], 'holds a list'),
        (dict(epoch=3), r"holds no tensors.*\['epoch'\]"),
    ])
    def test_no_state_dict(self, save, content, message):
        with pytest.raises(ValueError, match=message):
            initialised(ReIDResNet, 18, init_cfg=save(content))

    def test_no_file(self):
        with pytest.raises(
                FileNotFoundError,
                match="'nowhere.pth': there is no such.*"
                'init_cfg=None'):
            initialised(
                ReIDResNet,
                18,
                init_cfg=dict(type='Pretrained', checkpoint='nowhere.pth'))

    @pytest.mark.parametrize('checkpoint, message', [
        (None, 'must be a path, a URL.*got None.*init_cfg=None'),
        ('timm://resnet18',
         'timm:// is not known.*torchvision://.*pretrained'),
    ])
    def test_no_name_of_a_file(self, checkpoint, message):
        with pytest.raises(ValueError, match=message):
            initialised(
                ReIDResNet,
                18,
                init_cfg=dict(type='Pretrained', checkpoint=checkpoint))

    def test_unknown_name(self):
        with pytest.raises(ValueError, match="no weights of the name 'r50'"):
            initialised(
                ReIDResNet,
                50,
                init_cfg=dict(
                    type='Pretrained', checkpoint='torchvision://r50'))


class Malicious:

    def __reduce__(self):
        return exec, ('raise AssertionError("the file ran code")', )


class TestDownload:
    URL = 'https://example.org/weights/resnet18-f37072fd.pth?download=1'

    @pytest.fixture(autouse=True)
    def cache(self, tmp_path, monkeypatch):
        monkeypatch.setattr(source, 'get_dir', lambda: tmp_path)
        return tmp_path / 'checkpoints' / 'resnet18-f37072fd.pth'

    def test_offline(self, monkeypatch, cache):

        def fail(*args, **kwargs):
            raise URLError('no network')

        monkeypatch.setattr(source, 'download_url_to_file', fail)
        with pytest.raises(FileNotFoundError) as error:
            initialised(
                ReIDResNet,
                18,
                init_cfg=dict(type='Pretrained', checkpoint=self.URL))
        for part in (self.URL, 'no network', str(cache), 'init_cfg=None'):
            assert part in str(error.value)

    def test_a_failure_elsewhere(self, monkeypatch):
        """The first process of a machine downloads; the others fail with it
        instead of waiting for ever."""
        monkeypatch.setenv('LOCAL_RANK', '1')
        monkeypatch.delattr(source, 'download_url_to_file')
        monkeypatch.setattr(source, 'all_gather_object',
                            lambda failure: ['no space left', failure])
        with pytest.raises(FileNotFoundError, match='no space left'):
            initialised(
                ReIDResNet,
                18,
                init_cfg=dict(type='Pretrained', checkpoint=self.URL))

    def test_a_file_put_there_by_hand(self, monkeypatch, cache):
        monkeypatch.delattr(source, 'download_url_to_file')
        net = resnet18()
        cache.parent.mkdir()
        torch.save(net.state_dict(), cache)
        resnet = initialised(
            ReIDResNet,
            18,
            init_cfg=dict(type='Pretrained', checkpoint=self.URL))
        assert torch.equal(resnet.conv1.weight, net.conv1.weight)

    def test_names_of_torchvision(self, monkeypatch, tmp_path):
        asked = []

        def download(url, path, progress):
            asked.append(url)
            torch.save(resnet18().state_dict(), path)

        monkeypatch.setattr(source, 'download_url_to_file', download)
        initialised(
            ReIDResNet,
            18,
            init_cfg=dict(
                type='Pretrained', checkpoint='torchvision://resnet18'))
        url, = asked
        assert re.fullmatch(r'https://.*/resnet18-\w+\.pth', url)
