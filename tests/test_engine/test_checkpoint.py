import pytest
import torch
from helpers.small_model import small_model

from fusionreid_mm.engine.checkpoint import (convert_official_state_dict,
                                             map_official_names)

# One entry of each kind, by its released name.
NAMES = dict([
    ('resnet.base.layer1.0.bn2.weight',
     'branches.cnn.backbone.layer1.0.bn2.weight'),
    ('resnet.gap.p', 'branches.cnn.pool.p'),
    ('resnet.bottleneck.running_var', 'head.bnnecks.cnn.bn.running_var'),
    ('transformer.base.sie_embed', 'branches.transformer.backbone.sie_embed'),
    ('transformer.base.blocks.1.norm2.bias',
     'branches.transformer.backbone.layers.1.ln2.bias'),
    ('transformer.base.norm.weight',
     'branches.transformer.backbone.ln1.weight'),
    ('transformer.classifier.weight',
     'head.bnnecks.transformer.classifier.weight'),
    ('former_LRU.act1.weight', 'neck.lru.transformer.depthwise.2.weight'),
    ('gap_f.p', 'neck.pool.transformer.p'),
    ('bottleneck_3.weight', 'head.bnnecks.cnn_htm.bn.weight'),
])


def test_names():
    model = small_model()
    assert map_official_names(NAMES, model) == NAMES
    assert set(NAMES.values()) <= set(model.state_dict())


@pytest.mark.parametrize('neck, official, ours', [
    (dict(), 'SEU', 'units.0.0'),
    (dict(), 'MUF_RES', 'units.1.0'),
    (dict(), 'MFU_FORMER', 'units.1.1'),
    (dict(share_seu=False), 'SEU1', 'units.0.0'),
    (dict(share_seu=False), 'SEU2', 'units.0.1'),
    (dict(share_mfu=True), 'MFU', 'units.1.0'),
    (dict(units=('mfu', )), 'MFU_FORMER', 'units.0.1'),
    (dict(units=('mfu', 'seu')), 'SEU', 'units.1.0'),
])
def test_units(neck, official, ours):
    model = small_model(**{f'neck__{k}': v for k, v in neck.items()})
    leaf = {
        'blocks.0.mlp.fc1.weight': 'ffn.layers.0.0.weight',
        'blocks.0.attn.proj.weight': 'attn.proj.weight',
    }
    prefix = 'encoder.' if 'SEU' in official else ''
    for theirs, expected in leaf.items():
        name = f'HTM.blocks.1.{official}.{theirs}'
        renamed = map_official_names([name], model)[name]
        assert renamed == f'neck.htms.1.{ours}.{prefix}{expected}'
        assert renamed in model.state_dict()


class TestFit:
    """On the CNN branch alone, whose names only get a prefix."""

    def build(self):
        from helpers.small_model import small_model_cfg
        cnn = small_model_cfg().branches.cnn
        model = small_model(branches=dict(cnn=cnn), neck=None)
        official = {}
        for name, value in model.state_dict().items():
            name = name.replace('branches.cnn.backbone.', 'base.')
            name = name.replace('branches.cnn.pool.', 'gap.')
            name = name.replace('head.bnnecks.cnn.bn.', 'bottleneck.')
            name = name.replace('head.bnnecks.cnn.', '')
            official[name] = value + 1
        return model, official

    @pytest.mark.parametrize('prefix', ['', 'module.'])
    def test_loads_strictly(self, prefix):
        model, official = self.build()
        converted = convert_official_state_dict(
            {
                prefix + name: value
                for name, value in official.items()
            }, model)
        model.load_state_dict(converted, strict=True)
        assert torch.equal(model.state_dict()['branches.cnn.pool.p'],
                           torch.tensor([4.]))

    @pytest.mark.parametrize('extra, message', [
        ({
            'module.gap.p': torch.zeros(1)
        }, 'twice: gap.p and module.gap.p are both branches.cnn.pool.p'),
        ({
            'epoch': 3
        }, 'no tensor: epoch'),
    ])
    def test_what_should_not_be_there(self, extra, message):
        model, official = self.build()
        with pytest.raises(ValueError, match=message):
            convert_official_state_dict({**official, **extra}, model)

    def test_everything_that_does_not_fit_is_named(self):
        model, official = self.build()
        del official['gap.p']
        official['base.fc.weight'] = torch.zeros(2)
        official['classifier.weight'] = torch.zeros(9, 64)
        with pytest.raises(ValueError) as error:
            convert_official_state_dict(official, model)
        message = str(error.value)
        assert 'left over: base.fc.weight (2,)' in message
        assert 'missing: branches.cnn.pool.p (1,)' in message
        assert 'shape: classifier.weight is (9, 64)' in message
        assert 'but the model has (5, 64)' in message


def test_the_grid_of_the_patches_is_kept():
    """It stands beside the entries, where a plain dict has nothing."""
    from helpers.small_model import small_model_cfg
    transformer = small_model_cfg().branches.transformer
    model = small_model(branches=dict(transformer=transformer), neck=None)
    official = {}
    for name, value in model.state_dict().items():
        name = name.replace('branches.transformer.backbone.', 'base.')
        name = name.replace('head.bnnecks.transformer.bn.', 'bottleneck.')
        name = name.replace('head.bnnecks.transformer.', '')
        official[name] = value
    converted = convert_official_state_dict(official, model)
    metadata = converted._metadata['branches.transformer.backbone']
    assert metadata['patch_grid'] == (5, 2)
