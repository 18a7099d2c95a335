"""Reading a checkpoint without running what it may hold.

A pickle may call anything. PyTorch's safe loader (``weights_only=True``) lets
it call only what rebuilds tensors and what is on an allow-list. The list here
has what MMEngine's Runner keeps beside the weights, and no more: NumPy's own
constructors are not on it, since they make an array of Python objects from any
bytes, which are then taken for addresses. What stands in for them knows arrays
of numbers.
"""
import argparse
import os
import pickle
import re
import sys
import tarfile
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, Dict, NoReturn, Tuple, Union

import numpy as np
import torch
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from mmengine.logging import HistoryBuffer
from mmengine.optim.scheduler import OneCycleParamScheduler
from mmengine.utils import digit_version
from torch import _weights_only_unpickler

from .safetensors_file import read_safetensors

#: Before this version torch has no allow-list under the names in a file, and
#: its safe loader can be tricked (CVE-2025-32434).
_HAS_ALLOW_LIST = digit_version(torch.__version__) >= digit_version('2.6.0')

# How PyTorch's loader, and the one below, name what they refuse.
_STRANGER = re.compile(r'(?:GLOBAL|[Uu]nsupported class) ([\w.]+)')
_ANSI = re.compile(r'\x1b\[[0-9;]*m')
_NUMBERS = re.compile(r'[biufc][0-9]{1,2}')

_READABLE_ATTRIBUTES = {
    HistoryBuffer: ('min', 'max', 'current', 'mean'),
    OneCycleParamScheduler: ('_annealing_cos', '_annealing_linear'),
}


class BrokenCheckpoint(ValueError):
    """A file that is not whole."""


class UnsafeCheckpoint(ValueError):
    """A file that wants to call what no checkpoint of ours needs."""


def read_checkpoint(path: Union[str, os.PathLike],
                    map_location: Any = None) -> Any:
    """What is in a file of weights, or in a checkpoint of the Runner.

    Each place that reads one does it through this function; so does MMEngine
    (:func:`fusionreid_mm.compat.guard_checkpoint_loaders`).

    Args:
        path (str | PathLike): A file of ``torch.save``, or ``.safetensors``.
        map_location: As in :func:`torch.load`.

    Raises:
        FileNotFoundError: If there is no such file.
        BrokenCheckpoint: If it is cut short or damaged.
        UnsafeCheckpoint: If it wants to call what is not on the list. Nothing
            of it was run.
        ValueError: If this machine lacks the device of ``map_location``, or
            without one, that of the tensors.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'there is no checkpoint file {str(path)!r}')
    try:
        if path.suffix == '.safetensors':
            return read_safetensors(path, map_location)
        _refuse_archives(path)
        return _load(path, map_location)
    except (BrokenCheckpoint, UnsafeCheckpoint, PermissionError, MemoryError,
            torch.cuda.OutOfMemoryError):
        raise
    # Damaged bytes make the readers raise anything.
    except Exception as error:
        if map_location != 'cpu' and _is_whole(path):
            raise ValueError(
                f'{path} is whole, but cannot be read with '
                f'map_location={map_location!r}: {error}') from error
        _refuse(path, error)


def safe_globals() -> list:
    """The allow-list, each entry with the name that files know it by; for
    :func:`torch.serialization.add_safe_globals`."""
    # A name without a dot cannot be written into a file: objects of these
    # types are filled, but not made by a file.
    filled = [(kind, kind.__name__) for kind in (np.ndarray, *_NUMBER_TYPES)]
    return [*((item, name) for name, item in _ALLOWED.items()), *filled]


def _is_whole(path: Path) -> bool:
    try:
        read_checkpoint(path, 'cpu')
    except ValueError:
        return False
    return True


def _load(path: Path, map_location: Any) -> Any:
    if _HAS_ALLOW_LIST:
        return torch.load(path, map_location, weights_only=True)
    return _load_restricted(path, map_location)


def _load_restricted(path: Path, map_location: Any) -> Any:
    """As the safe loader, for versions of torch that have no good one."""
    if _is_archive(path):
        # As torch looks at it, which would run it.
        with torch.serialization._open_zipfile_reader(str(path)) as reader:
            if torch.serialization._is_torchscript_zip(reader):
                _refuse_program(path)
    return torch.load(
        path, map_location, pickle_module=_Restricted, weights_only=False)


def _refuse_archives(path: Path) -> None:
    """What PyTorch would load by other means, and damage that it would not
    notice."""
    if _is_archive(path):
        if not zipfile.is_zipfile(path):
            raise BrokenCheckpoint(_broken(path, 'its end is missing'))
        with zipfile.ZipFile(path) as archive:
            names = [name.rpartition('/')[2] for name in archive.namelist()]
            if 'constants.pkl' in names:
                _refuse_program(path)
            damaged = archive.testzip()
            if damaged is not None:
                raise BrokenCheckpoint(_broken(path, f'{damaged} is damaged'))
    elif path.stat().st_size and tarfile.is_tarfile(path):
        raise UnsafeCheckpoint(
            f'{path} is in the format of PyTorch before 0.1.10, which cannot '
            f'be read safely. {_how_to_convert(path)}')


def _is_archive(path: Path) -> bool:
    """Whether torch takes the file for a zip archive."""
    with open(path, 'rb') as file:
        return file.read(4) == b'PK\x03\x04'


def _refuse_program(path: Path) -> NoReturn:
    raise UnsafeCheckpoint(f'{path} is a TorchScript program, not a '
                           'checkpoint: save model.state_dict()')


def _refuse(path: Path, error: Exception) -> NoReturn:
    text = _ANSI.sub('', str(error))
    stranger = _STRANGER.search(text)
    if stranger:
        raise UnsafeCheckpoint(
            f'{path} is refused: beside tensors it asks for '
            f'{stranger.group(1)}, which could run code. Nothing of it was '
            f'run. {_how_to_convert(path)}') from None
    first_sentence = re.split(r'\.\s', text.strip())[0].rstrip('.')
    raise BrokenCheckpoint(
        _broken(path, first_sentence[:200] or type(error).__name__)) from error


def _broken(path: Path, reason: str) -> str:
    return (f'{path} is not a whole file of weights ({reason}). If it was not '
            'downloaded completely, delete it and download it again.')


def _how_to_convert(path: Path) -> str:
    return ('If you trust whoever wrote it, keep its weights alone: python '
            f'tools/model_converters/publish_model.py --trust {path} '
            f'{path.stem}_weights.pth')


def _getattr_of_history(owner: Any, name: str) -> Any:
    """The ``getattr`` that a checkpoint may call."""
    if isinstance(owner, type) and name in _READABLE_ATTRIBUTES.get(owner, ()):
        return getattr(owner, name)
    raise pickle.UnpicklingError(
        f'GLOBAL getattr of {name!r}, which no checkpoint needs')


def _array_type(*args) -> NoReturn:
    """Stands for ``numpy.ndarray``, which is named but never called."""
    raise pickle.UnpicklingError('GLOBAL numpy.ndarray, called as a function')


def _empty_array(*args) -> np.ndarray:
    """Stands for NumPy's ``_reconstruct``, whose result is filled later."""
    return np.empty(0, np.int8)


def _number_type(code: str, *args) -> np.dtype:
    """Stands for ``numpy.dtype``: those of numbers, which nothing changes."""
    if not isinstance(code, str) or not _NUMBERS.fullmatch(code):
        raise pickle.UnpicklingError(
            f'GLOBAL numpy.dtype of {code!r}, which are not numbers')
    return np.dtype(code)


_CORE = 'numpy._core' if hasattr(np, '_core') else 'numpy.core'
_scalar = sys.modules[f'{_CORE}.multiarray'].scalar

_NUMBER_TYPES: Tuple[Any, ...] = tuple(
    {type(np.dtype(code))
     for code in np.typecodes['AllInteger'] + '?efdgFDG'})

_ALLOWED: Dict[str, Any] = {
    'mmengine.logging.history_buffer.HistoryBuffer': HistoryBuffer,
    'mmengine.optim.scheduler.param_scheduler.OneCycleParamScheduler':
    OneCycleParamScheduler,
    # A plain container: T2T-ViT's and timm's training keep their options.
    'argparse.Namespace': argparse.Namespace,
    'builtins.getattr': _getattr_of_history,
    'numpy.ndarray': _array_type,
    'numpy.dtype': _number_type,
    # NumPy 1 and 2 write different module paths: each reads both.
    'numpy.core.multiarray._reconstruct': _empty_array,
    'numpy._core.multiarray._reconstruct': _empty_array,
    'numpy.core.multiarray.scalar': _scalar,
    'numpy._core.multiarray.scalar': _scalar,
}

# The one in Python, whose steps can be overridden.
_PythonUnpickler: Any = getattr(pickle, '_Unpickler')

# What a file may fill.
_FILLED = (HistoryBuffer, OrderedDict, argparse.Namespace, np.ndarray,
           torch.Tensor, torch.nn.Parameter, *_NUMBER_TYPES)


class _Restricted:
    """A module of pickling for :func:`torch.load` that finds only what is on
    PyTorch's list and on ours, and fills only objects of known types. Can go
    when torch 2.6 is the oldest that is supported."""

    class Unpickler(_PythonUnpickler):
        dispatch = dict(_PythonUnpickler.dispatch)

        def find_class(self, module: str, name: str) -> Any:
            # Files name things as Python 2 did.
            module, name = NAME_MAPPING.get((module, name), (module, name))
            full_name = f'{IMPORT_MAPPING.get(module, module)}.{name}'
            known = _weights_only_unpickler._get_allowed_globals()
            if full_name in _ALLOWED:
                return _ALLOWED[full_name]
            if full_name in known:
                return known[full_name]
            raise pickle.UnpicklingError(f'GLOBAL {full_name}')

        def load_build(self) -> None:
            kind = type(self.stack[-2])
            if kind not in _FILLED:
                raise pickle.UnpicklingError(
                    f'GLOBAL {kind.__module__}.{kind.__qualname__}, to be '
                    'filled')
            super().load_build()

        dispatch[pickle.BUILD[0]] = load_build

    @staticmethod
    def load(file: Any, **kwargs) -> Any:
        return _Restricted.Unpickler(file, **kwargs).load()
