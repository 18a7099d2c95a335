import numpy as np
import pytest
import torch
from helpers.drawn_data import write_image, write_market
from helpers.golden import ROOT
from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image

from fusionreid_mm.datasets import LoadReIDImage, Market1501, PackReIDInputs

PIPELINES = Config.fromfile(ROOT / 'configs/_base_/datasets/reid_256x128.py')


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('fusionreid_mm')


class TestLoadReIDImage:

    def test_reads_as_pillow_does(self, tmp_path):
        write_image(tmp_path / 'a.jpg')
        image = LoadReIDImage()(dict(img_path=str(tmp_path / 'a.jpg')))['img']
        expected = np.asarray(Image.open(tmp_path / 'a.jpg'))
        np.testing.assert_array_equal(image[..., ::-1], expected)

    @pytest.mark.parametrize('spoil', [
        lambda data: b'',
        lambda data: data[:len(data) // 2],
        lambda data: b'not an image',
    ])
    def test_names_the_file_it_cannot_read(self, tmp_path, spoil):
        path = tmp_path / 'a.jpg'
        write_image(path)
        path.write_bytes(spoil(path.read_bytes()))
        with pytest.raises(OSError, match='cannot read the image.*a.jpg'):
            LoadReIDImage()(dict(img_path=str(path)))


def test_pack():
    image = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
    packed = PackReIDInputs()(
        dict(img=image, pid=5, camid=None, split='query', flip=True))
    assert packed['inputs'].dtype == torch.uint8
    assert packed['inputs'].shape == (3, 4, 2)
    assert packed['inputs'][1, 0, 0] == 1
    assert packed['data_samples'].metainfo == dict(pid=5, split='query')


@pytest.mark.parametrize('split', ['train', 'test'])
def test_pipelines_of_the_configs(tmp_path, split):
    dataset = Market1501(
        write_market(tmp_path),
        split=split,
        pipeline=PIPELINES[f'{split}_pipeline'])
    item = dataset[0]
    assert item['inputs'].shape == (3, 256, 128)
    assert item['inputs'].is_contiguous()
    assert item['data_samples'].pid == dataset.get_data_info(0)['pid']
    assert item['data_samples'].sample_idx == 0


def test_test_images_are_resized_as_released(tmp_path):
    """Pillow, bilinear: what torchvision's Resize does to a Pillow image."""
    dataset = Market1501(
        write_market(tmp_path),
        split='query',
        pipeline=PIPELINES.test_pipeline)
    photo = Image.open(dataset.get_data_info(0)['img_path'])
    expected = np.asarray(photo.resize((128, 256), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(
        dataset[0]['inputs'].numpy()[::-1].transpose(1, 2, 0), expected)


def test_training_images_are_shifted_and_flipped(tmp_path):
    dataset = Market1501(
        write_market(tmp_path),
        split='train',
        pipeline=PIPELINES.train_pipeline)
    np.random.seed(0)
    views = [dataset[0]['inputs'] for _ in range(12)]
    assert len({view.numpy().tobytes() for view in views}) > 9
    # A crop that leaves the picture shows black.
    assert any((view[:, 0] == 0).all() for view in views)
