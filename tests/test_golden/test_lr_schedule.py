"""The learning rate of every epoch equals the released code's."""
import json

import pytest
import torch
from helpers import golden
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS, init_default_scope

CASE = json.loads((golden.CASES / 'case10_lr_schedule.json').read_text())
SCHEDULE = golden.ROOT / 'configs/_base_/schedules/sgd_180e.py'


def learning_rates(schedule: Config, num_epochs: int):
    """``(epoch, of weights, of biases)`` through MMEngine's own parts."""
    init_default_scope('fusionreid_mm')
    model = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.LayerNorm(1))
    optim_wrapper = build_optim_wrapper(model, schedule.optim_wrapper)
    scheduler = PARAM_SCHEDULERS.build(
        schedule.param_scheduler, default_args=dict(optimizer=optim_wrapper))
    for epoch in range(1, num_epochs + 1):
        rates = optim_wrapper.get_lr()['lr']
        # Linear weight, Linear bias, LayerNorm weight, LayerNorm bias
        assert rates[0] == rates[2] and rates[1] == rates[3]
        yield epoch, rates[0], rates[1]
        optim_wrapper.step()
        scheduler.step()


def assert_equals_released(schedule: Config, rows: list):
    for ours, theirs in zip(learning_rates(schedule, len(rows)), rows):
        assert ours == pytest.approx(tuple(theirs), rel=1e-12)


def test_recipe():
    schedule = Config.fromfile(SCHEDULE)
    optimizer = schedule.optim_wrapper.optimizer
    assert optimizer.momentum == CASE['settings']['MOMENTUM']
    assert [optimizer.weight_decay] == CASE['weight_decay_values']
    assert len(CASE['rows']) == schedule.train_cfg.max_epochs == 180
    assert_equals_released(schedule, CASE['rows'])


@pytest.mark.parametrize('variant, changes', [
    ('120ep_warm5_lr0.01', {
        'optim_wrapper.optimizer.lr': 0.01,
        'param_scheduler.T_max': 120,
        'param_scheduler.warmup_epochs': 5,
        'param_scheduler.warmup_start': 1e-4,
        'param_scheduler.eta_min': 2e-5,
    }),
    ('20ep_warm0', {
        'param_scheduler.T_max': 20,
        'param_scheduler.warmup_epochs': 0,
    }),
])
def test_other_lengths(variant, changes):
    schedule = Config.fromfile(SCHEDULE)
    schedule.merge_from_dict(changes)
    rows = CASE['variants_rows'][variant]
    # Both go on after the end, where the rate stays.
    assert len(rows) == schedule.param_scheduler.T_max + 2
    assert_equals_released(schedule, rows)
