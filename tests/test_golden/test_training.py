"""Two training steps equal the released code's: losses, every gradient, the
BatchNorm buffers and the weights after SGD."""
import numpy as np
import pytest
import torch
from helpers import golden, golden_fill
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS

CASE = 'case09_train_vitb_res50_l2_share0'


@pytest.fixture(scope='module')
def case():
    return golden.load_case(CASE)


def probe(kind: str, name: str, tensor: torch.Tensor) -> np.ndarray:
    return np.array(golden_fill.probe(kind, name, tensor.detach().numpy()))


def assert_losses_equal(losses: dict, released: dict, tolerance: float):
    assert len(losses) == 12
    for piece, name in golden.PIECES.items():
        for ours, theirs in (('loss_id', 'id'), ('loss_triplet', 'triplet')):
            assert losses[f'{name}.{ours}'].item() == pytest.approx(
                released['losses'][piece][theirs], abs=tolerance)
    assert sum(losses.values()).item() == pytest.approx(
        released['total'], abs=2 * tolerance)


def test_first_step_in_float32(case):
    meta, arrays = case
    released = meta['steps_f32'][0]
    model = golden.build_model(meta).train()
    inputs, samples = golden.images(torch.float32), golden.data_samples()

    losses = model(inputs, samples, mode='loss')
    assert_losses_equal(losses, released, tolerance=5e-4)

    sum(losses.values()).backward()
    parameters = dict(model.named_parameters())
    names = golden.our_names(meta, model)
    for official, (norm, dot) in released['grad_l2_dot'].items():
        if official in meta['structurally_zero_gradient']:
            continue
        ours = probe('g', official, parameters[names[official]].grad)
        assert abs(ours[0] - norm) < 1e-2 * norm, official
        assert abs(ours[1] - dot) < 1e-1 * norm, official


def test_features_and_scores_in_float64(case):
    meta, arrays = case
    model = golden.build_model(meta).train().double()
    with torch.no_grad():
        embeddings = model.extract_embeddings(
            golden.images(torch.float64), golden.data_samples())
        for piece, name in golden.PIECES.items():
            scores = model.head.bnnecks[name].classify(embeddings[name])
            for ours, kind in ((embeddings[name], 'feat'), (scores, 'score')):
                released = arrays[f'{kind}_{piece}_f64']
                assert golden.error_over_rms(ours, released) < 1e-9, name


@pytest.mark.slow
def test_two_steps_in_float64(case):
    meta, arrays = case
    model = golden.build_model(meta).train().double()
    names = golden.our_names(meta, model)
    parameters = dict(model.named_parameters())
    inputs, samples = golden.images(torch.float64), golden.data_samples()

    frozen = {n for n, p in parameters.items() if not p.requires_grad}
    assert frozen == {names[n] for n in meta['requires_grad_false']}

    schedule = Config.fromfile(golden.ROOT /
                               'configs/_base_/schedules/sgd_180e.py')
    schedule.optim_wrapper.type = 'OptimWrapper'
    schedule.optim_wrapper.pop('loss_scale')
    optim_wrapper = build_optim_wrapper(model, schedule.optim_wrapper)
    PARAM_SCHEDULERS.build(
        schedule.param_scheduler, default_args=dict(optimizer=optim_wrapper))

    for step, released in enumerate(meta['steps_f64']):
        losses = model(inputs, samples, mode='loss')
        assert_losses_equal(losses, released, tolerance=1e-6)
        buffers = dict(model.named_buffers())
        for official, probes in released.get(
                'bn_buffers_l2_dot_after_forward_1', {}).items():
            ours = probe('b', official, buffers[names[official]])
            np.testing.assert_allclose(ours, probes, rtol=1e-6, atol=1e-9)

        before = {n: p.detach().clone() for n, p in parameters.items()}
        optim_wrapper.zero_grad()
        optim_wrapper.backward(sum(losses.values()))
        for official, (norm, dot) in released.get('grad_l2_dot', {}).items():
            ours = probe('g', official, parameters[names[official]].grad)
            if official in meta['structurally_zero_gradient']:
                assert ours[0] < 1e-10, official
                continue
            assert abs(ours[0] - norm) < 1e-8 * norm, official
            assert abs(ours[1] - dot) < 1e-8 * norm, official

        optim_wrapper.step()
        for official, (norm, dot) in released['update_l2_dot'].items():
            name = names[official]
            ours = probe('w', official, parameters[name] - before[name])
            assert abs(ours[0] - norm) < 1e-6 * norm, (step, official)
            assert abs(ours[1] - dot) < 1e-6 * norm, (step, official)

    model.eval()
    with torch.no_grad():
        ours = model(inputs, samples)
    released = arrays['eval_feat_after_2_steps_f64']
    for piece, (start, end) in golden.load_case(
            'case02_vitb_res50_l2_share0')[0]['columns'].items():
        assert golden.error_over_rms(ours[:, start:end],
                                     released[:, start:end]) < 1e-6, piece
