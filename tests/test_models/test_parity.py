"""Every model of the paper equals the plain formulation of the released code,
through the converter, in float64.

Backbones are narrow here, so that the whole table takes seconds; their depths,
the widths of the fusion and the image sizes are real. The models at full width
are compared with the released code itself in ``test_golden``, and here where
there is no golden case.
"""
from dataclasses import replace

import pytest
import torch
from helpers import golden_fill
from helpers.golden import ROOT
from helpers.plain_formulation import Setting, descriptor, released
from mmengine.config import Config
from mmengine.registry import init_default_scope

from fusionreid_mm.engine.checkpoint import convert_official_state_dict
from fusionreid_mm.models import FusionReID
from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import ReIDDataSample

TOLERANCE = 1e-9

UNITS = {
    0: ('seu', 'mfu'),
    1: ('seu', ),
    2: ('mfu', ),
    3: ('mfu', 'seu'),
}

# 12 heads, as in the released fusion, at a width of 48.
NARROW = Setting(
    cnn_width=8,
    embed_dims=48,
    layers=2,
    heads=4,
    width=48,
    size=(64, 32),
    num_cameras=3)
T2T = replace(NARROW, transformer='t2t')


def model_cfg(setting: Setting) -> dict:
    """Ours, in our terms; what is not named is of the paper's config."""
    cfg = Config.fromfile(ROOT / 'configs/fusionreid_msmt17.py').model
    cfg.pop('data_preprocessor')
    cfg.head.num_classes = setting.num_classes
    cfg.branches.cnn.backbone = dict(
        type='ReIDResNet',
        depth=setting.cnn,
        stem_channels=setting.cnn_width,
        base_channels=setting.cnn_width)
    arch = dict(
        embed_dims=setting.embed_dims,
        num_layers=setting.layers,
        num_heads=setting.heads)
    cfg.branches.transformer.backbone = dict(
        vit=dict(
            type='SIEVisionTransformer',
            arch=dict(arch, feedforward_channels=4 * setting.embed_dims),
            patch_cfg=dict(stride=setting.stride)),
        t2t=dict(type='SIET2TViT', arch=arch),
    ).get(setting.transformer, {})
    cfg.branches.transformer.backbone.update(
        img_size=setting.size, num_cameras=setting.num_cameras)
    cfg.neck.update(
        embed_dims=setting.width,
        num_layers=setting.htm_layers,
        share_seu=setting.shares_seu,
        share_mfu=setting.shares_mfu,
        units=UNITS[setting.mode],
        lru='lru' if setting.lru else 'pointwise')
    for branch, used in (('cnn', setting.cnn), ('transformer',
                                                setting.transformer)):
        if not used:
            cfg.branches.pop(branch)
            cfg.neck = None
    return cfg


def full_cfg(name: str, setting: Setting) -> dict:
    """Of a config as users take it, for as many people and cameras as the
    setting has."""
    cfg = Config.fromfile(ROOT / f'configs/{name}.py').model
    cfg.pop('data_preprocessor')
    cfg.head.num_classes = setting.num_classes
    cfg.branches.transformer.backbone.num_cameras = setting.num_cameras
    return cfg


def build(cfg: dict) -> FusionReID:
    init_default_scope('fusionreid_mm')
    return MODELS.build(cfg).double().eval()


def assert_equal(model: FusionReID,
                 setting: Setting,
                 batch_size: int = 2) -> None:
    images = torch.from_numpy(golden_fill.images(*setting.size))[:batch_size]
    camids = torch.from_numpy(golden_fill.CAM_IDS)[:batch_size]
    theirs = released(setting, images, camids)
    model.load_state_dict(
        convert_official_state_dict(theirs.state_dict, model), strict=True)
    samples = [
        ReIDDataSample(metainfo=dict(camid=int(camid))) for camid in camids
    ]
    for neck_feat in ('before', 'after'):
        model.head.neck_feat = neck_feat
        with torch.no_grad():
            ours = model(images.double(), samples)
        features = getattr(theirs, neck_feat)
        assert ours.shape == descriptor(features).shape
        assert ours.dtype == torch.float64
        sizes = [feature.size(1) for feature in features.values()]
        for piece, (name, feature) in zip(
                ours.split(sizes, dim=1), features.items()):
            error = (piece - feature).abs().max() / feature.square().mean()**.5
            assert error < TOLERANCE, (neck_feat, name, float(error))


@pytest.mark.parametrize(
    'change',
    [
        *[dict(share=share) for share in range(4)],
        *[dict(mode=mode) for mode in range(1, 4)],
        dict(mode=3, share=1),  # where the released code ignores the sharing
        *[dict(htm_layers=depth) for depth in (1, 3, 6)],
        dict(lru=False),
        dict(width=384),
        dict(width=1152, htm_layers=1),
        dict(stride=16),
        dict(size=(256, 128)),
        dict(size=(384, 128)),
        dict(size=(384, 128), stride=16),
        *[dict(cnn=101), dict(cnn=152, share=3)],
        *[dict(cnn=None), dict(transformer=None)],
    ],
    ids=str)
def test_vit(change):
    setting = replace(NARROW, **change)
    assert_equal(build(model_cfg(setting)), setting)


@pytest.mark.parametrize(
    'change', [
        dict(),
        dict(size=(256, 128)),
        dict(size=(384, 128)),
        dict(cnn=152, share=1),
        dict(mode=3, width=384, htm_layers=1),
        dict(cnn=None),
        dict(cnn=None, embed_dims=64, layers=3, heads=8),
    ],
    ids=str)
def test_t2t(change):
    setting = replace(T2T, **change)
    assert_equal(build(model_cfg(setting)), setting)


@pytest.mark.parametrize('name, setting', [
    ('fusionreid_r50_t2t-vit-14_msmt17',
     Setting(transformer='t2t', embed_dims=384, layers=14, heads=6)),
    pytest.param(
        'fusionreid_r101_t2t-vit-24_msmt17',
        Setting(
            cnn=101, transformer='t2t', embed_dims=512, layers=24, heads=8),
        marks=pytest.mark.slow),
])
def test_full_size(name, setting):
    assert_equal(build(full_cfg(name, setting)), setting, batch_size=1)
