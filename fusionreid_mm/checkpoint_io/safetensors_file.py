"""Checkpoints in files that cannot hold anything but tensors and text."""
import json
from collections import OrderedDict
from pathlib import Path
from typing import Any, Mapping

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

# What a checkpoint of ours has beside its entries, under these names of the
# header, as JSON.
_META, _MODULES = 'meta', 'modules'


def to_safetensors(state_dict: Mapping[str, Tensor],
                   meta: Mapping[str, Any]) -> bytes:
    """The content of a file, which :func:`read_safetensors` reads.

    Args:
        state_dict (Mapping[str, Tensor]): With what PyTorch keeps of the
            modules beside its entries. No two tensors share their memory.
        meta (Mapping[str, Any]): What JSON can say.
    """
    header = {
        # Of other programs, which look for it.
        'format': 'pt',
        _META: json.dumps(meta),
        _MODULES: json.dumps(getattr(state_dict, '_metadata', {})),
    }
    tensors = {name: value.contiguous() for name, value in state_dict.items()}
    return save(tensors, header)


def read_safetensors(path: Path, map_location: Any) -> dict:
    """As a checkpoint: ``state_dict`` and ``meta``."""
    with safe_open(path, framework='pt') as file:
        header = file.metadata() or {}
        state_dict = OrderedDict(
            (name, file.get_tensor(name)) for name in file.keys())
    if isinstance(map_location, (str, torch.device)):
        for name, value in state_dict.items():
            state_dict[name] = value.to(map_location)
    setattr(state_dict, '_metadata',
            OrderedDict(json.loads(header.get(_MODULES, '{}'))))
    return dict(
        state_dict=state_dict, meta=json.loads(header.get(_META, '{}')))
