import runpy
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers.tools import TOOLS, run_inline, run_process
from PIL import Image

from fusionreid_mm.apis import ReIDInferencer
from fusionreid_mm.apis.embeddings import extract_embeddings

TOOL = 'visualization/vis_cam.py'


@pytest.fixture(scope='module')
def images(data_root):
    return sorted((data_root / 'query').iterdir())[:2]


def test_one_image_and_why_two_match(config, checkpoint, images, tmp_path,
                                     monkeypatch):
    one, other = images
    name = f'00000_{one.stem}.png'
    run_inline(monkeypatch, TOOL, config, checkpoint, '--images', one, '--out',
               tmp_path / 'one', '--device', 'cpu')
    output = run_process(TOOL, config, checkpoint, '--images', one,
                         '--reference', other, '--out', tmp_path / 'two',
                         '--device', 'cpu')
    assert str(tmp_path / 'two' / name) in output
    assert 'Warning' not in output
    alone = Image.open(tmp_path / 'one' / name)
    both = Image.open(tmp_path / 'two' / name)
    # An image and two maps of 256 x 128, and a second row for the reference.
    assert 3 * 128 < alone.width < 3 * 128 + 60
    assert both.height - 6 == 2 * (alone.height - 6)


def test_rows(config, checkpoint, images, monkeypatch, tmp_path):
    tool = runpy.run_path(str(TOOLS / TOOL))
    monkeypatch.setattr(sys, 'argv', [
        'vis_cam.py',
        str(config),
        str(checkpoint), '--out',
        str(tmp_path), '--method', 'GradCAM', '--target-layers',
        'branches.cnn.backbone.layer4',
        'branches.transformer.backbone.layers.1'
    ])
    args = tool['parse_args']()
    inferencer = ReIDInferencer(str(config), str(checkpoint), 'cpu')
    items = list(tool['items_of']([str(path) for path in images], None))
    for name, values in extract_embeddings(inferencer, items).items():
        # As if these two were all that the model has been trained on.
        bn = inferencer.model.head.bnnecks[name].bn
        bn.running_mean.copy_(torch.from_numpy(values).mean(dim=0))
    first, second = tool['rows_of'](inferencer, *items, args)
    similarity = F.cosine_similarity(
        *torch.from_numpy(inferencer(images)).split(1)).item()
    assert first.title == f'similarity\n{similarity:.3f}'
    assert second.title == 'reference'
    for row in (first, second):
        captions = [
            picture.caption.rpartition('\n')[0] for picture in row.pictures
        ]
        assert captions == [
            '', 'gradcam\ncnn.layer4', 'gradcam\ntransformer.layers.1',
            'rollout\ntransformer'
        ]
    alone, = tool['rows_of'](inferencer, items[0], None, args)
    same = [
        np.array_equal(a.image, b.image)
        for a, b in zip(alone.pictures, first.pictures)
    ]
    # The reference changes the gradients, not the attention.
    assert same[0] and same[3] and not (same[1] or same[2])


def test_wrong_arguments(config, checkpoint, images, tmp_path, monkeypatch,
                         capsys):
    common = [config, checkpoint, '--images', images[0], '--out', tmp_path]
    for options, message in (
        (['--reference-camid', 1], 'is of --reference, which is missing'),
        (['--method', 'eigencam'], "invalid choice: 'eigencam'"),
    ):
        with pytest.raises(SystemExit):
            run_inline(monkeypatch, TOOL, *common, *options)
        assert message in capsys.readouterr().err
    with pytest.raises(ValueError, match="no layer 'layer4'"):
        run_inline(monkeypatch, TOOL, *common, '--target-layers', 'layer4')
    with pytest.raises(ValueError, match='is not one image'):
        run_inline(monkeypatch, TOOL, *common, '--reference', images[0].parent)
