"""``AmpOptimWrapper``: the network in half precision, the losses in
float32."""
import pytest
import torch
from helpers.tiny_training import (assert_same, build_runner, history, resume,
                                   train, weights)
from mmengine.utils import digit_version

from fusionreid_mm.engine.command_line import load_config

pytestmark = pytest.mark.skipif(
    torch.cuda.is_available(), reason='with a GPU it would run there')
needs_scaler = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.3.0'),
    reason='refused there: see test_optim_wrappers.py')


def amp(config, **options):
    config.optim_wrapper.update(type='AmpOptimWrapper', **options)
    return config


@pytest.mark.parametrize('dtype, expected', [
    (None, torch.bfloat16),
    ('bfloat16', torch.bfloat16),
    pytest.param('float16', torch.float16, marks=needs_scaler),
])
def test_losses_are_in_float32(config, dtype, expected):
    # The first scale that is tried would be too large for one of few steps.
    runner = build_runner(
        amp(config, dtype=dtype, loss_scale=dict(init_scale=128.)))
    before = weights(runner.model)
    seen = {'network': set(), 'losses in': set(), 'losses out': set()}
    runner.model.branches['cnn'].backbone.layer4.register_forward_hook(
        lambda module, inputs, output: seen['network'].add(output.dtype))
    head = runner.model.head
    for loss in (head.loss_id, head.loss_triplet):

        def note(module, inputs, output):
            assert torch.is_autocast_cpu_enabled()
            seen['losses in'].add(inputs[0].dtype)
            seen['losses out'].add(output.dtype)

        loss.register_forward_hook(note)
    runner.train()
    assert seen == {
        # The validation is in float32.
        'network': {expected, torch.float32},
        'losses in': {torch.float32},
        'losses out': {torch.float32}
    }
    after = weights(runner.model)
    assert all(value.dtype == torch.float32 and value.isfinite().all()
               for value in after.values())
    assert any(not torch.equal(after[name], before[name]) for name in after)


def test_bfloat16_starts_as_float32_does(config):
    """Later the hardest images may be others."""
    exact = history(train(config), 'train/loss')
    half = history(train(amp(config)), 'train/loss')
    assert half[0] != exact[0]
    assert half[0] == pytest.approx(exact[0], rel=0.02)
    assert half[-1] < half[0]


@needs_scaler
def test_the_scale_grows_shrinks_and_is_resumed(config, tmp_path):
    """From 2 it doubles after each step; what overflows halves it, and that
    step is left out."""
    amp(config,
        dtype='float16',
        loss_scale=dict(init_scale=2., growth_interval=1))
    whole = train(config)
    assert whole.optim_wrapper.loss_scaler.get_scale() == 2. * 2**4
    resumed = resume(config, tmp_path / 'work_dir' / 'epoch_1.pth')
    assert resumed.optim_wrapper.loss_scaler.get_scale() == 2. * 2**4
    assert_same(weights(resumed.model), weights(whole.model))

    amp(config, loss_scale=dict(init_scale=2.**40, growth_interval=1))
    overflown = train(config)
    assert overflown.optim_wrapper.loss_scaler.get_scale() == 2.**36
    assert all(value.isfinite().all()
               for value in weights(overflown.model).values())


@needs_scaler
def test_a_constant_scale_stays(config):
    amp(config, dtype='float16', loss_scale=64.)
    scaler = train(config).optim_wrapper.loss_scaler
    assert scaler.get_scale() == 64.


@pytest.mark.parametrize('first, second', [
    ('OptimWrapper', 'AmpOptimWrapper'),
    ('AmpOptimWrapper', 'OptimWrapper'),
])
def test_precision_may_change_when_resuming(config, tmp_path, first, second):
    config.optim_wrapper.type = first
    train(config)
    config.optim_wrapper.type = second
    config.train_cfg.max_epochs = 3
    runner = resume(config, tmp_path / 'work_dir' / 'epoch_2.pth')
    assert runner.epoch == 3


def test_a_misspelt_scale_on_the_command_line(config, tmp_path):
    path = tmp_path / 'mine.py'
    config.dump(str(path))
    cfg = load_config(
        str(path), {
            'optim_wrapper.type': 'AmpOptimWrapper',
            'optim_wrapper.loss_scale': 'dynamc'
        })
    with pytest.raises(TypeError, match="loss_scale.*'dynamc'"):
        train(cfg)
