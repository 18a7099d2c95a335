"""Averaged weights, accumulated and clipped gradients, and rates that go with
the batch."""
import math

import pytest
import torch
from helpers.tiny_training import (assert_same, build_runner, history, resume,
                                   train, weights)
from mmengine.hooks import Hook

LR = 1e-3


class _Watch(Hook):
    """Keeps the weights after each step, and those that are validated."""

    # Before EMAHook exchanges them back.
    priority = 'HIGHEST'

    def __init__(self) -> None:
        self.start: dict = {}
        self.trained: list = []
        self.validated: list = []

    def before_train(self, runner) -> None:
        self.start = weights(runner.model)

    def after_train_iter(self, runner, *args, **kwargs) -> None:
        self.trained.append(weights(runner.model))

    def after_val_iter(self, runner, *args, **kwargs) -> None:
        self.validated.append(weights(runner.model))


def watched(config):
    runner, watch = build_runner(config), _Watch()
    runner.register_hook(watch)
    runner.train()
    return runner, watch


def gradients(runner, batch: dict) -> dict:
    """Of one batch, computed beside the Runner."""
    model = runner.model.train()
    model.zero_grad()
    data = model.data_preprocessor(batch, training=True)
    sum(model(**data, mode='loss').values()).backward()
    return {
        name: value.grad
        for name, value in model.named_parameters() if value.requires_grad
    }


class TestAveragedWeights:

    @pytest.fixture
    def averaged(self, config):
        config.custom_hooks.append(
            dict(
                type='EMAHook',
                ema_type='ExponentialMovingAverage',
                momentum=0.25))
        return config

    def test_are_validated_and_saved(self, averaged, tmp_path):
        runner, watch = watched(averaged)
        average, expected = watch.start, []
        for step, trained in enumerate(watch.trained, start=1):
            # The first step is where the average starts.
            fraction = 1. if step == 1 else 0.25
            average = {
                name: torch.lerp(average[name], trained[name], fraction)
                for name in average
            }
            expected.append(average)
        for validated, after in zip(watch.validated, (expected[1], average)):
            assert_same(validated, after, rtol=1e-5, atol=1e-7)
        checkpoint = torch.load(tmp_path / 'work_dir' / 'epoch_2.pth')
        for name, value in watch.trained[-1].items():
            torch.testing.assert_close(
                checkpoint['state_dict'][name],
                average[name],
                rtol=1e-5,
                atol=1e-7)
            assert torch.equal(checkpoint['ema_state_dict'][f'module.{name}'],
                               value)

    def test_are_resumed(self, averaged, tmp_path):
        train(averaged)
        folder = tmp_path / 'work_dir'
        whole = torch.load(folder / 'epoch_2.pth')
        resume(averaged, folder / 'epoch_1.pth')
        resumed = torch.load(folder / 'epoch_2.pth')
        assert_same(resumed['state_dict'], whole['state_dict'])
        assert_same(resumed['ema_state_dict'], whole['ema_state_dict'])


class TestGradients:

    def test_accumulated(self, config):
        """Two batches, then one step by the mean of both gradients. That is
        not the step of one batch of both: statistics of BatchNorm and
        triplets are those of a batch."""
        config.train_cfg.max_epochs = 1
        config.optim_wrapper.accumulative_counts = 2
        _, watch = watched(config)
        assert_same(watch.trained[0], watch.start)

        reference = build_runner(config)
        reference.model.load_state_dict(watch.start, strict=False)
        expected = dict(watch.start)
        for batch in reference.train_dataloader:
            for name, gradient in gradients(reference, batch).items():
                expected[name] = expected[name] - LR * gradient / 2
        assert_same(watch.trained[1], expected, rtol=1e-5, atol=1e-7)

    @pytest.mark.parametrize('wrapper', ['OptimWrapper', 'AmpOptimWrapper'])
    def test_clipped(self, config, wrapper):
        config.train_cfg.max_epochs = 1
        config.optim_wrapper.update(type=wrapper, clip_grad=dict(max_norm=0.5))
        runner, watch = watched(config)
        states = [watch.start, *watch.trained]
        for before, after in zip(states, states[1:]):
            length = math.sqrt(
                sum((after[name] - before[name]).square().sum().item()
                    for name in before))
            assert length == pytest.approx(0.5 * LR, rel=1e-2)
        assert all(norm > 0.5 for norm in history(runner, 'train/grad_norm'))


class TestScaledRate:

    def test_by_people_times_images(self, config):
        """A batch is what the loader says, P x K; of the schedule, the base
        rate is scaled, not the rates between which it moves."""
        config.auto_scale_lr = dict(base_batch_size=64, enable=True)
        config.optim_wrapper.optimizer.lr = 8e-3
        config.param_scheduler = dict(
            type='WarmupCosineLR',
            T_max=2,
            warmup_epochs=1,
            warmup_start=1e-4,
            eta_min=1e-5)
        runner = train(config)
        scaled = 8e-3 * 16 / 64
        assert history(runner,
                       'train/lr') == pytest.approx([(scaled + 1e-5) / 2] * 2 +
                                                    [1e-5] * 2)

    def test_accumulated_batches_do_not_count(self, config):
        config.auto_scale_lr = dict(base_batch_size=32, enable=True)
        config.optim_wrapper.accumulative_counts = 2
        assert history(train(config),
                       'train/lr') == pytest.approx([LR / 2] * 4)
