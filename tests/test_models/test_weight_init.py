"""Checkpoints in everyone's key style, written here, go through
``init_weights`` as in training."""
import argparse
import re
from urllib.error import URLError

import pytest
import timm
import torch
import torch.nn.functional as F
from helpers.small_model import small_model
from mmengine.registry import DefaultScope, init_default_scope
from mmpretrain.models import T2T_ViT, ResNet, VisionTransformer
from torchvision.models import resnet18

from fusionreid_mm.models import (IBNResNet, ReIDResNet, SIET2TViT,
                                  SIEVisionTransformer, TIMMVisionTransformer)
from fusionreid_mm.models.weight_init import (PretrainedInit, checkpoint_file,
                                              pretrained_init)

DEIT = dict(
    embed_dims=192, num_layers=2, num_heads=3, feedforward_channels=768)
T2T = dict(embed_dims=24, num_layers=2, num_heads=2)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('fusionreid_mm')
    torch.manual_seed(0)


@pytest.fixture
def log(monkeypatch):
    """What is logged of the weights."""
    lines = []
    monkeypatch.setattr(pretrained_init, 'print_log',
                        lambda text, logger: lines.append(text))
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
        assert 'unused    head.fc.weight' in log[0]

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
        assert 'unused    head.fc.bias' in log[0]

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


class TestErrors:

    def test_too_little(self, save):
        init_cfg = save(resnet18().state_dict(), 'resnet18.pth')
        with pytest.raises(
                ValueError,
                match='resnet18.pth fills only 100 of 180 entries') as error:
            initialised(ReIDResNet, 34, init_cfg=init_cfg)
        assert 'missing are layer1.2.conv1.weight' in str(error.value)
        assert 'the file has fc.weight' in str(error.value)

    def test_nothing(self, save):
        init_cfg = save({'somebody.else': torch.zeros(1)})
        with pytest.raises(
                ValueError, match='(?s)fills only 0 of .*somebody.else'):
            initialised(SIET2TViT, T2T, init_cfg=init_cfg)

    def test_another_shape(self, save):
        source = timm.create_model('vit_tiny_patch16_224', depth=2)
        with pytest.raises(
                ValueError,
                match='(?s)weights.pth does not fit SIEVisionTransformer.*'
                'size mismatch for cls_token'):
            initialised(
                SIEVisionTransformer,
                dict(DEIT, embed_dims=96, num_heads=2),
                patch_cfg=dict(stride=16),
                init_cfg=save(source.state_dict()))

    def test_a_grid_that_is_not_square(self, save):
        source = SIEVisionTransformer(DEIT)
        with pytest.raises(
                ValueError, match='has 128 places, which is neither.*21x10'):
            initialised(
                SIEVisionTransformer,
                DEIT,
                patch_cfg=dict(stride=12),
                init_cfg=save(source.state_dict()))

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
                ValueError, match='weights.pth.*no file of weights'):
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
        monkeypatch.setattr(checkpoint_file, 'get_dir', lambda: tmp_path)
        return tmp_path / 'checkpoints' / 'resnet18-f37072fd.pth'

    def test_offline(self, monkeypatch, cache):

        def fail(*args, **kwargs):
            raise URLError('no network')

        monkeypatch.setattr(checkpoint_file, 'download_url_to_file', fail)
        with pytest.raises(FileNotFoundError) as error:
            initialised(
                ReIDResNet,
                18,
                init_cfg=dict(type='Pretrained', checkpoint=self.URL))
        for part in (self.URL, 'no network', str(cache), 'init_cfg=None'):
            assert part in str(error.value)

    def test_a_file_put_there_by_hand(self, monkeypatch, cache):
        monkeypatch.delattr(checkpoint_file, 'download_url_to_file')
        source = resnet18()
        cache.parent.mkdir()
        torch.save(source.state_dict(), cache)
        resnet = initialised(
            ReIDResNet,
            18,
            init_cfg=dict(type='Pretrained', checkpoint=self.URL))
        assert torch.equal(resnet.conv1.weight, source.conv1.weight)

    def test_names_of_torchvision(self, monkeypatch, tmp_path):
        asked = []

        def download(url, path, progress):
            asked.append(url)
            torch.save(resnet18().state_dict(), path)

        monkeypatch.setattr(checkpoint_file, 'download_url_to_file', download)
        initialised(
            ReIDResNet,
            18,
            init_cfg=dict(
                type='Pretrained', checkpoint='torchvision://resnet18'))
        url, = asked
        assert re.fullmatch(r'https://.*/resnet18-\w+\.pth', url)
