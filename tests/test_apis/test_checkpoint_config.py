"""Refusals are in test_inferencer.py, with real files."""
import pytest
from mmcv.transforms import BaseTransform
from mmengine.config import Config

from fusionreid_mm.apis import list_models
from fusionreid_mm.apis.checkpoint_config import config_of, is_checkpoint
from fusionreid_mm.apis.metafile import find_model
from fusionreid_mm.registry import TRANSFORMS


def checkpoint(cfg):
    # Making the text nice takes seconds.
    text = Config(cfg.to_dict(), format_python_code=False).pretty_text
    return dict(meta=dict(cfg=text), state_dict={})


@pytest.mark.parametrize('name', list_models()[::6])
def test_models_of_this_package_are_taken(name):
    cfg, _ = find_model(name)
    assert config_of(checkpoint(cfg), 'a.pth').to_dict() == cfg.to_dict()


@pytest.mark.parametrize('transform', [
    'mmpretrain.ResizeEdge', 'mmcv.Resize', 'fusionreid_mm.LoadReIDImage',
    'LoadReIDImage'
])
def test_other_packages_of_the_family_are_known(transform):
    cfg, _ = find_model('fusionreid_tiny_synthetic')
    cfg.test_dataloader.dataset.pipeline[1].type = transform
    config_of(checkpoint(cfg), 'a.pth')


@pytest.mark.parametrize('transform', [
    'mmpretrain.Nothing', 'mmcv.imread', 'mmengine.mkdir_or_exist', 'os.mkdir',
    'shutil', 'print', 3, ['Resize']
])
def test_what_is_not_registered_is_refused(transform):
    cfg, _ = find_model('fusionreid_tiny_synthetic')
    cfg.test_dataloader.dataset.pipeline[1].type = transform
    with pytest.raises(ValueError, match='a.pth is refused: nothing is reg'):
        config_of(checkpoint(cfg), 'a.pth')


def test_what_a_user_registers_is_taken():
    cfg, _ = find_model('fusionreid_tiny_synthetic')
    cfg.test_dataloader.dataset.pipeline[1].type = 'MineOfThisTest'
    with pytest.raises(ValueError, match='must be imported first'):
        config_of(checkpoint(cfg), 'a.pth')
    TRANSFORMS.register_module('MineOfThisTest', module=BaseTransform)
    try:
        config_of(checkpoint(cfg), 'a.pth')
    finally:
        TRANSFORMS.module_dict.pop('MineOfThisTest')


@pytest.mark.parametrize('content', [
    dict(state_dict={}),
    dict(meta={}),
    dict(meta=None),
    dict(meta=dict(cfg=None)),
    [],
])
def test_without_a_config(content):
    with pytest.raises(
            ValueError,
            match=r"a.pth does not carry .*ReIDInferencer\('CONFIG', 'a.pth'"):
        config_of(content, 'a.pth')


def test_configs_without_a_model():
    with pytest.raises(ValueError, match='refused: it has no model'):
        config_of(dict(meta=dict(cfg='a = 1')), 'a.pth')


def test_names():
    for name in ('a.pth', 'f/b.safetensors', 'https://c/d.PTH'):
        assert is_checkpoint(name)
    for name in ('a.py', 'fusionreid_market', None, dict()):
        assert not is_checkpoint(name)
