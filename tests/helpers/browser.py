"""A browser without a window, to see pages as people do."""
import os
import shutil
from contextlib import contextmanager
from typing import Any, Iterator, List
from urllib.parse import urlsplit

import pytest

NAMES = ('chromium', 'chromium-browser', 'google-chrome')

# Nothing of its own goes to the network.
_ARGUMENTS = ('--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
              '--no-first-run', '--disable-background-networking',
              '--disable-component-update', '--disable-sync')

# Milliseconds: on a machine that is busy with other tests.
_PATIENCE = 60_000


def find_browser() -> str:
    """The path of a Chromium. Skips the test where there is none, or no
    playwright to drive it; fails it in continuous integration."""
    try:
        import playwright  # noqa: F401
    except ImportError:
        _missing('playwright: pip install "fusionreid_mm[tests]"')
    for path in map(shutil.which, NAMES):
        if path:
            return path
    _missing(f'a browser on the PATH, one of {", ".join(NAMES)}: '
             'apt-get install chromium')
    raise AssertionError('not reached')


def _missing(what: str) -> None:
    message = f'this test needs {what}'
    if os.environ.get('CI'):
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def open_browser() -> Iterator[Any]:
    """A ``playwright.sync_api.Browser``."""
    path = find_browser()
    from playwright.sync_api import sync_playwright
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=path, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(browser: Any, url: str, **options: Any) -> Iterator[Any]:
    """A page of a visitor of its own.

    It must ask nobody but this machine, and report no error.

    Args:
        browser (Browser): Of :func:`open_browser`.
        url (str): What to load.
        **options: Of ``browser.new_context``, as ``viewport``.
    """
    hosts: List[str] = []
    errors: List[str] = []
    context = browser.new_context(**options)
    context.set_default_timeout(_PATIENCE)
    try:
        page = context.new_page()
        page.on('request', lambda request: hosts.append(_host(request.url)))
        page.on('websocket', lambda socket: hosts.append(_host(socket.url)))
        page.on('pageerror', lambda error: errors.append(str(error)))
        page.on('dialog', lambda dialog: errors.append(dialog.message))
        page.goto(url)
        yield page
    finally:
        context.close()
    assert hosts and set(hosts) <= {'127.0.0.1', 'localhost', ''}
    assert not errors


def _host(url: str) -> str:
    """None of pictures that are a part of the page."""
    parts = urlsplit(url)
    return '' if parts.scheme in ('data', 'blob') else parts.hostname or ''
