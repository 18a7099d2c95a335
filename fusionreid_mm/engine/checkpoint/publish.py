"""What of a checkpoint is published."""
import hashlib
import io
import json
from collections import OrderedDict
from pathlib import Path
from typing import Any, Dict, Mapping

import torch
from torch import Tensor

from fusionreid_mm.checkpoint_io import to_safetensors, write_atomically
from fusionreid_mm.models.weight_init.checkpoint_file import find_weights
from fusionreid_mm.models.weight_init.state_dict import metadata_of
from .fit import is_classifier

# What is kept of the Runner's notes.
_META = ('cfg', 'dataset_meta', 'epoch', 'iter', 'mmengine_version')

_SUFFIXES = ('.pth', '.safetensors')


def published_weights(checkpoint: Mapping[str, Any],
                      with_classifiers: bool = True) -> Dict[str, Any]:
    """The weights of a checkpoint, as plain tensors on the CPU, and what is
    needed to use them.

    The Runner keeps the averages of ``EMAHook`` where others keep the weights,
    so that they are taken where there are some.

    Args:
        checkpoint (Mapping[str, Any]): Of the Runner or of another program, or
            a state dict.
        with_classifiers (bool): The descriptor does without them. Defaults to
            True.

    Returns:
        dict: ``state_dict``, with the grids of position embeddings beside its
        entries, and ``meta``, of what JSON can say.

    Raises:
        ValueError: If there are no weights.
    """
    source = find_weights(checkpoint)
    state_dict = OrderedDict(
        # A tensor may be a part of a larger one, which would be saved, too.
        (name.removeprefix('module.'), value.detach().cpu().clone())
        for name, value in source.items() if isinstance(value, Tensor))
    if not with_classifiers:
        for name in [name for name in state_dict if is_classifier(name)]:
            del state_dict[name]
    if not state_dict:
        raise ValueError(f'there are no weights, only {list(checkpoint)[:5]}')
    setattr(state_dict, '_metadata', OrderedDict(metadata_of(source)))
    meta = checkpoint.get('meta', {})
    kept = {key: meta[key] for key in _META if key in meta}
    plain = json.loads(json.dumps(kept, default=lambda value: value.tolist()))
    return dict(state_dict=state_dict, meta=plain)


def write_published(weights: Mapping[str, Any], path: Path) -> Path:
    """Write what :func:`published_weights` gives.

    Args:
        weights (Mapping[str, Any]): ``state_dict`` and ``meta``.
        path (Path): With the suffix ``.pth`` or ``.safetensors``. The first
            eight digits of the content's SHA-256 are added to the name.

    Returns:
        Path: The file.

    Raises:
        ValueError: If it has another suffix.
        FileExistsError: If there is such a file.
    """
    if path.suffix not in _SUFFIXES:
        raise ValueError(f'{path}: the name must end with '
                         f'{" or ".join(_SUFFIXES)}')
    if path.suffix == '.safetensors':
        content = to_safetensors(weights['state_dict'], weights['meta'])
    else:
        with io.BytesIO() as buffer:
            torch.save(dict(weights), buffer)
            content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()[:8]
    path = path.with_name(f'{path.stem}-{digest}{path.suffix}')
    if path.exists():
        raise FileExistsError(f'{path} exists already, with this content')
    write_atomically(path, content)
    return path
