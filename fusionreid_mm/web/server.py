import logging
import os
import signal
import socket
import tempfile
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Dict, Iterator, Optional

from .searcher import Searcher, check_topk

if TYPE_CHECKING:
    from fusionreid_mm.apis import Gallery, ReIDInferencer

_LOGGER = logging.getLogger(__name__)

# What Gradio and the libraries under it would ask of the network, and files
# that its environment variables would serve.
_OFFLINE = {
    'GRADIO_ANALYTICS_ENABLED': 'False',
    'GRADIO_ALLOWED_PATHS': '',
    'GRADIO_SHARE': 'False',
    'HF_HUB_OFFLINE': '1',
    'HF_HUB_DISABLE_TELEMETRY': '1',
}

# People who wait, are answered at the same time, and whose last search is
# remembered.
_LONGEST_QUEUE = 64
_AT_A_TIME = 4
_SESSIONS = 100

#: This machine alone.
LOCALHOST = '127.0.0.1'


def check_serving(host: str, port: int, topk: int) -> None:
    """Make sure that a page can be served, before anything is loaded.

    Args:
        host (str): See :func:`serving`, as for the others.
        port (int): Likewise.
        topk (int): Likewise.

    Raises:
        ImportError: If Gradio is missing.
        OSError: If something else has the port, or it may not be taken.
        ValueError: If there is no such port, or so many images cannot be
            shown.
    """
    _check_gradio()
    check_topk(topk)
    if not 0 <= port <= 65535:
        raise ValueError(f'a port is from 0 to 65535: got {port}')
    try:
        _find_port(host, port)
    except OSError as error:
        raise OSError(f'no page can be served at {host}, port {port}: '
                      f'{error.strerror}. Give another port, or 0 for any '
                      'that is free') from error


def _check_gradio() -> None:
    try:
        import gradio  # noqa: F401
    except ImportError as error:
        raise ImportError(f'the page needs {error.name}: '
                          'pip install "fusionreid_mm[web]"') from error


def _find_port(host: str, port: int) -> int:
    """Itself, or one that is free if it is 0."""
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        return probe.getsockname()[1]


@contextmanager
def serving(searcher: Searcher,
            host: str = LOCALHOST,
            port: int = 7860,
            topk: int = 20) -> Iterator[str]:
    """Serve a page as long as the context lasts.

    What is dropped on it lies in a folder that goes with it. Nothing is asked
    of the network.

    Args:
        searcher (Searcher): Of the gallery.
        host (str): Name or number of an interface of this machine. Defaults to
            this machine alone.
        port (int): 0 takes any that is free. Defaults to 7860.
        topk (int): How many images to show at first. Defaults to 20.

    Yields:
        str: The page's address.

    Raises:
        ImportError: If Gradio is missing.
        OSError: If something else has the port.
        ValueError: If there is no such port, or so many images cannot be
            shown.
    """
    check_serving(host, port, topk)
    with tempfile.TemporaryDirectory(prefix='fusionreid_web_') as folder, \
            _environment(dict(_OFFLINE, **_direct(), GRADIO_TEMP_DIR=folder)):
        from .page import build_page
        from .query import MAX_UPLOAD
        from .style import CSS, page_theme
        page = build_page(searcher, topk)
        page.queue(
            max_size=_LONGEST_QUEUE, default_concurrency_limit=_AT_A_TIME)
        port = _find_port(host, port)
        try:
            page.launch(
                server_name=host,
                server_port=port,
                share=False,
                inline=False,
                quiet=True,
                show_error=False,
                prevent_thread_lock=True,
                footer_links=[],
                run_history=False,
                enable_monitoring=False,
                ssr_mode=False,
                pwa=False,
                mcp_server=False,
                max_file_size=MAX_UPLOAD,
                state_session_capacity=_SESSIONS,
                theme=page_theme(),
                css=CSS)
            yield f'http://{_shown(host)}:{port}'
        finally:
            page.close(verbose=False)


def serve(gallery: 'Gallery',
          inferencer: 'ReIDInferencer',
          host: str = LOCALHOST,
          port: int = 7860,
          topk: int = 20,
          threshold: Optional[float] = None) -> None:
    """Serve a page to search a gallery by pictures, until the process is
    interrupted or told to end (SIGINT, SIGTERM).

    Args:
        gallery (Gallery): To search.
        inferencer (ReIDInferencer): Its model, or an exported one.
        host (str): See :func:`serving`, as for the next two.
        port (int): Likewise.
        topk (int): Likewise.
        threshold (float, optional): See :class:`.Searcher`.

    ::

        inferencer = ReIDInferencer('fusionreid_market', 'weights.pth')
        with Gallery('people.db', inferencer) as gallery:
            serve(gallery, inferencer)
    """
    searcher = Searcher(gallery, inferencer, threshold)
    with told_to_end() as ended, serving(searcher, host, port, topk) as url:
        size = searcher.summary().size
        _LOGGER.info('%d pictures can be searched at %s', size, url)
        ended.wait()


@contextmanager
def told_to_end() -> Iterator[threading.Event]:
    """An event that is set when the process is interrupted or told to end
    (SIGINT, SIGTERM), which does not end it meanwhile.

    Only the main thread of a process is told; in others, it is never set.
    """
    ended = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield ended
        return
    handlers = {
        number: signal.signal(number, lambda *_: ended.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield ended
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def _environment(changes: Dict[str, str]) -> Iterator[None]:
    """Of this process, as it was afterwards."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _direct() -> Dict[str, str]:
    """So that Gradio finds its own server without the network's proxy."""
    own = f'{LOCALHOST},localhost'
    return {
        name: ','.join(filter(None, [os.environ.get(name), own]))
        for name in ('NO_PROXY', 'no_proxy')
    }


def _shown(host: str) -> str:
    """How a browser on this machine calls an interface."""
    if host in ('0.0.0.0', '::', ''):
        return 'localhost'
    return f'[{host}]' if ':' in host else host
