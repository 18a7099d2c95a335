import pytest
import torch
from mmengine.logging import MMLogger

from fusionreid_mm.engine import WarmupCosineLR


def build(**kwargs) -> WarmupCosineLR:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.)
    return WarmupCosineLR(
        optimizer, **{
            'T_max': 4,
            'warmup_epochs': 2,
            'warmup_start': 0.2,
            'eta_min': 0.1,
            **kwargs
        })


def test_a_short_schedule():
    scheduler = build()
    values = []
    for _ in range(5):
        values += scheduler.get_last_value()
        scheduler.optimizer.step()
        scheduler.step()
    # epochs 1 to 5: warm-up, half way, three quarters, end, after the end
    assert values == pytest.approx(
        [0.6, 0.55, 0.1 + 0.45 * (1 - 2**-0.5), 0.1, 0.1])


def test_resumes():
    first, second = build(), build()
    first.optimizer.step()
    first.step()
    second.load_state_dict(first.state_dict())
    for scheduler in (first, second):
        scheduler.optimizer.step()
        scheduler.step()
    assert first.get_last_value() == second.get_last_value()


def test_an_end_before_the_cosines_is_told(caplog):
    MMLogger.get_instance('schedule').addHandler(caplog.handler)
    build(end=4)
    assert not caplog.text
    build(end=3)
    assert 'set param_scheduler.T_max=3' in caplog.text


@pytest.mark.parametrize('kwargs, message', [
    (dict(warmup_epochs=4), 'warmup_epochs must be in'),
    (dict(warmup_epochs=-1), 'warmup_epochs must be in'),
    (dict(by_epoch=False), 'by_epoch=True'),
])
def test_bad_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        build(**kwargs)
