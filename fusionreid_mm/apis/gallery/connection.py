"""Reaching Milvus: a file of Milvus Lite on this machine, or a server."""
import logging
import os
import os.path as osp
import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Iterator, List, Optional

if TYPE_CHECKING:
    from pymilvus import MilvusClient

_LITE_SUFFIX = '.db'
_SERVER_SCHEMES = ('http://', 'https://', 'tcp://', 'unix:')

# Of each file of Milvus Lite, how many of this process have it open. pymilvus
# would keep it, and its lock, until the process ends.
_open_files: Counter = Counter()
_lock = threading.Lock()


def is_file(uri: str) -> bool:
    """Whether a URI is a file of Milvus Lite.

    Raises:
        ValueError: If it is neither that nor a server.
    """
    if uri.startswith(_SERVER_SCHEMES):
        return False
    if not uri.endswith(_LITE_SUFFIX):
        raise ValueError(
            f'{uri!r} is no place for a gallery: give a path that ends with '
            f'{_LITE_SUFFIX}, or the address of a Milvus server, such as '
            'http://localhost:19530')
    return True


class Connection:
    """To Milvus, until it is closed.

    Args:
        uri (str): A path that ends with ``.db``, which is made if it is not
            there, or the address of a server.
        **options: Of ``MilvusClient``, as ``token`` and ``db_name``.

    Raises:
        ImportError: If pymilvus or milvus-lite is missing.
        OSError: If the file cannot be opened, or no server answers.
    """

    def __init__(self, uri: str, **options: Any) -> None:
        self.path = osp.realpath(uri) if is_file(uri) else None
        check_libraries(self.path is not None)
        _silence_lite()
        if self.path is None:
            self.client = _connect(uri, uri, options)
            return
        _make_parent(self.path)
        with _lock:
            self.client = _connect(self.path, uri, options)
            _open_files[self.path] += 1

    def close(self) -> None:
        """Let others open the file, when nobody here needs it any longer."""
        if self.client is None:
            return
        self.client.close()
        self.client = None
        if self.path is None:
            return
        from milvus_lite.server_manager import server_manager_instance
        with _lock:
            _open_files[self.path] -= 1
            if not _open_files[self.path]:
                del _open_files[self.path]
                server_manager_instance.release_server(self.path)


def check_libraries(needs_lite: bool) -> None:
    """Raises:
        ImportError: That says what to install.
    """
    try:
        import pymilvus  # noqa: F401
        if needs_lite:
            import milvus_lite  # noqa: F401
    except ImportError as error:
        raise ImportError(f'a gallery needs {error.name}: '
                          'pip install "fusionreid_mm[gallery]"') from error


def _silence_lite() -> None:
    """It has no time stamps for iterators, of which pymilvus and gRPC tell
    each time."""
    for name in ('pymilvus.client.iterator.query_iterator', 'grpc._server'):
        logging.getLogger(name).addFilter(_is_worth_telling)


def _is_worth_telling(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, NotImplementedError)
                or 'mvccTs' in record.getMessage())


def _connect(uri: str, name: str, options: dict) -> 'MilvusClient':
    from pymilvus import MilvusClient, MilvusException
    with _logged_errors() as causes:
        try:
            return MilvusClient(uri, **options)
        except MilvusException as error:
            failure = error
    raise _explained(name, causes[0] if causes else failure)


def _explained(name: str, cause: BaseException) -> OSError:
    if type(cause).__name__ == 'DataDirLockedError':
        return BlockingIOError(
            f'another process has the gallery {name} open, and a file of '
            'Milvus Lite has one user at a time: close it there (the web page,'
            ' a notebook, an extraction), or serve it to all with "milvus-lite'
            f' server --data-dir {name}" and open the address of that')
    if isinstance(cause, FileExistsError):
        return FileExistsError(
            f'{name} is a file, but a gallery of Milvus Lite is a folder: '
            'take another name')
    if isinstance(cause, PermissionError):
        return PermissionError(
            f'the gallery {name} cannot be written: {cause.strerror}')
    if is_file(name):
        return OSError(f'the gallery {name} cannot be opened: {cause}')
    message = getattr(cause, 'message', cause)
    return ConnectionError(f'no Milvus server can be used at {name}: '
                           f'{message}')


def _make_parent(path: str) -> None:
    try:
        os.makedirs(osp.dirname(path), exist_ok=True)
    except OSError as error:
        raise type(error)(
            f'the gallery {path} cannot be made: {error}') from error


@contextmanager
def _logged_errors() -> Iterator[List[BaseException]]:
    """What the libraries log instead of raising, and not on the screen."""
    causes: List[BaseException] = []

    class Keeper(logging.Handler):

        def emit(self, record: logging.LogRecord) -> None:
            error: Optional[BaseException] = record.exc_info and \
                record.exc_info[1] or None
            if error is not None:
                causes.append(error)

    loggers = [logging.getLogger(name) for name in ('milvus_lite', 'pymilvus')]
    states = [(logger.handlers, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.handlers, logger.propagate = [Keeper()], False
    try:
        yield causes
    finally:
        for logger, state in zip(loggers, states):
            logger.handlers, logger.propagate = state
