import pytest
import torch
from mmengine.registry import init_default_scope
from torch import nn

from fusionreid_mm.registry import OPTIM_WRAPPERS

no_gpu = pytest.mark.skipif(
    torch.cuda.is_available(), reason='with a GPU upstream does it all')


def build(model, **kwargs):
    init_default_scope('fusionreid_mm')
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return OPTIM_WRAPPERS.build(
        dict(type='AmpOptimWrapper', optimizer=optimizer, **kwargs))


@no_gpu
@pytest.mark.parametrize('kwargs', [
    dict(),
    dict(loss_scale='dynamic', dtype='float16'),
    dict(loss_scale=512., accumulative_counts=2, clip_grad=dict(max_norm=1.))
])
def test_trains_in_bfloat16_without_a_gpu(kwargs):
    model = nn.Linear(3, 1)
    before = model.weight.detach().clone()
    wrapper = build(model, **kwargs)
    for _ in range(2):
        with wrapper.optim_context(model):
            out = model(torch.ones(2, 3))
            assert out.dtype == torch.bfloat16
        wrapper.update_params(out.float().sum())
    assert not torch.equal(model.weight, before)


@no_gpu
def test_state_comes_back():
    model = nn.Linear(3, 1)
    wrapper = build(model)
    state = wrapper.state_dict()
    assert 'loss_scaler' in state
    build(model).load_state_dict(state)
