"""Each trainable parameter gets a gradient in each step, so that DDP needs no
``find_unused_parameters``."""
from functools import partial
from pathlib import Path
from typing import Any, Dict, List

import pytest
import torch
from helpers.golden import ROOT
from helpers.small_model import small_model
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from fusionreid_mm.engine.command_line import image_size_of
from fusionreid_mm.models import FusionReID
from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import ReIDDataSample

# Sizes, which have no say in what is used.
_SIZES = {
    'depth', 'img_size', 'init_cfg', 'num_cameras', 'num_classes', 'patch_cfg'
}


def structure(cfg: Any) -> Any:
    """What is left of a model's config without its sizes."""
    if isinstance(cfg, dict):
        return {
            key: structure(value)
            for key, value in cfg.items() if key not in _SIZES
        }
    return cfg


def different_models() -> List[Path]:
    """The first config of each structure."""
    first: Dict[str, Path] = {}
    for pattern in ('*.py', 'ablations/*.py'):
        for path in sorted((ROOT / 'configs').glob(pattern)):
            model = Config.fromfile(path).model
            first.setdefault(str(structure(model)), path)
    return list(first.values())


class _AnyTriplet(nn.Module):
    """Uses what the triplet loss uses, on the ``meta`` device too, where there
    are no values to compare."""

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        return embeddings.sum()


def without_gradient(model: FusionReID, inputs: Tensor) -> set:
    """Names of the parameters that a step leaves out."""
    samples = [
        ReIDDataSample(metainfo=dict(camid=0, viewid=0, label=label))
        for label in (0, 1)
    ]
    sum(model.train()(inputs, samples, mode='loss').values()).backward()
    return {
        name
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and parameter.grad is None
    }


def left_out_by(path: Path) -> set:
    """Without computing anything: the graph alone tells."""
    cfg = Config.fromfile(path)
    init_default_scope(cfg.default_scope)
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    model.head.loss_triplet = _AnyTriplet()
    inputs = torch.zeros(2, 3, *image_size_of(cfg), device='meta')
    return without_gradient(model.to('meta'), inputs)


@pytest.mark.slow
def test_of_each_config(monkeypatch):
    # mmpretrain takes the numbers of its drop path rates out of a tensor.
    monkeypatch.setattr(torch, 'linspace',
                        partial(torch.linspace, device='cpu'))
    left_out = {path.stem: left_out_by(path) for path in different_models()}
    assert len(left_out) > 20
    assert {name: names for name, names in left_out.items() if names} == {}


@pytest.mark.parametrize(
    'changes', [
        dict(),
        dict(branches__cnn__backbone__frozen_stages=2),
        dict(branches__transformer__backbone__sie_coefficient=0.),
        dict(branches__transformer__backbone__num_views=2),
        dict(neck=None),
        dict(neck__lru='pointwise'),
        dict(neck__num_layers=1),
        dict(neck__units=('seu', )),
        dict(head__test_embeddings=['cnn'], head__neck_feat='after'),
    ],
    ids=str)
def test_of_options(changes):
    assert without_gradient(small_model(**changes), torch.randn(2, 3, 64,
                                                                32)) == set()


def test_what_is_left_out_is_found():
    """The test above can fail."""
    model = small_model()
    model.spare = nn.Linear(2, 2)
    assert without_gradient(model,
                            torch.randn(2, 3, 64,
                                        32)) == {'spare.weight', 'spare.bias'}
