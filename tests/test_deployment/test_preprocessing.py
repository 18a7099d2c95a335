import itertools

import numpy as np
import pytest
from helpers.drawn_data import write_image
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from PIL import Image

from fusionreid_mm.deployment import Preprocessing
from fusionreid_mm.deployment.exporting import preprocessing_of
from fusionreid_mm.deployment.preprocessing import INTERPOLATIONS
from fusionreid_mm.sources import read_image

WAYS = [(backend, name) for backend, names in INTERPOLATIONS.items()
        for name in names]


def pipeline_of(**resize):
    return [
        dict(type='LoadReIDImage'),
        dict(type='Resize', **dict(dict(scale=(32, 64)), **resize)),
        dict(type='PackReIDInputs')
    ]


@pytest.fixture
def files(tmp_path):
    """Of several sizes and modes."""
    paths = []
    sizes = [(32, 64), (33, 65), (7, 200), (300, 41), (1, 1)]
    modes = ['RGB', 'L', 'RGBA', 'P', 'CMYK']
    for number, (size, mode) in enumerate(zip(sizes, modes)):
        path = tmp_path / f'{number}.{"tif" if mode == "CMYK" else "png"}'
        write_image(tmp_path / 'colours.png', seed=number, size=size)
        Image.open(tmp_path / 'colours.png').convert(mode).save(path)
        paths.append(path)
    return paths


@pytest.mark.parametrize('backend, interpolation', WAYS)
def test_the_pixels_of_the_pipeline(files, backend, interpolation):
    init_default_scope('fusionreid_mm')
    steps = pipeline_of(backend=backend, interpolation=interpolation)
    pipeline = Compose(steps)
    preprocessing = preprocessing_of(steps)
    assert preprocessing == Preprocessing(64, 32, interpolation, backend)
    for path in files:
        expected = pipeline(dict(img_path=str(path)))['inputs'].numpy()
        found = preprocessing(read_image(path))
        assert found.flags.c_contiguous
        np.testing.assert_array_equal(found, expected)


def test_turned_photographs(tmp_path):
    """They stand upright, as EXIF says."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (30, 60, 3), np.uint8)
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned clockwise
    path = tmp_path / 'turned.png'
    image.save(path, exif=exif)
    same_size = Preprocessing(60, 30, 'bilinear', 'pillow')
    found = same_size(read_image(path))
    np.testing.assert_array_equal(
        found,
        np.rot90(pixels, -1)[..., ::-1].transpose(2, 0, 1))


def test_defaults_of_the_pipeline_are_kept():
    """mmcv resizes by OpenCV, if it is not told otherwise."""
    assert preprocessing_of(pipeline_of()) == \
        Preprocessing(64, 32, 'bilinear', 'cv2')


@pytest.mark.parametrize('pipeline, message', [
    (pipeline_of()[:2], r"the pipeline has \['LoadReIDImage', 'Resize'\]"),
    ([
        *pipeline_of()[:2],
        dict(type='RandomFlip', prob=0.),
        dict(type='PackReIDInputs')
    ], 'RandomFlip'),
    ([dict(type='LoadImageFromFile'), *pipeline_of()[1:]
      ], 'LoadImageFromFile'),
    ([dict(type='LoadReIDImage', to_float32=True), *pipeline_of()[1:]
      ], 'leave its options out'),
    ([dict(type='LoadReIDImage', imdecode_backend='cv2'), *pipeline_of()[1:]
      ], "imdecode_backend='pillow'"),
    (pipeline_of(keep_ratio=True), 'no keep_ratio'),
    (pipeline_of(scale=None, scale_factor=2.), 'Resize needs a scale'),
    (pipeline_of(backend='cv2', interpolation='hamming'),
     "'interpolation' cannot be 'hamming'"),
])
def test_other_pipelines_are_refused(pipeline, message):
    with pytest.raises(ValueError, match=message):
        preprocessing_of(pipeline)


def test_each_way_differs(files):
    """Or the names of the table would not be read."""
    image = read_image(files[1])
    found = [
        Preprocessing(64, 32, name, backend)(image) for backend, name in WAYS
    ]
    for (a, first), (b, second) in itertools.combinations(enumerate(found), 2):
        assert not np.array_equal(first, second), (WAYS[a], WAYS[b])
