"""What makes descriptors comparable, as a short text."""
import hashlib
import json
from typing import Any, Dict

import torch
from mmengine.config import Config
from torch import Tensor

from fusionreid_mm.models import FusionReID
from .checkpoint.fit import is_classifier
from .pipelines import pipeline_of_tests

_DIGITS = 32

# Of the model's config, what descriptors do not depend on.
_TRAINING_ONLY = {
    'drop_path_rate', 'init_cfg', 'loss_id', 'loss_triplet', 'num_classes',
    'pretrained', 'random_erasing', 'test_embeddings'
}


def weights_digest(state_dict: Dict[str, Tensor]) -> str:
    """Of the weights of a model, wherever they are; without the classifiers,
    which descriptors do not need.

    Args:
        state_dict (Dict[str, Tensor]): Of the model.

    Returns:
        str: SHA-256 of names, types, shapes and values, in hexadecimal.
    """
    digest = hashlib.sha256()
    for name in sorted(state_dict):
        if is_classifier(name):
            continue
        value = state_dict[name].detach().cpu().contiguous()
        digest.update(f'{name} {value.dtype} {list(value.shape)}\n'.encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def fingerprint(model: FusionReID, cfg: Config, weights: str) -> str:
    """Two models of the same fingerprint give an image the same descriptor,
    up to rounding; descriptors of different ones are not to be compared.

    Args:
        model (FusionReID): The model.
        cfg (Config): Its config.
        weights (str): The :func:`weights_digest` of it.

    Returns:
        str: 32 hexadecimal digits. The names of files, the device and the
        number of classes do not matter; the embeddings that a descriptor is
        made of do, as do the transforms of the test.
    """
    parts = dict(
        weights=weights,
        pipeline=pipeline_of_tests(cfg),
        model=_without_training(cfg.model),
        embeddings=model.head.test_embeddings,
        neck_feat=model.head.neck_feat,
        fp16=is_half(cfg))
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def is_half(cfg: Config) -> bool:
    """Whether tests run in mixed precision."""
    return bool((cfg.get('test_cfg') or {}).get('fp16', False))


def _without_training(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: _without_training(value)
            for key, value in node.items() if key not in _TRAINING_ONLY
        }
    if isinstance(node, (list, tuple)):
        return [_without_training(value) for value in node]
    return node
