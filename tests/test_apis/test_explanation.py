import threading
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.drawn_data import write_image
from helpers.small_model import IMG_SIZE, small_model_cfg
from mmengine.config import Config
from PIL import Image

from fusionreid_mm.apis import ReIDInferencer, explain
from fusionreid_mm.apis.embeddings import extract_embeddings
from fusionreid_mm.apis.explanation import normalized_batch
from fusionreid_mm.apis.looking_inside import (chosen_items, evenly, file_name,
                                               heat_picture)
from fusionreid_mm.sources import PersonImage, UnreadableImageError

NAMES = [
    'image', 'cnn', 'transformer', 'cnn_from_transformer',
    'transformer_from_cnn'
]


def small_cfg(**changes) -> Config:
    height, width = IMG_SIZE
    model = small_model_cfg(**changes)
    model.data_preprocessor = dict(
        type='ReIDDataPreprocessor',
        mean=[127.] * 3,
        std=[127.] * 3,
        bgr_to_rgb=True)
    pipeline = [
        dict(type='LoadReIDImage'),
        dict(type='Resize', scale=(width, height), backend='pillow'),
        dict(type='PackReIDInputs')
    ]
    return Config(
        dict(
            model=model,
            test_dataloader=dict(dataset=dict(pipeline=pipeline)),
            default_scope='fusionreid_mm'))


def build(**changes) -> ReIDInferencer:
    torch.manual_seed(1)
    with pytest.warns(UserWarning, match='randomly initialized'):
        return ReIDInferencer(small_cfg(**changes), device='cpu')


@pytest.fixture(scope='module')
def inferencer():
    return build()


@pytest.fixture
def path(tmp_path):
    """Of 100 x 60 pixels, which the model sees as 64 x 32."""
    write_image(tmp_path / 'a.png', size=(60, 100))
    return tmp_path / 'a.png'


def test_pictures(inferencer, path):
    pictures = explain(inferencer, path, camid=1)
    assert list(pictures) == NAMES
    photo = np.asarray(Image.open(path))
    np.testing.assert_array_equal(pictures['image'], photo)
    for name, picture in pictures.items():
        assert picture.shape == (100, 60, 3), name
        assert picture.dtype == np.uint8, name
        assert name == 'image' or (picture != photo).any(), name
    # What may be given is what the inferencer takes.
    for image in (str(path), PersonImage(str(path),
                                         camid=1), photo[..., ::-1]):
        camid = None if isinstance(image, PersonImage) else 1
        same = explain(inferencer, image, camid)
        for name in NAMES:
            np.testing.assert_array_equal(same[name], pictures[name])
    other = explain(inferencer, path)
    assert (other['transformer'] != pictures['transformer']).any()


def test_reference(inferencer, path, tmp_path):
    write_image(tmp_path / 'b.png', seed=1)
    reference = inferencer(tmp_path / 'b.png')[0]
    alone = explain(inferencer, path)
    matched = explain(inferencer, path, reference=reference)
    assert (alone['cnn'] != matched['cnn']).any()
    for name in NAMES[2:]:
        np.testing.assert_array_equal(alone[name], matched[name])
    with pytest.raises(ValueError, match='reference has 3 numbers'):
        explain(inferencer, path, reference=np.ones(3))
    with pytest.raises(ValueError, match='got str of .*describe an image'):
        explain(inferencer, path, reference=str(tmp_path / 'b.png'))


def test_the_only_thing_to_be_seen_lights_up(inferencer):
    """A square on the grey that the model knows as nothing."""
    rng = np.random.default_rng(0)
    for top, left in ((8, 8), (70, 30)):
        photo = np.full((100, 60, 3), 127, np.uint8)
        photo[top:top + 16, left:left + 16] = rng.integers(0, 256, (16, 16, 3))
        heat = explain(inferencer, photo)['cnn'].astype(int)
        redness = heat[..., 0] - heat[..., 2]
        # The noise of the photo itself is not meant.
        redness[top:top + 16,
                left:left + 16] = np.median(redness[top:top + 16,
                                                    left:left + 16])
        rows, columns = np.nonzero(redness >= np.percentile(redness, 90))
        assert abs(rows.mean() - top - 8) < 10
        assert abs(columns.mean() - left - 8) < 10


def test_models_with_fewer_parts(path):
    branches = small_model_cfg().branches
    assert list(explain(build(neck=None), path)) == NAMES[:3]
    assert list(
        explain(build(branches=dict(cnn=branches.cnn), neck=None),
                path)) == NAMES[:2]
    assert list(
        explain(
            build(branches=dict(vit=branches.transformer), neck=None),
            path)) == ['image', 'vit']
    assert list(
        explain(build(neck=dict(type='ConcatFusion', embed_dims=16)),
                path)) == NAMES[:3]
    assert list(explain(build(neck__units=('seu', )), path)) == NAMES[:3]


def test_it_leaves_the_model_as_it_was(inferencer, path):
    before = inferencer(path)
    explain(inferencer, path)
    np.testing.assert_array_equal(inferencer(path), before)
    model = inferencer.model
    assert not any(module._forward_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not model.training


def test_several_threads(inferencer, tmp_path):
    """As a web server does: some explain, some search."""
    paths = [tmp_path / f'{i}.png' for i in range(4)]
    for seed, file in enumerate(paths):
        write_image(file, seed=seed)
    alone = [explain(inferencer, file) for file in paths]
    descriptors = inferencer(paths)
    found: dict = {}

    def explain_one(i):
        found[i] = [explain(inferencer, paths[i]) for _ in range(3)]

    def describe():
        found['described'] = [inferencer(paths) for _ in range(6)]

    threads = [
        threading.Thread(target=explain_one, args=(i, )) for i in range(4)
    ] + [threading.Thread(target=describe)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, expected in enumerate(alone):
        for pictures in found[i]:
            for name in NAMES:
                np.testing.assert_array_equal(pictures[name], expected[name])
    for others in found['described']:
        np.testing.assert_array_equal(others, descriptors)


def test_wrong_arguments(inferencer, path, tmp_path):
    with pytest.raises(ValueError, match='SimpleNamespace has no model'):
        explain(SimpleNamespace(), path)
    with pytest.raises(FileNotFoundError, match='b.png'):
        explain(inferencer, tmp_path / 'b.png')
    (tmp_path / 'c.png').write_text('no image')
    with pytest.raises(UnreadableImageError, match='c.png'):
        explain(inferencer, tmp_path / 'c.png')
    write_image(tmp_path / 'folder' / 'd.png')
    write_image(tmp_path / 'folder' / 'e.png')
    with pytest.raises(ValueError, match='one image is explained at a time'):
        explain(inferencer, tmp_path / 'folder')
    with pytest.raises(ValueError, match='camera id 3'):
        explain(inferencer, path, camid=3)


def test_embeddings(inferencer, tmp_path):
    for seed in range(3):
        write_image(tmp_path / f'{seed}.png', seed=seed)
    args = SimpleNamespace(images=[str(tmp_path)], camid=2)
    items = chosen_items(inferencer.cfg, args)
    assert [item.camid for item in items] == [2] * 3
    embeddings = extract_embeddings(inferencer, items, batch_size=2)
    # Side by side, they are the descriptor.
    np.testing.assert_allclose(
        np.concatenate(list(embeddings.values()), axis=1),
        inferencer(tmp_path, camids=2),
        rtol=1e-4,
        atol=1e-5)
    inputs, samples = normalized_batch(inferencer, items[:1])
    assert inputs.shape == (1, 3, *IMG_SIZE) and inputs.abs().max() < 2
    assert samples[0].camid == 2
    with pytest.raises(ValueError, match='there are no images'):
        extract_embeddings(inferencer, [])


def test_names_and_choices(path):
    items = chosen_items(None, SimpleNamespace(images=[str(path)], camid=0))
    assert file_name(3, items[0]) == '00003_a.png'
    crop = items[0]._replace(
        image=PersonImage('b/walk.mp4#frame=1&xywh=1,2,3,4'))
    assert file_name(0, crop) == '00000_walk.mp4_frame=1_xywh=1_2_3_4.png'
    long = items[0]._replace(image=PersonImage('a' * 251 + '.jpg'))
    assert len(file_name(0, long)) < 255
    assert evenly(list(range(10)), 3) == [0, 3, 6]
    assert evenly([1, 2], 3) == [1, 2]
    picture = heat_picture(
        np.zeros((8, 4, 3), np.uint8), np.array([[1., 3.]]), 'cnn')
    assert picture.caption == 'cnn\npeak 1.5 x mean'
