import pytest
import torch
from helpers.golden import ROOT
from mmengine.config import Config

from fusionreid_mm.apis import get_model, list_models

NAME = 'fusionreid_tiny_synthetic'
CONFIG = ROOT / 'configs' / f'{NAME}.py'


def test_names():
    stems = {path.stem for path in (ROOT / 'configs').glob('*.py')}
    assert stems < set(list_models())
    assert list_models() == sorted(list_models())
    assert list_models('fusionreid_duke') == [
        'fusionreid_duke', 'fusionreid_duke_384x128',
        'fusionreid_duke_stride-16', 'fusionreid_duke_stride-16_384x128'
    ]
    assert list_models('*duke', ['fusionreid_duke', 'nobody']) == [
        'fusionreid_occluded_duke'
    ]


@pytest.mark.parametrize(
    'model',
    [NAME, NAME.upper(),
     str(CONFIG), Config.fromfile(CONFIG)],
    ids=['name', 'upper', 'file', 'config'])
def test_ways_to_name_a_model(model):
    built = get_model(model, head=dict(num_classes=8))
    assert built.head.num_classes == 8
    assert not built.training
    assert next(built.parameters()).device.type == 'cpu'
    if isinstance(model, Config):  # which is the caller's
        assert model.model.head.num_classes == 150


def test_weights(tmp_path):
    model = get_model(NAME)
    path = str(tmp_path / 'a.pth')
    torch.save(dict(state_dict=model.state_dict()), path)
    loaded = get_model(NAME, pretrained=path).state_dict()
    assert all(
        value.equal(loaded[key]) for key, value in model.state_dict().items())
    with pytest.raises(ValueError, match='neck'):
        get_model(NAME, pretrained=path, neck=dict(num_layers=3))


def test_what_is_not_there():
    with pytest.raises(ValueError, match="'fusionreid' is neither"):
        get_model('fusionreid')
    with pytest.raises(ValueError, match='no weights of .* have been publi'):
        get_model(NAME, pretrained=True)
    with pytest.raises(ValueError, match='no weights'):
        get_model(str(CONFIG), pretrained=True)
