import pytest
import torch
from helpers.golden import ROOT
from helpers.small_model import EMBEDDINGS, IMG_SIZE, small_model
from mmengine.config import Config
from mmengine.registry import DefaultScope

from fusionreid_mm.models import ReIDDataPreprocessor
from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import ReIDDataSample


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def images(batch_size: int) -> torch.Tensor:
    return torch.randn(batch_size, 3, *IMG_SIZE)


def samples(camids, labels=None) -> list:
    labels = labels or [0] * len(camids)
    return [
        ReIDDataSample(metainfo=dict(camid=camid, label=label))
        for camid, label in zip(camids, labels)
    ]


@pytest.mark.parametrize('batch_size', [1, 2])
def test_descriptor(batch_size):
    model = small_model().eval()
    inputs = images(batch_size)
    embeddings = model.extract_embeddings(inputs)
    assert list(embeddings) == EMBEDDINGS
    descriptor = model(inputs)
    assert descriptor.shape == (batch_size, 64 + 24 + 4 * 16)
    torch.testing.assert_close(
        descriptor, torch.cat([embeddings[name] for name in EMBEDDINGS], 1))


@pytest.mark.parametrize('batch_size', [1, 4])
def test_training_step(batch_size):
    model = small_model().train()
    losses = model(
        images(batch_size),
        samples([0] * batch_size, [i // 2 for i in range(batch_size)]),
        mode='loss')
    assert set(losses) == {
        f'{name}.loss_{kind}'
        for name in EMBEDDINGS
        for kind in ('id', 'triplet')
    }
    total, log = model.parse_losses(losses)
    total.backward()
    torch.testing.assert_close(total, sum(losses.values()))
    assert set(log) == set(losses) | {'loss'}
    if batch_size > 1:
        # Nothing is left out of the graph: DDP needs no special search.
        unused = [
            name for name, parameter in model.named_parameters()
            if parameter.requires_grad and parameter.grad is None
        ]
        assert unused == []


@pytest.mark.parametrize('batch_size', [1, 3])
def test_predict(batch_size):
    model = small_model().eval()
    inputs, known = images(batch_size), samples([1] * batch_size)
    predicted = model(inputs, known, mode='predict')
    descriptor = model(inputs, known)
    for sample, feature in zip(predicted, descriptor):
        assert torch.equal(sample.feature, feature)
    assert all(sample.camid == 1 for sample in predicted)
    assert len(model(inputs, mode='predict')) == batch_size


def test_unknown_cameras_leave_the_embedding_out():
    model = small_model().eval()
    inputs = images(3)
    without = model(inputs)
    nameless = [
        ReIDDataSample(),
        ReIDDataSample(metainfo=dict(camid=None)),
        ReIDDataSample(metainfo=dict(camid=2))
    ]
    mixed = model(inputs, nameless)
    torch.testing.assert_close(mixed[:2], without[:2])
    assert not torch.allclose(mixed[2], without[2])


def test_widths_are_found_by_themselves():
    model = small_model(branches__cnn__backbone__base_channels=16)
    assert model.neck.lru['cnn'].depthwise[0].in_channels == 128
    assert model.head.bnnecks['cnn'].classifier.in_features == 128


@pytest.mark.parametrize('name, channels', [('cnn', 64), ('transformer', 24)])
def test_single_branches(name, channels):
    cfg = dict(branches={name: small_model_branch(name)}, neck=None)
    model = small_model(**cfg).eval()
    assert model(images(2), samples([0, 1])).shape == (2, channels)
    losses = model.train()(images(4), samples([0] * 4, [0, 0, 1, 1]), 'loss')
    assert set(losses) == {f'{name}.loss_id', f'{name}.loss_triplet'}


def small_model_branch(name: str):
    from helpers.small_model import small_model_cfg
    return small_model_cfg().branches[name]


def test_builds_without_a_default_scope():
    """As somebody would who tries it in a Python shell."""
    DefaultScope._instance_dict.clear()
    cfg = Config.fromfile(ROOT / 'configs/fusionreid_tiny_synthetic.py').model
    assert isinstance(
        MODELS.build(cfg).data_preprocessor, ReIDDataPreprocessor)


def test_bad_calls():
    model = small_model()
    with pytest.raises(ValueError, match="'tensor', 'loss' or 'predict'"):
        model(images(2), mode='train')
    with pytest.raises(ValueError, match="'label'"):
        model(images(2), mode='loss')
    with pytest.raises(ValueError, match="'label'"):
        model(images(2), [ReIDDataSample(), ReIDDataSample()], mode='loss')
    with pytest.raises(ValueError, match='camera id 7'):
        model(images(1), samples([7]))


def test_half_precision_changes_little():
    model = small_model().eval()
    inputs = images(2)
    with torch.no_grad(), torch.autocast('cpu', dtype=torch.bfloat16):
        half = model(inputs)
    similarity = torch.cosine_similarity(half.float(), model(inputs))
    assert similarity.min() > 0.999
