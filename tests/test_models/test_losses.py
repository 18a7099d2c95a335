import pytest
import torch
import torch.nn.functional as F

from fusionreid_mm.models import BatchHardTripletLoss
from fusionreid_mm.models.losses import euclidean_distances


def naive_loss(features, labels, margin=None):
    terms = []
    for i in range(len(features)):
        distances = (features[i] - features).norm(dim=1)
        same = labels == labels[i]
        gap = distances[same].max() - distances[~same].min()
        terms.append(
            F.softplus(gap) if margin is None else F.relu(gap + margin))
    return torch.stack(terms).mean()


@pytest.mark.parametrize('margin', [None, 0., 0.3])
def test_equals_a_loop(margin):
    torch.manual_seed(0)
    features = torch.randn(9, 5, dtype=torch.double)
    labels = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 2])  # of unequal numbers
    torch.testing.assert_close(
        BatchHardTripletLoss(margin)(features, labels),
        naive_loss(features, labels, margin))


def test_gathered_from_one_process():
    """From several: tests/test_engine/test_mmengine_features."""
    torch.manual_seed(0)
    features = torch.randn(6, 5, dtype=torch.double, requires_grad=True)
    labels = torch.arange(6) // 2
    own, gathered = BatchHardTripletLoss(), BatchHardTripletLoss(gather=True)
    losses = [loss(features, labels) for loss in (own, gathered)]
    assert torch.equal(*losses)
    assert torch.equal(
        *[torch.autograd.grad(loss, features)[0] for loss in losses])


def test_a_known_value():
    # On a line: 0 and 1 are one person, 3 another.
    features = torch.tensor([[0.], [1.], [3.]])
    labels = torch.tensor([0, 0, 1])
    # positive 1, 1, 0 (itself); negative 3, 2, 2
    expected = F.softplus(torch.tensor([-2., -1., -2.])).mean()
    torch.testing.assert_close(
        BatchHardTripletLoss()(features, labels),
        expected,
        atol=1e-5,
        rtol=1e-5)


def test_one_person_only_gives_zero_and_a_gradient():
    features = torch.randn(3, 5, requires_grad=True)
    loss = BatchHardTripletLoss()(features, torch.zeros(3, dtype=torch.long))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(features.grad, torch.zeros(3, 5))


def test_half_precision_is_computed_in_single():
    torch.manual_seed(0)
    features = 100 + torch.randn(8, 64)
    labels = torch.arange(8) // 2
    full = BatchHardTripletLoss()(features.bfloat16().float(), labels)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        half = BatchHardTripletLoss()(features.bfloat16(), labels)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, full)


def test_large_gaps_do_not_overflow():
    features = torch.tensor([[0.], [1000.], [1.]], requires_grad=True)
    loss = BatchHardTripletLoss()(features, torch.tensor([0, 0, 1]))
    loss.backward()
    assert loss.isfinite() and features.grad.isfinite().all()


def test_distances_of_equal_points_have_a_gradient():
    features = torch.ones(2, 3, requires_grad=True)
    distances = euclidean_distances(features)
    distances.sum().backward()
    assert distances.max().item() == pytest.approx(1e-6)
    assert features.grad.isfinite().all()


@pytest.mark.parametrize('kwargs', [
    dict(margin=-0.1),
    dict(hard_factor=1.),
    dict(hard_factor=-0.1),
])
def test_bad_arguments(kwargs):
    with pytest.raises(ValueError, match='got'):
        BatchHardTripletLoss(**kwargs)
