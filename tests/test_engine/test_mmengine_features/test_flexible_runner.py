"""``runner_type='FlexibleRunner'`` trains, resumes and tests; what it does not
do is said before."""
import argparse
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from helpers.tiny_training import assert_same, weights
from helpers.tools import run_inline

from fusionreid_mm.checkpoint_io import atomic_write
from fusionreid_mm.engine.command_line import load_config, running
from fusionreid_mm.engine.flexible_runner import check_resume

ALONE = argparse.Namespace(launcher='none', local_rank=0)


@pytest.fixture
def flexible(config):
    config.runner_type = 'FlexibleRunner'
    return config


def refused(config, args=ALONE) -> str:
    with pytest.raises(ValueError) as error:
        with running(config, args):
            pass
    return str(error.value)


def weights_after(config, **changes):
    config.update(changes)
    config.experiment_name = str(changes)
    with running(config, ALONE) as runner:
        runner.train()
    return weights(runner.model)


def test_learns_and_resumes_what_the_runner_does(config, tmp_path):
    """With half precision, too."""
    config.optim_wrapper.type = 'AmpOptimWrapper'
    expected = weights_after(config)
    assert_same(weights_after(config, runner_type='FlexibleRunner'), expected)
    # The first epoch is the best so far, so it is saved twice.
    first = tmp_path / 'work_dir' / 'epoch_1.pth'
    assert torch.load(first)['meta']['epoch'] == 1
    assert_same(
        weights_after(config, resume=True, load_from=str(first)), expected)


def test_counts_iterations_as_the_runner_does(config, tmp_path, monkeypatch):
    """And writes each checkpoint whole."""
    written = []
    write = atomic_write.write_atomically
    monkeypatch.setattr(
        atomic_write, 'write_atomically', lambda path, content:
        (written.append(Path(path).name), write(path, content)))
    config.train_cfg = dict(by_epoch=False, max_iters=4, val_interval=2)
    config.default_hooks.checkpoint.update(by_epoch=False, interval=2)
    found = []
    for kind in ('Runner', 'FlexibleRunner'):
        config.work_dir = str(tmp_path / kind)
        weights_after(config, runner_type=kind)
        found.append([
            torch.load(tmp_path / kind / f'iter_{number}.pth')['meta']['iter']
            for number in (2, 4)
        ])
    assert found == [[2, 4], [2, 4]]
    names = [name for name in written if name.endswith('.pth')]
    assert names[:len(names) // 2] == names[len(names) // 2:]
    assert {'iter_2.pth', 'iter_4.pth'} < set(names)


def test_with_the_tools(flexible, tmp_path, monkeypatch):
    """The checks of data and checkpoint, and the pictures, are hooks."""
    path = tmp_path / 'mine.py'
    flexible.dump(str(path))
    run_inline(monkeypatch, 'train.py', path, '--work-dir', tmp_path,
               '--auto-scale-lr', '--cfg-options', 'train_cfg.max_epochs=1')
    run_inline(monkeypatch, 'test.py', path, tmp_path / 'epoch_1.pth',
               '--work-dir', tmp_path, '--show-dir', tmp_path / 'pictures')
    assert (tmp_path / 'pictures' / 'cmc.png').is_file()
    checkpoint = torch.load(tmp_path / 'epoch_1.pth')
    checkpoint['state_dict'].popitem(last=False)
    torch.save(checkpoint, tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='missing'):
        run_inline(monkeypatch, 'train.py', path, '--work-dir', tmp_path,
                   '--resume', tmp_path / 'other.pth')


@pytest.mark.parametrize('key, value, advice', [
    ('compile', True, "runner_type='Runner'"),
    ('efficient_conv_bn_eval', '[backbone]', "runner_type='Runner'"),
    ('find_unused_parameters', True, 'set strategy.model_wrapper.find_unused'),
    ('model_wrapper_cfg', dict(type='X'), 'set strategy.model_wrapper '),
    ('sync_bn', 'torch', 'set strategy.sync_bn'),
])
def test_keys_that_it_ignores(flexible, key, value, advice):
    flexible[key] = value
    message = refused(flexible)
    assert f'ignores {key}' in message and advice in message


def test_a_strategy_that_the_runner_ignores(config):
    config.strategy = dict(type='DDPStrategy')
    assert "runner_type='FlexibleRunner'" in refused(config)


def test_fsdp(flexible, monkeypatch):
    flexible.strategy = dict(type='FSDPStrategy')
    if not torch.cuda.is_available():
        assert 'over GPUs, and there is none' in refused(flexible)
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    assert 'needs processes' in refused(flexible)
    monkeypatch.setattr('mmengine.__version__', '0.10.7')
    with pytest.raises(ValueError, match='cannot resume'):
        check_resume(flexible)


@pytest.mark.skipif(
    find_spec('deepspeed') is not None, reason='DeepSpeed is installed')
def test_without_deepspeed(flexible):
    flexible.strategy = dict(type='DeepSpeedStrategy')
    with pytest.raises(AssertionError, match='DeepSpeed is not installed'):
        with running(flexible, ALONE):
            pass


def test_strategy_on_the_command_line(flexible, tmp_path):
    path = tmp_path / 'mine.py'
    flexible.dump(str(path))
    cfg = load_config(str(path), {'strategy.type': 'DDPStrategy'})
    assert cfg.strategy.type == 'DDPStrategy'
