"""The golden cases: numbers of the released code, and our model beside it."""
from functools import lru_cache
from pathlib import Path
from typing import Dict, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from fusionreid_mm.engine.checkpoint import (convert_official_state_dict,
                                             map_official_names)
from fusionreid_mm.models import FusionReID
from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import ReIDDataSample
from . import golden_fill

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / 'tests' / 'data' / 'golden'

# The released names of the embeddings.
PIECES = {
    'res': 'cnn',
    'former': 'transformer',
    'lru_res': 'cnn_lru',
    'lru_former': 'transformer_lru',
    'htm_res': 'cnn_htm',
    'htm_former': 'transformer_htm'
}


def load_case(name: str) -> Tuple[dict, Dict[str, np.ndarray]]:
    return golden_fill.load_case(CASES / f'{name}.npz')


def build_model(meta: dict) -> FusionReID:
    """The model of a case, from the config that users take, with the case's
    weights put in by the converter."""
    settings = meta['settings']
    model_cfg = Config.fromfile(ROOT / 'configs/fusionreid_market.py').model
    model_cfg.pop('data_preprocessor')
    model_cfg.head.num_classes = settings['num_classes']
    vit = model_cfg.branches.transformer.backbone
    vit.num_cameras = settings['camera_num']
    vit.drop_path_rate = settings['DROP_PATH']
    for branch, used in (('cnn', 'RES_USE'), ('transformer', 'TRANS_USE')):
        if not settings[used]:
            model_cfg.branches.pop(branch)
            model_cfg.neck = None
    if model_cfg.neck is not None:
        model_cfg.neck.num_layers = settings['HTM_LAYER']
        model_cfg.neck.share_seu = settings['share_pattern'] == 0

    init_default_scope('fusionreid_mm')
    model = MODELS.build(model_cfg)
    state_dict = {
        name: filled_tensor(name, tuple(shape))
        for name, shape in meta['state_dict']
    }
    model.load_state_dict(
        convert_official_state_dict(state_dict, model), strict=True)
    return model


@lru_cache(maxsize=None)
def filled_tensor(name: str, shape: Tuple[int, ...]) -> torch.Tensor:
    """The cases share most of their entries, which take seconds to draw."""
    return torch.from_numpy(golden_fill.fill_tensor(name, shape))


def our_names(meta: dict, model: FusionReID) -> Dict[str, str]:
    return map_official_names((name for name, _ in meta['state_dict']), model)


def images(dtype: torch.dtype) -> torch.Tensor:
    return torch.from_numpy(golden_fill.images()).to(dtype)


def data_samples() -> list:
    return [
        ReIDDataSample(metainfo=dict(camid=int(camid), label=int(label)))
        for camid, label in zip(golden_fill.CAM_IDS, golden_fill.LABELS)
    ]


def error_over_rms(ours: torch.Tensor, released: np.ndarray) -> float:
    """The largest error of a piece, in units of the piece's rms."""
    difference = np.abs(ours.double().numpy() - released).max()
    return float(difference / np.sqrt(np.square(released).mean()))
