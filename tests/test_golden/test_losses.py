"""The losses alone equal the released code's."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers import golden, golden_fill

from fusionreid_mm.models import BatchHardTripletLoss, CrossEntropyLoss

META, ARRAYS = golden.load_case('case12_losses')
PRECISIONS = [(torch.float32, 'f32'), (torch.float64, 'f64')]


@pytest.mark.parametrize('dtype, bits', PRECISIONS)
@pytest.mark.parametrize('case', META['triplet'], ids=lambda c: c['name'])
def test_triplet(case, dtype, bits):
    prefix = f"tri_{case['name']}"
    features = torch.from_numpy(ARRAYS[f'{prefix}_x']).to(dtype)
    features.requires_grad_()
    labels = torch.from_numpy(ARRAYS[f'{prefix}_y'])
    loss_fn = BatchHardTripletLoss(case['margin'], case['hard_factor'])

    inputs = F.normalize(features) if case['normalize_feature'] else features
    loss = loss_fn(inputs, labels)
    loss.backward()

    tolerance = 1e-4 if case['name'].startswith('h_') else 1e-5
    assert loss.dtype == dtype
    assert loss.item() == pytest.approx(case[bits]['loss'], abs=tolerance)
    np.testing.assert_allclose(
        features.grad, ARRAYS[f'{prefix}_grad_{bits}'], atol=tolerance)


@pytest.mark.parametrize('dtype, bits', PRECISIONS)
@pytest.mark.parametrize(
    'case', META['label_smoothing'], ids=lambda c: c['name'])
def test_label_smoothing(case, dtype, bits):
    scope = {'default_rng': np.random.default_rng, 'float32': 'float32'}
    exec(case['rng'], scope)  # the case says how its numbers are drawn
    logits = torch.from_numpy(scope['x']).to(dtype).requires_grad_()
    labels = torch.from_numpy(scope['y'])

    loss = CrossEntropyLoss(label_smoothing=case['epsilon'])(logits, labels)
    loss.backward()

    assert loss.item() == pytest.approx(case[bits]['loss'], abs=1e-5, rel=1e-6)
    norm, dot = golden_fill.probe('g', case['name'], logits.grad.numpy())
    assert norm == pytest.approx(case[bits]['grad_l2_dot'][0], rel=1e-5)
