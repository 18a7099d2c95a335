"""A small model as a user has it, to be exported."""
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from mmengine.config import Config
from mmengine.utils import digit_version

from fusionreid_mm.deployment import Manifest, Preprocessing, Threshold
from fusionreid_mm.deployment.exporting.trace import TORCH
from fusionreid_mm.deployment.manifest import Normalization
from .drawn_data import write_image
from .small_model import small_model
from .small_run import small_run_cfg

#: Older ones refuse to export, as test_an_old_pytorch shows.
needs_export = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version(TORCH),
    reason=f'exporting needs PyTorch {TORCH}')


class SmallRun(NamedTuple):
    """What a training would have left."""
    config: Path
    checkpoint: Path
    images: Path


def write_small_run(folder: Path, seed: int = 0) -> SmallRun:
    """Random weights, the config of them, and a few images."""
    folder.mkdir(parents=True, exist_ok=True)
    cfg = small_run_cfg(folder / 'data', folder)
    # As few nodes as there can be of each kind.
    cfg.model.neck.num_layers = 1
    cfg.model.branches.transformer.backbone.arch.num_layers = 1
    cfg.model.data_preprocessor = dict(
        type='ReIDDataPreprocessor',
        mean=[120., 110., 100.],
        std=[60., 50., 40.],
        bgr_to_rgb=True)
    torch.manual_seed(seed)
    model = small_model(
        **{name: cfg.model[name]
           for name in ('branches', 'neck', 'head')})
    model.init_weights()
    run = SmallRun(folder / 'small.py', folder / 'small.pth',
                   folder / 'images')
    cfg.dump(run.config)
    torch.save(
        dict(state_dict=model.state_dict(), meta=dict(cfg=cfg.pretty_text)),
        run.checkpoint)
    for i, size in enumerate([(32, 64), (50, 90), (20, 40)]):
        write_image(run.images / f'{i}.jpg', seed=i, size=size)
    return run


def load_small_run(run: SmallRun, **changes) -> Config:
    """Its config, with changes by dotted key (dots as double underscores)."""
    cfg = Config.fromfile(run.config)
    cfg.merge_from_dict({
        name.replace('__', '.'): value
        for name, value in changes.items()
    })
    return cfg


def some_manifest(**changes) -> Manifest:
    """Of a model of four cameras, that there need not be."""
    manifest = Manifest(
        fingerprint='0123456789abcdef',
        preprocessing=Preprocessing(64, 32, 'bilinear', 'pillow'),
        normalization=Normalization(True, (1., 2., 3.), (4., 5., 6.)),
        num_cameras=4,
        columns=dict(cnn=(0, 2), transformer=(2, 3)),
        precision='float32',
        threshold=Threshold('cosine', 0.5, 1e-3, 0.0009, 0.8),
        versions=dict(fusionreid_mm='1.0'))
    return manifest._replace(**changes)
