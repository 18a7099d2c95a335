import random

import torch
from mmengine.registry import init_default_scope

from fusionreid_mm.models import ReIDDataPreprocessor

NORMALISE = dict(mean=[127.5] * 3, std=[127.5] * 3, bgr_to_rgb=True)
ERASE = dict(
    probability=1.0, min_area=0.1, max_area=0.2, min_aspect=0.9, mode='pixel')


def batch(value: int = 255, size=(64, 32)):
    return dict(
        inputs=torch.full((4, 3, *size), value, dtype=torch.uint8),
        data_samples=None)


def setup_function():
    init_default_scope('fusionreid_mm')
    random.seed(0)
    torch.manual_seed(0)


def test_normalises_to_one():
    preprocessor = ReIDDataPreprocessor(**NORMALISE)
    for value, expected in ((0, -1.), (255, 1.)):
        inputs = preprocessor(batch(value), training=True)['inputs']
        assert torch.equal(inputs, torch.full_like(inputs, expected))


def test_colours_are_turned_to_rgb():
    preprocessor = ReIDDataPreprocessor(**NORMALISE)
    data = batch(0)
    data['inputs'][:, 2] = 255  # red, in OpenCV's order
    inputs = preprocessor(data)['inputs']
    assert inputs[0, :, 0, 0].tolist() == [1., -1., -1.]


def test_erases_only_in_training_and_with_normal_noise():
    preprocessor = ReIDDataPreprocessor(random_erasing=ERASE, **NORMALISE)
    tested = preprocessor(batch(), training=False)['inputs']
    assert torch.equal(tested, torch.ones_like(tested))
    trained = preprocessor(batch(size=(256, 128)), training=True)['inputs']
    erased = trained[trained != 1]
    share = erased.numel() / trained.numel()
    assert 0.08 < share < 0.22
    # More than an 8-bit image could hold.
    assert erased.std().item() > 0.97 and erased.abs().max() > 3
    assert abs(erased.mean().item()) < 0.03


def test_one_image():
    preprocessor = ReIDDataPreprocessor(random_erasing=ERASE, **NORMALISE)
    data = batch()
    data['inputs'] = data['inputs'][:1]
    assert preprocessor(data, training=True)['inputs'].shape == (1, 3, 64, 32)
