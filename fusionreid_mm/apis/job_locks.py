import os
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Union

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]


class JobLocks:
    """Which process does which part of a job in a folder.

    Each part is a byte of a file that the system lets one process lock. It
    takes the lock back when the process ends, however it ends, so that what a
    killed process had begun is free again. Works between machines if the
    folder's file system passes locks on, as NFS does.

    Args:
        path (str | PathLike): The file. It is made if need be, and stays.

    Raises:
        OSError: If there are no such locks on the system or in the folder.
    """

    def __init__(self, path: Union[str, 'os.PathLike[str]']) -> None:
        if fcntl is None:
            raise OSError('this system has no locks on parts of files '
                          '(fcntl), by which the processes of a job share it')
        self.path = Path(path)
        # A second file object of this process would, when it is closed, take
        # the locks of the first with it.
        self._file = open(self.path, 'ab')

    def __enter__(self) -> 'JobLocks':
        return self

    def __exit__(self, *args) -> None:
        self._file.close()

    @contextmanager
    def whole_job(self) -> Iterator[None]:
        """Wait until nobody else has it, and have it."""
        self._lock(fcntl.LOCK_EX, 0)
        try:
            yield
        finally:
            self._lock(fcntl.LOCK_UN, 0)

    @contextmanager
    def part(self, index: int) -> Iterator[bool]:
        """Have a part, unless another process has it: whether it is so."""
        try:
            self._lock(fcntl.LOCK_EX | fcntl.LOCK_NB, index + 1)
        except (BlockingIOError, PermissionError):
            yield False
            return
        try:
            yield True
        finally:
            self._lock(fcntl.LOCK_UN, index + 1)

    def _lock(self, kind: int, start: int) -> None:
        try:
            fcntl.lockf(self._file, kind, 1, start)
        except (BlockingIOError, PermissionError):
            raise
        except OSError as error:
            raise OSError(
                error.errno, f'{self.path} cannot be locked '
                f'({error.strerror}): put the job on a file system with locks'
            ) from error
