"""``compile`` and channels-last change the speed, not the numbers."""
import pytest
import torch
from helpers.tiny_training import build_runner, history, train


@pytest.fixture
def plain(config):
    """Losses and lengths of gradients; the steps are so small that which
    images are the hardest does not hang on the last digit."""
    config.optim_wrapper.optimizer.lr = 1e-7
    config.optim_wrapper.clip_grad = dict(max_norm=1e9)
    config.train_cfg.update(max_epochs=1, val_interval=9)
    config.model.neck.num_layers = 1
    config.model.branches.transformer.backbone.arch.num_layers = 1
    return numbers(train(config))


def numbers(runner) -> list:
    return history(runner, 'train/loss') + history(runner, 'train/grad_norm')


@pytest.mark.slow
def test_compiled(config, plain):
    """By the part of torch.compile that reads the model's code; what
    generates code from it would take minutes."""
    config.compile = dict(backend='eager')
    runner = train(config)
    assert torch._dynamo.utils.counters['stats']['unique_graphs'] > 0
    assert numbers(runner) == pytest.approx(plain, rel=1e-3)


def test_channels_last(config, plain):
    config.custom_hooks.append(dict(type='ChannelsLastHook'))
    runner = build_runner(config)
    orders = set()
    backbone = runner.model.branches['cnn'].backbone
    backbone.layer2.register_forward_hook(
        lambda module, inputs, output: orders.add((output.is_contiguous(
        ), output.is_contiguous(memory_format=torch.channels_last))))
    runner.train()
    assert orders == {(False, True)}
    assert numbers(runner) == pytest.approx(plain, rel=1e-3)
