"""Told before long work begins: whether what it finds can be written."""
import os
from pathlib import Path
from typing import Union


def check_writable_file(path: Union[str, os.PathLike]) -> None:
    """Refuse the name of a file that could not be written. Nothing is made.

    Raises:
        OSError: If it is a folder, or its folder cannot be made or written to.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f'{path} is a folder: name a file in it')
    _check_folder(path.parent, path)


def check_writable_folder(path: Union[str, os.PathLike]) -> None:
    """Refuse a folder that could not be made or written to. Nothing is made.

    Raises:
        OSError: If it is not possible, as where there is a file.
    """
    _check_folder(Path(path), Path(path))


def _check_folder(folder: Path, path: Path) -> None:
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise NotADirectoryError(f'cannot write {path}: {folder} is a file, '
                                 'not a folder. Choose another name')
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f'cannot write {path}: {folder} is write-'
                              'protected')
