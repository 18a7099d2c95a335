"""What is shown is what the pipeline, the sampler and the model make."""
import argparse
import runpy
import shutil

import cv2
import numpy as np
import pytest
import torch
from helpers.tools import TOOLS, run_inline, run_process
from matplotlib import pyplot as plt
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from PIL import Image

from fusionreid_mm.datasets.samplers import RandomIdentitySampler
from fusionreid_mm.engine.command_line import load_config
from fusionreid_mm.registry import DATASETS
from fusionreid_mm.visualization import ReIDVisualizer

TOOL = 'visualization/browse_dataset.py'

# Nothing random, and half the size.
PLAIN = [
    dict(type='LoadReIDImage'),
    dict(type='Resize', scale=(32, 64), backend='pillow'),
    dict(type='PackReIDInputs')
]


@pytest.fixture(autouse=True)
def no_window():
    plt.switch_backend('agg')


@pytest.fixture
def tool(monkeypatch):
    """Its names; sheets stay what they are made of."""
    names = runpy.run_path(str(TOOLS / TOOL))
    names['main'].__globals__['draw_sheet'] = lambda rows: rows
    init_default_scope('fusionreid_mm')
    return names


@pytest.fixture
def cfg(config):
    cfg = load_config(str(config))
    for name in ('train', 'val', 'test'):
        loader = cfg[f'{name}_dataloader']
        loader.num_workers = 0
        loader.dataset.pipeline = PLAIN
    cfg.model.data_preprocessor.random_erasing = None
    return cfg


def arguments(**changes) -> argparse.Namespace:
    return argparse.Namespace(
        **{
            **dict(
                config='mine.py',
                phase='train',
                mode='transformed',
                show_number=2,
                batches=1,
                channel_order='BGR',
                rescale_factor=None),
            **changes
        })


def read(path, size=None) -> np.ndarray:
    """An image file in RGB, as it is or in another size."""
    with Image.open(path) as image:
        if size:
            image = image.resize(size, Image.Resampling.BILINEAR)
        return np.asarray(image)


@pytest.mark.parametrize('mode, names', [
    ('original', ['original']),
    ('transformed', ['transformed']),
    ('concat', ['original', 'transformed']),
    ('pipeline', ['LoadReIDImage', 'Resize']),
])
def test_single_images(tool, cfg, mode, names):
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    sheets = list(tool['browse_images'](dataset, arguments(mode=mode)))
    assert len(sheets) == 2
    name, (row, ) = sheets[1]
    assert name == '0002_c1s1_000001_00.jpg'
    assert row.title == 'train\npid 2\ncamera 1'
    captions = [picture.caption.split('\n') for picture in row.pictures]
    assert [caption[0] for caption in captions] == names
    path = dataset.get_data_info(1)['img_path']
    for (_, size), picture in zip(captions, row.pictures):
        height, width, _ = picture.image.shape
        assert size == f'{height} x {width}'
        np.testing.assert_array_equal(picture.image,
                                      read(path, (width, height)))


def test_sizes_and_colours(tool, cfg):
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    path = dataset.get_data_info(0)['img_path']
    height, width, _ = read(path).shape
    options = arguments(mode='original', rescale_factor=2)
    _, (row, ) = next(tool['browse_images'](dataset, options))
    assert row.pictures[0].image.shape == (2 * height, 2 * width, 3)
    # Of a pipeline that says it were in RGB.
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    options = arguments(mode='original', channel_order='RGB')
    _, (row, ) = next(tool['browse_images'](dataset, options))
    np.testing.assert_array_equal(row.pictures[0].image[..., ::-1], read(path))


def test_images_of_one_name_do_not_replace_each_other(tool, cfg):
    part = cfg.train_dataloader.dataset
    both = ConfigDict(
        type='ConcatDataset', datasets=[dict(part, indices=2)] * 2)
    sheets = tool['browse_images'](DATASETS.build(both),
                                   arguments(show_number=9))
    assert [name for name, _ in sheets] == [
        '0002_c1s1_000000_00.jpg', '0002_c1s1_000001_00.jpg',
        '0002_c1s1_000000_00_2.jpg', '0002_c1s1_000001_00_3.jpg'
    ]


def test_batches_are_those_of_the_training(tool, cfg):
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    sampler = RandomIdentitySampler(dataset, 4, 4, seed=cfg.randomness.seed)
    drawn = [dataset.get_data_info(index) for index in sampler]
    sheets = list(tool['browse_training'](cfg, arguments(batches=5)))
    # There are no more in an epoch.
    assert [name for name, _ in sheets
            ] == ['train_batch_1.jpg', 'train_batch_2.jpg']
    rows = [row for _, sheet in sheets for row in sheet]
    assert len(rows) == 8
    for row, start in zip(rows, range(0, 32, 4)):
        images = drawn[start:start + 4]
        assert {row.title} == {f'pid {info["pid"]}' for info in images}
        for picture, info in zip(row.pictures, images):
            assert picture.caption == f'camera {info["camid"] + 1}'
            np.testing.assert_array_equal(picture.image,
                                          read(info['img_path'], (32, 64)))


def test_what_the_model_erases(tool, cfg):
    _, plain = next(tool['browse_training'](cfg, arguments()))
    cfg.model.data_preprocessor.random_erasing = dict(
        probability=1., mode='pixel', min_area=0.2)
    _, erased = next(tool['browse_training'](cfg, arguments()))
    for one, other in zip(plain, erased):
        for before, after in zip(one.pictures, other.pictures):
            differs = (before.image != after.image).any(axis=-1).mean()
            assert 0.15 < differs < 0.6


@pytest.mark.parametrize('order', ['BGR', 'RGB'])
@pytest.mark.parametrize('changes', [
    dict(),
    dict(bgr_to_rgb=False),
    dict(mean=[103.53, 116.28, 123.675], std=[57.375, 57.12, 58.395]),
    dict(mean=None, std=None),
])
def test_the_normalisation_is_undone(tool, cfg, order, changes):
    cfg.model.data_preprocessor.update(changes)
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randint(
        256, (3, 3, 8, 4), dtype=torch.uint8, generator=generator)
    view = tool['ModelView'](cfg, order)
    shown = view(dict(inputs=inputs, data_samples=[1, 2, 3]), training=True)
    assert [sample for sample, _ in shown] == [1, 2, 3]
    expected = inputs if order == 'RGB' else inputs.flip(1)
    for (_, image), pixels in zip(shown, expected):
        np.testing.assert_array_equal(image, pixels.permute(1, 2, 0))


def test_a_model_that_says_nothing_of_its_images(tool, cfg):
    del cfg.model['data_preprocessor']
    with pytest.raises(ValueError, match='mine.py: .*no data_preprocessor'):
        tool['ModelView'](cfg, 'BGR')


@pytest.mark.parametrize('phase', ['val', 'test'])
def test_queries_above_their_gallery(tool, cfg, phase):
    sheets = list(tool['browse_test'](cfg, arguments(phase=phase, batches=9)))
    assert [name for name, _ in sheets
            ] == [f'{phase}_batch_1.jpg', f'{phase}_batch_2.jpg']
    rows = [row for _, sheet in sheets for row in sheet]
    assert [row.title for row in rows] == [
        f'{role}\npid {pid}\n{count} of {count}' for pid in range(20, 26)
        for role, count in (('query', 2), ('gallery', 6))
    ]
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    paths = [
        info['img_path'] for info in map(dataset.get_data_info, range(51))
        if info['pid'] == 21
    ]
    pictures = [*rows[2].pictures, *rows[3].pictures]
    assert [picture.caption for picture in rows[3].pictures
            ] == [f'camera {camera}' for camera in (1, 1, 2, 2, 3, 3)]
    for picture, path in zip(pictures, paths):
        np.testing.assert_array_equal(picture.image, read(path, (32, 64)))


def test_people_without_a_gallery_and_with_a_large_one(tool, cfg):
    cfg.test_dataloader.dataset.split = 'query'
    _, (*_, row) = next(tool['browse_test'](cfg, arguments(phase='test')))
    assert row.title == 'gallery\npid 24\n0 of 0' and not row.pictures
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    row = tool['test_row'](dataset, tool['ModelView'](cfg, 'BGR'), 'gallery',
                           7, list(range(14)))
    assert len(row.pictures) == 10 and row.title.endswith('10 of 14')
    cfg.test_dataloader.dataset.split = 'gallery'
    with pytest.raises(ValueError, match='test_dataloader has no queries'):
        next(tool['browse_test'](cfg, arguments(phase='test')))


def test_the_files(config, tmp_path, monkeypatch):
    run_process(TOOL, config, '--batches', 1, '-o', tmp_path / 'pictures')
    run_inline(monkeypatch, TOOL, config, '--mode', 'pipeline', '-n', 2,
               '--phase', 'test', '--output-dir', tmp_path / 'pictures')
    names = sorted(path.name for path in (tmp_path / 'pictures').iterdir())
    assert names == [
        '0020_c1s1_000000_00.jpg', '0020_c2s1_000000_00.jpg',
        'train_batch_1.jpg'
    ]
    height, width, _ = cv2.imread(
        str(tmp_path / 'pictures' / 'train_batch_1.jpg')).shape
    assert height > 4 * 128 and width > 4 * 64


def test_a_window(config, monkeypatch, tmp_path):
    """Where there is a display."""
    shown = []
    monkeypatch.setattr('fusionreid_mm.engine.figures.has_window',
                        lambda: True)
    monkeypatch.setattr(ReIDVisualizer, 'show',
                        lambda self, image, **options: shown.append(options))
    run_inline(monkeypatch, TOOL, config, '-n', 2, '-i', 0.5)
    assert shown == [
        dict(win_name=f'0002_c1s1_00000{i}_00.jpg', wait_time=0.5)
        for i in range(2)
    ]
    run_inline(monkeypatch, TOOL, config, '-n', 1, '--not-show', '-o',
               tmp_path)
    assert len(shown) == 2 and len(list(tmp_path.iterdir())) == 1


def test_wrong_arguments(config, tmp_path, monkeypatch, capsys):
    out = '-o', str(tmp_path / 'pictures')
    for options, message in (
        ([], 'nowhere to show the images'),
        (['--not-show'], 'write them to a folder with --output-dir'),
        (['-n', '0', *out], '--show-number must be above 0: got 0'),
        (['--batches', '-1', *out], '--batches must be above 0'),
        (['-r', '-2', *out], '--rescale-factor must be above 0'),
        (['--batches', '1', '-m', 'concat', *out], 'leave out it or --batch'),
    ):
        with pytest.raises(SystemExit):
            run_inline(monkeypatch, TOOL, config, *options)
        assert message in capsys.readouterr().err
    with pytest.raises(ValueError, match='has no val_dataloader'):
        run_inline(monkeypatch, TOOL, config, '-p', 'val', *out,
                   '--cfg-options', 'val_dataloader=None')
    with pytest.raises(ValueError, match="no step .* gives an 'img'"):
        (tmp_path / 'empty.py').write_text(f'_base_ = {str(config)!r}\n'
                                           'train_dataloader = dict('
                                           'dataset=dict(pipeline=[]))\n')
        run_inline(monkeypatch, TOOL, tmp_path / 'empty.py', *out)
    assert not (tmp_path / 'pictures').exists()


def test_an_unreadable_image_is_named(config, data_root, tmp_path,
                                      monkeypatch):
    copy = shutil.copytree(data_root, tmp_path / 'spoilt')
    path = copy / 'bounding_box_train' / '0002_c1s1_000001_00.jpg'
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(OSError, match=f'cannot read the image {path}'):
        run_inline(monkeypatch, TOOL, config, '-o', tmp_path / 'pictures',
                   '--cfg-options',
                   f'train_dataloader.dataset.data_root={copy}')
