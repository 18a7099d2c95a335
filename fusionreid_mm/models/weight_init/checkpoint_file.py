"""The weights in a file, whoever wrote it."""
import pickle
from pathlib import Path
from typing import Callable, Dict, Mapping
from urllib.error import URLError
from urllib.parse import urlparse

import torch
from mmengine.dist import barrier, is_main_process
from mmengine.runner.checkpoint import (get_external_models, get_mmcls_models,
                                        get_torchvision_models)
from torch import Tensor
from torch.hub import download_url_to_file, get_dir

StateDict = Dict[str, Tensor]

#: Names that stand for a URL, by the scheme under which MMEngine knows them.
_CATALOGUES: Dict[str, Callable[[], Mapping[str, str]]] = {
    'torchvision': get_torchvision_models,
    'mmcls': get_mmcls_models,
    'openmmlab': get_external_models,
    'open-mmlab': get_external_models,
}

# Where training programs keep the weights: the average of T2T-ViT's and timm's
# training, mmpretrain, DeiT, DINO.
_CONTAINERS = ('state_dict_ema', 'state_dict', 'model', 'teacher')


def read_state_dict(checkpoint: str, map_location: str = 'cpu') -> StateDict:
    """The weights of a checkpoint, without the prefix of ``DataParallel``.

    Only tensors are read: a file cannot run code.

    Args:
        checkpoint (str): A path, a URL, or a name such as
            ``'torchvision://resnet50'``.
        map_location (str): Where the tensors go. Defaults to ``'cpu'``.

    Raises:
        FileNotFoundError: If there is no such file, or it cannot be
            downloaded.
        ValueError: If it holds anything but weights.
    """
    path = _local_path(checkpoint)
    try:
        content = torch.load(path, map_location, weights_only=True)
    except (pickle.UnpicklingError, EOFError, RuntimeError) as error:
        raise ValueError(
            f'{path} (init_cfg.checkpoint={checkpoint!r}) is no file of '
            'weights that PyTorch can read safely. If it was not downloaded '
            'completely, delete it; if it holds Python objects, save its '
            f'state dict alone. PyTorch says: {str(error).splitlines()[0]}'
        ) from error
    if not isinstance(content, Mapping):
        raise ValueError(f'{path} holds a {type(content).__name__}, not a '
                         'state dict: save model.state_dict()')
    for name in _CONTAINERS:
        if isinstance(content.get(name), Mapping):
            content = content[name]
            break
    state_dict = {
        name.removeprefix('module.'): value
        for name, value in content.items() if isinstance(value, Tensor)
    }
    if not state_dict:
        raise ValueError(f'{path} holds no tensors under any of '
                         f'{list(_CONTAINERS)}, only {list(content)[:5]}: '
                         'save model.state_dict()')
    return state_dict


def _local_path(checkpoint: str) -> Path:
    url = _resolve(checkpoint)
    if urlparse(url).scheme in ('http', 'https'):
        return _download(url)
    path = Path(url).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            f'init_cfg.checkpoint={checkpoint!r}: there is no such file. Give '
            'the path of one, or init_cfg=None to start from random weights.')
    return path


def _resolve(checkpoint: str) -> str:
    scheme, separator, name = checkpoint.partition('://')
    if not separator or scheme not in _CATALOGUES:
        return checkpoint
    catalogue = _CATALOGUES[scheme]()
    if name not in catalogue:
        raise ValueError(f'init_cfg.checkpoint={checkpoint!r}: {scheme} has '
                         f'no weights of the name {name!r}')
    return catalogue[name]


def _download(url: str) -> Path:
    """Into PyTorch's cache, once on each machine."""
    path = Path(get_dir(), 'checkpoints', Path(urlparse(url).path).name)
    if is_main_process():
        _download_if_missing(url, path)
    barrier()
    _download_if_missing(url, path)
    return path


def _download_if_missing(url: str, path: Path) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        download_url_to_file(url, str(path), progress=False)
    except (URLError, OSError) as error:
        raise FileNotFoundError(
            f'cannot download {url} ({error}). Download it elsewhere and put '
            f'it at {path}, give its path as init_cfg.checkpoint, or set '
            'init_cfg=None to start from random weights.') from error
