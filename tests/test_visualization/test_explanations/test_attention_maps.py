import pytest
import torch
from helpers.small_model import IMG_SIZE, small_model
from mmengine.model import BaseModule

from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import BranchTokens, ReIDDataSample
from fusionreid_mm.visualization.explanations import attention_maps

# Of the small model at 64 x 32: stride 16, and patches with stride 12.
CNN_GRID, TRANSFORMER_GRID = (4, 2), (5, 2)


@pytest.fixture
def images():
    torch.manual_seed(0)
    return torch.randn(3, 3, *IMG_SIZE)


@pytest.fixture
def model():
    torch.manual_seed(1)
    return small_model().eval()


def test_each_unit_of_each_htm(model, images):
    looks = attention_maps(model, images)
    assert [look[:4] for look in looks] == [
        (htm, unit, branch, patches) for htm in (0, 1)
        for unit, branch, patches in (('seu', 'cnn', 'cnn'),
                                      ('seu', 'transformer', 'transformer'),
                                      ('mfu', 'cnn', 'transformer'),
                                      ('mfu', 'transformer', 'cnn'))
    ]
    for look in looks:
        grid = CNN_GRID if look.patches == 'cnn' else TRANSFORMER_GRID
        assert look.weights.shape == (3, 2, *grid)
        sums = look.weights.sum(dim=(2, 3))
        if look.unit == 'mfu':
            torch.testing.assert_close(sums, torch.ones_like(sums))
        else:
            assert (sums > 0).all() and (sums < 1).all()


@pytest.mark.parametrize('share_seu, share_mfu',
                         [(True, False), (False, False), (False, True),
                          (True, True)])
def test_as_computed_step_by_step(images, share_seu, share_mfu):
    torch.manual_seed(2)
    model = small_model(
        neck__share_seu=share_seu, neck__share_mfu=share_mfu).eval()
    looks = {look[:3]: look.weights for look in attention_maps(model, images)}
    neck = model.neck
    with torch.no_grad():
        cnn, transformer = (
            neck._tokenize(name, model.branches[name](images).feature_map)
            for name in ('cnn', 'transformer'))
        first_cnn, first_transformer = cnn, transformer
        for number, htm in enumerate(neck.htms):
            seus, mfus = htm.units
            expected = {
                'cnn': seus[0].attention_map(cnn, transformer),
                'transformer': seus[-1].attention_map(transformer, cnn)
            }
            for name, weights in expected.items():
                torch.testing.assert_close(
                    looks[number, 'seu', name].flatten(2), weights.squeeze(2))
            cnn, transformer = (seus[0](cnn,
                                        transformer), seus[-1](transformer,
                                                               cnn))
            expected = {
                'cnn': mfus[0].attention_map(cnn, transformer),
                'transformer': mfus[-1].attention_map(transformer, cnn)
            }
            for name, weights in expected.items():
                torch.testing.assert_close(
                    looks[number, 'mfu', name].flatten(2), weights.squeeze(2))
            cnn, transformer = (mfus[0](cnn,
                                        transformer), mfus[-1](transformer,
                                                               cnn))
            cnn = first_cnn._replace(cls=cnn.cls)
            transformer = first_transformer._replace(cls=transformer.cls)


def test_cameras_count(model, images):
    samples = [ReIDDataSample(metainfo=dict(camid=2)) for _ in images]
    told, untold = (
        attention_maps(model, images, known) for known in (samples, None))
    assert not torch.allclose(told[2].weights, untold[2].weights)


@MODELS.register_module(force=True)
class Silent(BaseModule):
    """A unit that attends to nothing."""

    def __init__(self, embed_dims: int, num_heads: int) -> None:
        super().__init__()

    def forward(self, own: BranchTokens, other: BranchTokens) -> BranchTokens:
        return own


def test_units_that_say_nothing_are_left_out(images):
    model = small_model(neck__units=('mfu', 'Silent'))
    assert [look.unit for look in attention_maps(model, images)] == ['mfu'] * 4


def test_other_necks(images):
    model = small_model(neck=dict(type='ConcatFusion', embed_dims=16))
    with pytest.raises(ValueError, match='ConcatFusion has no HTMs'):
        attention_maps(model, images)


def test_nothing_is_left_on_the_model(model, images):
    model.train()
    model.branches['cnn'].eval()
    modes = [module.training for module in model.modules()]
    before = {
        name: value.clone()
        for name, value in model.state_dict().items()
    }
    attention_maps(model, images)
    assert [module.training for module in model.modules()] == modes
    assert not any(module._forward_hooks for module in model.modules())
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
