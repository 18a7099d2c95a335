"""The weights in a file, whoever wrote it."""
import os
from typing import Any, Mapping, Union

from torch import Tensor

from fusionreid_mm.checkpoint_io import find_file, read_checkpoint
from .state_dict import StateDict, metadata_of, with_metadata

# Where training programs keep the weights: the averages of T2T-ViT's, timm's
# and DeiT's training, mmpretrain, DeiT, DINO.
_CONTAINERS = ('state_dict_ema', 'model_ema', 'state_dict', 'model', 'teacher')


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
    try:
        path = find_file(os.fspath(checkpoint))
        content = read_checkpoint(path, map_location)
    except (FileNotFoundError, ValueError) as error:
        reason = str(error).rstrip('.')
        raise type(error)(
            f'init_cfg.checkpoint: {reason}. init_cfg=None starts from random '
            'weights.') from error
    if not isinstance(content, Mapping):
        raise ValueError(f'{path} holds a {type(content).__name__}, not a '
                         'state dict: save model.state_dict()')
    content = find_weights(content)
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


def find_weights(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where a training program keeps the weights in what it saves, the
    averages first; or all of it, if it saved nothing else."""
    for name in _CONTAINERS:
        if isinstance(content.get(name), Mapping):
            return content[name]
    return content
