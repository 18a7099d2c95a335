"""The weights in a file, whoever wrote it."""
import os
import pickle
import re
from pathlib import Path
from typing import Callable, Dict, Mapping, Optional, Union
from urllib.error import URLError
from urllib.parse import urlparse

import torch
from mmengine.dist import all_gather_object
from mmengine.runner.checkpoint import (get_external_models, get_mmcls_models,
                                        get_torchvision_models)
from torch import Tensor
from torch.hub import download_url_to_file, get_dir

from .state_dict import StateDict, metadata_of, with_metadata

#: Names that stand for a URL, by the scheme under which MMEngine knows them.
_CATALOGUES: Dict[str, Callable[[], Mapping[str, str]]] = {
    'torchvision': get_torchvision_models,
    'mmcls': get_mmcls_models,
    'openmmlab': get_external_models,
    'open-mmlab': get_external_models,
}

# Where training programs keep the weights: the averages of T2T-ViT's, timm's
# and DeiT's training, mmpretrain, DeiT, DINO.
_CONTAINERS = ('state_dict_ema', 'model_ema', 'state_dict', 'model', 'teacher')

# What PyTorch's safe loader says of an object that is not a tensor: the name
# of its class stands in the middle of a long text.
_STRANGER = re.compile(r'(?:GLOBAL|[Uu]nsupported class) ([\w.]+)')
_ANSI = re.compile(r'\x1b\[[0-9;]*m')


def read_state_dict(checkpoint: Union[str, os.PathLike],
                    map_location: str = 'cpu') -> StateDict:
    """The weights of a checkpoint, without the prefix of ``DataParallel``, and
    with what PyTorch keeps of the modules beside them.

    Only tensors are read: a file cannot run code.

    Args:
        checkpoint (str | PathLike): A path, a URL, or a name such as
            ``'torchvision://resnet50'``.
        map_location (str): Where the tensors go. Defaults to ``'cpu'``.

    Raises:
        FileNotFoundError: If there is no such file, or it cannot be
            downloaded.
        ValueError: If it holds anything but weights.
    """
    if not checkpoint or not isinstance(checkpoint, (str, os.PathLike)):
        raise ValueError(
            'init_cfg.checkpoint must be a path, a URL, or a name such as '
            f"'torchvision://resnet50': got {checkpoint!r}. init_cfg=None "
            'starts from random weights.')
    path = _local_path(os.fspath(checkpoint))
    try:
        content = torch.load(path, map_location, weights_only=True)
    except (pickle.UnpicklingError, EOFError, RuntimeError, OSError) as error:
        raise ValueError(
            f'{path} (init_cfg.checkpoint={str(checkpoint)!r}) is no file of '
            f'weights that PyTorch can read safely: {_reason(error)}'
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
    return with_metadata(
        state_dict, {
            name.removeprefix('module').removeprefix('.'): value
            for name, value in metadata_of(content).items()
        })


def _reason(error: Exception) -> str:
    """What is wrong with a file, in a line, and what to do about it."""
    text = _ANSI.sub('', str(error))
    stranger = _STRANGER.search(text)
    if stranger:
        return (f'beside tensors it holds a {stranger.group(1)}, which could '
                'run code. Save the state dict alone.')
    first_sentence = re.split(r'\.\s', text.strip())[0].rstrip('.')
    return (f'{first_sentence[:200] or type(error).__name__}. If it was not '
            'downloaded completely, delete it and download it again.')


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
    if not separator or scheme in ('http', 'https'):
        return checkpoint
    if scheme not in _CATALOGUES:
        raise ValueError(
            f'init_cfg.checkpoint={checkpoint!r}: {scheme}:// is not known, '
            f'only {", ".join(f"{known}://" for known in _CATALOGUES)}, '
            'http:// and https://. A backbone of timm takes its weights with '
            'pretrained=True in place of init_cfg.')
    catalogue = _CATALOGUES[scheme]()
    if name not in catalogue:
        raise ValueError(f'init_cfg.checkpoint={checkpoint!r}: {scheme} has '
                         f'no weights of the name {name!r}')
    return catalogue[name]


def _download(url: str) -> Path:
    """Into PyTorch's cache, once on each machine."""
    path = Path(get_dir(), 'checkpoints', Path(urlparse(url).path).name)
    failure = None
    # Launchers count the processes of a machine; without a launcher there is
    # one.
    if os.environ.get('LOCAL_RANK', '0') == '0':
        failure = _download_if_missing(url, path)
    # All of them wait here, and none of them for ever if one has failed.
    for text in all_gather_object(failure):
        if text is not None:
            raise FileNotFoundError(text)
    return path


def _download_if_missing(url: str, path: Path) -> Optional[str]:
    """Returns what went wrong, or None."""
    if path.exists():
        return None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        download_url_to_file(url, str(path), progress=False)
    except (URLError, OSError) as error:
        return (f'cannot download {url} ({error}). Download it elsewhere and '
                f'put it at {path}, give its path as init_cfg.checkpoint, or '
                'set init_cfg=None to start from random weights.')
    return None
