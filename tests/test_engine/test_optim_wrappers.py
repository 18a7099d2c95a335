import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.utils import digit_version
from torch import nn

from fusionreid_mm.registry import OPTIM_WRAPPERS

no_gpu = pytest.mark.skipif(
    torch.cuda.is_available(), reason='with a GPU upstream does it all')

needs_scaler = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.3.0'),
    reason='refused there: see test_an_old_pytorch_cannot_scale')


def build(model, **kwargs):
    init_default_scope('fusionreid_mm')
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return OPTIM_WRAPPERS.build(
        dict(type='AmpOptimWrapper', optimizer=optimizer, **kwargs))


@no_gpu
@pytest.mark.parametrize('kwargs', [
    dict(),
    pytest.param(
        dict(loss_scale=dict(init_scale=4.), dtype='float16'),
        marks=needs_scaler),
    dict(loss_scale=512., accumulative_counts=2, clip_grad=dict(max_norm=1.))
])
def test_trains_without_a_gpu(kwargs):
    """In bfloat16, where nothing else is asked for."""
    model = nn.Linear(3, 1)
    before = model.weight.detach().clone()
    wrapper = build(model, **kwargs)
    for _ in range(2):
        with wrapper.optim_context(model):
            out = model(torch.ones(2, 3))
            assert out.dtype == getattr(torch, kwargs.get('dtype', 'bfloat16'))
        wrapper.update_params(out.float().sum())
    assert not torch.equal(model.weight, before)


@no_gpu
def test_state_comes_back():
    model = nn.Linear(3, 1)
    wrapper = build(model)
    state = wrapper.state_dict()
    assert 'loss_scaler' in state
    build(model).load_state_dict(state)


@no_gpu
@needs_scaler
def test_a_scale_that_was_not_kept_starts_anew(caplog):
    """As when a training in bfloat16 goes on in float16, or on a GPU."""
    MMLogger.get_instance('scale').addHandler(caplog.handler)
    model = nn.Linear(3, 1)
    wrapper = build(model, dtype='float16', loss_scale=dict(init_scale=8.))
    wrapper.load_state_dict(build(model).state_dict())
    assert wrapper.loss_scaler.get_scale() == 8.
    assert 'holds no loss scale' in caplog.text
    # The other way round nothing is lost that is needed.
    build(model).load_state_dict(wrapper.state_dict())


@no_gpu
@pytest.mark.parametrize('kwargs, error, message', [
    (dict(dtype='float64'), ValueError, "bfloat16 .* float16: got 'float64'"),
    (dict(dtype=torch.float32), ValueError, 'got torch.float32'),
    (dict(loss_scale='dynamc'), TypeError, "got 'dynamc'"),
    (dict(loss_scale=512, dtype='float16'), TypeError, 'a float.*got 512'),
])
def test_bad_arguments(kwargs, error, message):
    with pytest.raises(error, match=message):
        build(nn.Linear(3, 1), **kwargs)


@no_gpu
def test_an_old_pytorch_cannot_scale(monkeypatch):
    monkeypatch.setattr(torch, '__version__', '2.2.2')
    with pytest.raises(ValueError, match="2.2.2: set dtype='bfloat16'"):
        build(nn.Linear(3, 1), dtype='float16')
