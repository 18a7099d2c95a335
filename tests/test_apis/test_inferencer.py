import numpy as np
import pytest
import torch
from helpers.drawn_data import write_image
from helpers.golden import ROOT
from mmengine.config import Config
from PIL import Image

from fusionreid_mm.apis import ReIDInferencer

CONFIG = ROOT / 'configs/fusionreid_tiny_synthetic.py'
CHANNELS = 128 + 96 + 4 * 96


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    """A checkpoint, of random weights."""
    torch.manual_seed(0)
    with pytest.warns(UserWarning, match='randomly initialized'):
        model = ReIDInferencer(str(CONFIG), device='cpu').model
    path = tmp_path_factory.mktemp('weights') / 'a.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return str(path)


@pytest.fixture(scope='module')
def inferencer(weights):
    return ReIDInferencer(str(CONFIG), weights, device='cpu')


@pytest.fixture
def images(tmp_path):
    paths = [tmp_path / f'{i}.png' for i in range(3)]
    for i, path in enumerate(paths):
        write_image(path, seed=i)
    return [str(path) for path in paths]


def test_kinds_of_input_agree(inferencer, images, tmp_path):
    descriptors = inferencer(images)
    assert descriptors.shape == (3, CHANNELS)
    np.testing.assert_allclose(inferencer(str(tmp_path)), descriptors)
    arrays = [np.asarray(Image.open(path))[..., ::-1] for path in images]
    np.testing.assert_allclose(inferencer(arrays), descriptors)
    np.testing.assert_allclose(
        inferencer(images[0]), descriptors[:1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        inferencer(images, batch_size=2), descriptors, rtol=1e-4, atol=1e-5)


def test_cameras(inferencer, images):
    unknown = inferencer(images)
    some = inferencer(images, camids=[0, None, 5])
    same = np.isclose(unknown, some, rtol=1e-4, atol=1e-5).all(axis=1)
    assert same.tolist() == [False, True, False]
    np.testing.assert_allclose(
        inferencer(images, camids=2), inferencer(images, camids=[2, 2, 2]))
    with pytest.raises(ValueError, match='3 images, but 2 camids'):
        inferencer(images, camids=[0, 1])
    with pytest.raises(ValueError, match='camera id 6'):
        inferencer(images, camids=6)


def test_models_by_name_and_by_config(weights, inferencer, images):
    expected = inferencer(images)
    for model in ('fusionreid_tiny_synthetic', Config.fromfile(CONFIG)):
        other = ReIDInferencer(model, weights, device='cpu')
        np.testing.assert_allclose(other(images), expected)
    with pytest.raises(ValueError, match="'resnet'.*'fusionreid_market'"):
        ReIDInferencer('resnet', weights)


def test_a_checkpoint_that_does_not_fit(tmp_path, weights):
    state_dict = torch.load(weights)['state_dict']
    state_dict.pop('neck.pool.cnn.p')
    torch.save(dict(state_dict=state_dict), tmp_path / 'b.pth')
    with pytest.raises(ValueError, match='missing: neck.pool.cnn.p'):
        ReIDInferencer(str(CONFIG), str(tmp_path / 'b.pth'))
