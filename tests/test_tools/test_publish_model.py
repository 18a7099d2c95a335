import hashlib
import os

import numpy as np
import pytest
import torch
from helpers.drawn_data import write_image
from helpers.payloads import Call
from helpers.tools import run_inline
from mmengine.config import Config
from mmengine.hooks import EMAHook
from mmengine.runner import Runner

from fusionreid_mm.apis import ReIDInferencer
from fusionreid_mm.checkpoint_io import read_checkpoint

TOOL = 'model_converters/publish_model.py'


@pytest.fixture(scope='module')
def trained(config, tmp_path_factory):
    """``(checkpoint, the averages in it)`` of a run with EMAHook."""
    cfg = Config.fromfile(config)
    cfg.work_dir = str(tmp_path_factory.mktemp('trained'))
    cfg.train_cfg.max_epochs = 1
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.custom_hooks.append(dict(type='EMAHook', momentum=0.5))
    runner = Runner.from_cfg(cfg)
    runner.train()
    hook, = [hook for hook in runner.hooks if isinstance(hook, EMAHook)]
    return f'{cfg.work_dir}/epoch_1.pth', hook.ema_model.module.state_dict()


@pytest.fixture
def publish(trained, tmp_path, monkeypatch):

    def run(name, *options, src=trained[0]):
        before = set(tmp_path.glob('*'))
        run_inline(monkeypatch, TOOL, src, tmp_path / name, *options)
        path, = set(tmp_path.glob('*')) - before
        return path

    return run


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_whole(publish, trained, config, suffix):
    path = publish(f'model{suffix}')
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert path.name == f'model-{digest[:8]}{suffix}'
    assert path.stat().st_size < os.path.getsize(trained[0]) / 2
    published = read_checkpoint(path, 'cpu')
    assert set(published) == {'state_dict', 'meta'}
    assert published['meta']['epoch'] == 1
    Config.fromstring(published['meta']['cfg'], '.py')
    # The averages, not the weights.
    for name, value in trained[1].items():
        assert torch.equal(published['state_dict'][name], value), name
    metadata = published['state_dict']._metadata
    grid = metadata['branches.transformer.backbone']['patch_grid']
    expected = read_checkpoint(trained[0])['state_dict']._metadata
    assert list(grid) == list(
        expected['branches.transformer.backbone']['patch_grid'])


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_the_same_descriptors(publish, trained, config, suffix, tmp_path):
    path = publish(f'model{suffix}', '--no-classifiers')
    names = read_checkpoint(path)['state_dict']
    assert not any('.classifier.' in name for name in names)
    image = tmp_path / 'a.jpg'
    write_image(image)
    descriptors = [
        ReIDInferencer(Config.fromfile(config), str(weights),
                       device='cpu')(str(image))
        for weights in (trained[0], path)
    ]
    np.testing.assert_array_equal(*descriptors)


def test_the_same_metrics(publish, trained, config, tmp_path, monkeypatch):
    path = publish('model.safetensors', '--no-classifiers')
    texts = []
    for number, weights in enumerate((trained[0], path)):
        out = tmp_path / f'{number}.json'
        run_inline(monkeypatch, 'test.py', config, weights, '--work-dir',
                   tmp_path / 'logs', '--out', out, '--out-item', 'metrics')
        texts.append({
            key: value
            for key, value in Config.fromfile(out).items() if 'time' not in key
        })
    assert texts[0] == texts[1]
    assert texts[0]['reid/mAP'] > 0


def test_nothing_is_overwritten(publish, trained, tmp_path, monkeypatch):
    path = publish('model.pth')
    content = path.read_bytes()
    with pytest.raises(FileExistsError, match=path.name):
        run_inline(monkeypatch, TOOL, trained[0], tmp_path / 'model.pth')
    assert path.read_bytes() == content


def test_trusted(publish, tmp_path, tmp_path_factory):
    """What must be run to be read is, if one says so."""
    source = tmp_path / 'source.pth'
    marker = tmp_path_factory.mktemp('elsewhere') / 'marker'
    module = torch.nn.Linear(2, 1)
    torch.save(
        dict(model=module.state_dict(), args=Call(os.mkdir, str(marker))),
        source)
    with pytest.raises(ValueError, match='source.pth is refused'):
        publish('weights.pth', src=source)
    assert not marker.exists()
    path = publish('weights.pth', '--trust', src=source)
    assert marker.exists()
    weights = read_checkpoint(path)['state_dict']
    assert torch.equal(weights['weight'], module.weight)


def test_bad_names(publish, tmp_path, monkeypatch, capsys):
    with pytest.raises(ValueError, match='must end with .pth or .safetensors'):
        publish('model.bin')
    with pytest.raises(SystemExit):
        publish('model.pth', src=tmp_path / 'absent.pth')
    assert 'there is no file' in capsys.readouterr().err


def test_no_weights(publish, tmp_path):
    torch.save(dict(epoch=3), tmp_path / 'source.pth')
    with pytest.raises(ValueError, match=r"no weights, only \['epoch'\]"):
        publish('model.pth', src=tmp_path / 'source.pth')
