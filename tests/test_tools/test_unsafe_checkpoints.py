"""Each way into the program refuses a file that would run code."""
import pytest
import torch
from helpers.payloads import payloads
from helpers.tools import run_inline
from mmengine.config import Config

from fusionreid_mm.apis import ReIDInferencer

RENAME = 'model_converters/official_to_fusionreid_mm.py'
PUBLISH = 'model_converters/publish_model.py'

WAYS = ['resume', 'load_from', 'init_cfg', 'test', 'rename', 'publish', 'api']


@pytest.fixture
def enter(config, monkeypatch, tmp_path):
    """Give a file to one of the ways in."""

    def run(way: str, path) -> None:
        work_dir = ('--work-dir', tmp_path / 'work_dir')
        if way == 'api':
            ReIDInferencer(Config.fromfile(config), str(path), device='cpu')
            return
        mine = tmp_path / 'mine.py'
        mine.write_text(f'''
_base_ = {str(config)!r}
init_cfg = dict(
    _delete_=True, type='Pretrained', checkpoint={str(path)!r})
model = dict(branches=dict(cnn=dict(backbone=dict(init_cfg=init_cfg))))
''')
        out = tmp_path / 'out.pth'
        arguments: dict = dict(
            resume=('train.py', config, *work_dir, '--resume', path),
            load_from=('train.py', config, *work_dir, '--cfg-options',
                       f'load_from={path}'),
            init_cfg=('train.py', mine, *work_dir),
            test=('test.py', config, path, *work_dir),
            rename=(RENAME, config, path, out),
            publish=(PUBLISH, path, out))
        run_inline(monkeypatch, *arguments[way])

    return run


@pytest.mark.parametrize('way', WAYS)
def test_refused(enter, tmp_path, way):
    marker, path = tmp_path / 'marker', tmp_path / 'evil.pth'
    payload = payloads(marker)['os_system']
    torch.save(
        dict(
            state_dict={'head.weight': torch.ones(1)},
            optimizer=dict(state={0: dict(momentum_buffer=payload)})), path)
    with pytest.raises(ValueError, match='evil.pth is refused.*--trust'):
        enter(way, path)
    assert not marker.exists()
    assert not list(tmp_path.glob('out*'))


def test_mmengine_and_mmpretrain_are_guarded(tmp_path):
    """Also where a part of another library loads its weights."""
    from mmengine.registry import MODELS
    from mmpretrain.models import ResNet  # noqa: F401
    marker, path = tmp_path / 'marker', tmp_path / 'evil.pth'
    torch.save(dict(state_dict=payloads(marker)['exec']), path)
    backbone = MODELS.build(
        dict(
            type='mmpretrain.ResNet',
            depth=18,
            init_cfg=dict(type='Pretrained', checkpoint=str(path))))
    with pytest.raises(ValueError, match='evil.pth is refused'):
        backbone.init_weights()
    assert not marker.exists()
