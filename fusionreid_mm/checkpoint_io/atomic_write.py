"""Files that are there whole, or not at all."""
import os
import shutil
from pathlib import Path
from typing import Union

from mmengine.fileio import LocalBackend, register_backend

# Nothing looks for checkpoints under such a name.
_SUFFIX = '.part'


@register_backend('atomic_local', force=True)
class AtomicLocalBackend(LocalBackend):
    """MMEngine's files on this machine, by ``backend_args`` with
    ``backend='atomic_local'``: each is written by :func:`write_atomically`."""

    def put(self, obj: bytes, filepath: Union[str, Path]) -> None:
        write_atomically(filepath, obj)

    def put_text(self,
                 obj: str,
                 filepath: Union[str, Path],
                 encoding: str = 'utf-8') -> None:
        write_atomically(filepath, obj.encode(encoding))


def write_atomically(path: Union[str, os.PathLike], content: bytes) -> None:
    """Write a file under another name, and give it its own when it is on the
    disk: whatever stops the process or the machine, there is the old file or
    the new one.

    Args:
        path (str | PathLike): Replaced if it is there.
        content (bytes): Of the file.

    Raises:
        OSError: If it cannot be written, as on a full disk. ``path`` is then
            what it was, and no part of the new file is left.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + _SUFFIX)
    try:
        with open(part, 'wb') as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        free = shutil.disk_usage(path.parent).free
        raise OSError(
            error.errno, f'cannot write {path}: {error.strerror}. '
            f'It needs {len(content):,} bytes, and {free:,} are free on its '
            'disk. What was there before is whole; make room, and resume.'
        ) from error
    _flush_folder(path.parent)


def remove_leftovers(folder: Union[str, os.PathLike]) -> None:
    """Remove what a process that was killed had not yet written whole."""
    for part in Path(folder).glob(f'*.pth{_SUFFIX}'):
        part.unlink()


def _flush_folder(folder: Path) -> None:
    """The new name, too, must outlive a loss of power."""
    # Windows cannot open folders.
    if os.name == 'posix':
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
