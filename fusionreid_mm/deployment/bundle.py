"""A model that can be sent to somebody: one file, or a folder.

A bundle holds ``model.onnx`` and ``bundle.json``. The file is a zip archive
that is not compressed, so ``unzip`` makes the folder of it. Nothing in it is
run, unpickled or unpacked to the disk.
"""
import errno
import hashlib
import io
import json
import os
import struct
import zipfile
from pathlib import Path
from typing import Any, Dict, NamedTuple, Union

from .manifest import Manifest, check, from_json, take, to_json

#: What the name of a bundle that is a file ends with.
SUFFIX = '.fusionreid'

_MANIFEST = 'bundle.json'
_MODEL = 'model.onnx'

# A manifest has about two thousand bytes, and protobuf, of which ONNX files
# are made, ends at two gigabytes.
_LARGEST_MANIFEST = 2**20
_LARGEST_MODEL = 2**31

# What zipfile raises, according to where the damage is.
_DAMAGED = (zipfile.BadZipFile, EOFError, NotImplementedError, struct.error)

_PathLike = Union[str, 'os.PathLike[str]']


class BrokenBundle(ValueError):
    """A bundle that is damaged, or something else; the message names it."""


class Bundle(NamedTuple):
    """An exported model and what is known of it.

    Attributes:
        manifest: What is known.
        opset: Version of ONNX's operators that the model needs.
        model: The ONNX file.
    """
    manifest: Manifest
    opset: int
    model: bytes


def is_bundle(path: Any) -> bool:
    """Whether something is the name of a file ``*.fusionreid``, or of a folder
    that was made of one."""
    if not isinstance(path, (str, os.PathLike)):
        return False
    path = Path(path)
    return path.suffix == SUFFIX or (path / _MANIFEST).is_file()


def pack_bundle(bundle: Bundle) -> bytes:
    """The file of a bundle, to be written.

    Raises:
        ValueError: If the model is too large.
    """
    if len(bundle.model) >= _LARGEST_MODEL:
        raise ValueError(f'the model has {len(bundle.model):,} bytes, and an '
                         'ONNX file may have two gigabytes')
    manifest = json.dumps(_content(bundle), indent=2) + '\n'
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w', zipfile.ZIP_STORED) as archive:
        for name, content in ((_MANIFEST, manifest.encode()), (_MODEL,
                                                               bundle.model)):
            # Without a time, so that the same bundle is the same file.
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def read_bundle(path: _PathLike) -> Bundle:
    """Read a bundle, and make sure that it is whole.

    Args:
        path (str | PathLike): A file ``*.fusionreid``, or a folder.

    Raises:
        FileNotFoundError: If there is none.
        BrokenBundle: If it is damaged, or something else.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f'there is no bundle {str(path)!r}')
    try:
        members = _read_folder(path) if path.is_dir() else _read_file(path)
        return _parse(members)
    except (*_DAMAGED, OSError) as error:
        # Damaged places are before the start of the file. Other errors, as of
        # rights, are not of the bundle.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise BrokenBundle(
            f'{path} is no bundle, or only a part of one: {error}. Copy it '
            'again, or export the model again') from error
    # JSON that is nested too deeply is a RecursionError, and a whole number
    # that no float holds an OverflowError.
    except (ValueError, RecursionError, OverflowError) as error:
        raise BrokenBundle(f'{path} is no bundle that can be used: {error}') \
            from error


def _content(bundle: Bundle) -> Dict[str, Any]:
    return dict(
        to_json(bundle.manifest),
        model=dict(
            file=_MODEL,
            opset=bundle.opset,
            bytes=len(bundle.model),
            sha256=hashlib.sha256(bundle.model).hexdigest()))


def _read_file(path: Path) -> Dict[str, bytes]:
    limits = {_MANIFEST: _LARGEST_MANIFEST, _MODEL: _LARGEST_MODEL}
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if sorted(entry.filename for entry in entries) != sorted(limits):
            raise ValueError(
                f'it must hold {_MANIFEST} and {_MODEL}, and nothing else: '
                f'got {[entry.filename for entry in entries][:5]}')
        for entry in entries:
            # What is not compressed is as large as it says.
            if entry.compress_type != zipfile.ZIP_STORED \
                    or entry.flag_bits & 1:
                raise ValueError(f'{entry.filename} in it is compressed or '
                                 'encrypted: zip it with "zip -0"')
            _check_size(entry.filename, entry.file_size)
        return {name: archive.read(name) for name in limits}


def _read_folder(path: Path) -> Dict[str, bytes]:
    members = {}
    for name in (_MANIFEST, _MODEL):
        file = path / name
        if not file.is_file():
            raise ValueError(f'there is no {name} in it')
        _check_size(name, file.stat().st_size)
        members[name] = file.read_bytes()
    return members


def _check_size(name: str, size: int) -> None:
    limit = _LARGEST_MANIFEST if name == _MANIFEST else _LARGEST_MODEL
    if size >= limit:
        raise ValueError(f'{name} has {size:,} bytes, and less than {limit:,} '
                         'are allowed')


def _parse(members: Dict[str, bytes]) -> Bundle:
    # Text that is no UTF-8, and no JSON, are errors of values too.
    content = json.loads(members[_MANIFEST].decode())
    manifest = from_json(content)
    file = take(content, 'model', dict)
    model = members[_MODEL]
    digest = hashlib.sha256(model).hexdigest()
    if len(model) != take(file, 'bytes', int) or \
            digest != take(file, 'sha256', str):
        raise ValueError(f'{_MODEL} in it is not the one that it was made '
                         'with: its SHA-256 is another')
    opset = take(file, 'opset', int)
    check('opset', opset, opset > 0)
    return Bundle(manifest, opset, model)
