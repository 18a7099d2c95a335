import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import pytest
from helpers.drawn_data import write_image
from helpers.golden import ROOT

from fusionreid_mm.cli import main
from fusionreid_mm.web import check_serving, page, serve, serving, told_to_end
from fusionreid_mm.web.query import MAX_UPLOAD


def files_in(folder: Path) -> list:
    return [path for path in folder.rglob('*') if path.is_file()]


def upload(url: str, content: bytes) -> httpx.Response:
    return httpx.post(
        f'{url}/gradio_api/upload', files=[('files', ('a.png', content))])


def test_what_is_dropped_goes_with_the_page(searcher, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path / 'temporary'))
    monkeypatch.setenv('GRADIO_ANALYTICS_ENABLED', 'True')
    monkeypatch.setenv('GRADIO_ALLOWED_PATHS', '/')
    monkeypatch.delenv('HF_HUB_OFFLINE', raising=False)
    (tmp_path / 'temporary').mkdir()
    write_image(tmp_path / 'a.png')
    before = dict(os.environ)
    with serving(searcher, port=0) as url:
        assert url.startswith('http://127.0.0.1:')
        assert os.environ['HF_HUB_OFFLINE'] == '1'
        content = (tmp_path / 'a.png').read_bytes()
        answer = upload(url, content)
        assert answer.status_code == 200
        kept, = files_in(tmp_path / 'temporary')
        assert str(kept) == answer.json()[0]
        assert kept.read_bytes() == content
        assert upload(url, b'0' * (MAX_UPLOAD + 1)).status_code == 413
        # Whatever the environment says.
        for name in (tmp_path / 'a.png', '/etc/passwd'):
            served = httpx.get(f'{url}/gradio_api/file={name}')
            assert served.status_code == 403
        for address in ('monitoring', 'gradio_api/runs'):
            assert httpx.get(f'{url}/{address}').status_code in (403, 404)
        config = httpx.get(f'{url}/config').json()
        assert not config['analytics_enabled']
        for word in ('googleapis', 'gstatic', 'cdnjs'):
            assert word not in httpx.get(f'{url}/theme.css').text
    assert not list((tmp_path / 'temporary').iterdir())
    assert dict(os.environ) == before
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_what_is_dropped_is_deleted_in_time(searcher, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    monkeypatch.setattr(page, '_DELETE_EVERY', 1)
    monkeypatch.setattr(page, '_DELETE_AFTER', 1)
    with serving(searcher, port=0) as url:
        assert upload(url, b'a picture').status_code == 200
        assert len(files_in(tmp_path)) == 1
        for _ in range(600):
            if not files_in(tmp_path):
                break
            time.sleep(0.05)
        assert not files_in(tmp_path)


def test_serve_until_told_to_end(searcher, caplog):
    """The signal comes when the page is there."""
    answers = []

    def visit():
        while not (found := [
                word for record in caplog.records
                for word in record.getMessage().split() if 'http://' in word
        ]):
            threading.Event().wait(0.05)
        answers.append(httpx.get(found[0]).status_code)
        os.kill(os.getpid(), signal.SIGTERM)

    caplog.set_level('INFO', logger='fusionreid_mm.web')
    before = signal.getsignal(signal.SIGTERM)
    visitor = threading.Thread(target=visit)
    visitor.start()
    serve(searcher.gallery, searcher.inferencer, port=0)
    visitor.join()
    assert answers == [200]
    assert '13 pictures can be searched at' in caplog.text
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_signals(number):
    with told_to_end() as ended:
        assert not ended.is_set()
        os.kill(os.getpid(), number)
        assert ended.wait(10)


def test_signals_of_other_threads():
    results = []

    def wait():
        with told_to_end() as ended:
            results.append(ended.is_set())

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join()
    assert results == [False]


def test_a_port_that_is_taken():
    with socket.socket() as other:
        other.bind(('127.0.0.1', 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=f'127.0.0.1, port {port}: .*in use'):
            check_serving('127.0.0.1', port, 20)
        check_serving('127.0.0.1', 0, 20)
    with pytest.raises(ValueError, match='from 0 to 65535: got 70000'):
        check_serving('127.0.0.1', 70000, 20)
    with pytest.raises(OSError, match='no page can be served at 192.0.2.1'):
        check_serving('192.0.2.1', 0, 20)


def told(capsys, *args) -> str:
    """The error of ``fusionreid web``."""
    assert main(['web', *map(str, args)]) == 1
    return capsys.readouterr().err


def test_errors_of_the_command(capsys, small, tmp_path, monkeypatch):
    assert 'there is no gallery' in told(capsys, '--gallery',
                                         tmp_path / 'no.db')
    assert 'a port is from 0' in told(capsys, '--gallery', small.uri, '--port',
                                      -1)
    assert 'from 1 to 100 pictures' in told(capsys, '--gallery', small.uri,
                                            '--port', 0, '--topk', 0)
    monkeypatch.setitem(sys.modules, 'gradio', None)
    assert 'pip install "fusionreid_mm[web]"' in told(capsys, '--gallery',
                                                      small.uri)


def test_without_torch():
    """As where only what was exported is used."""
    code = '''
import importlib.util, sys
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name: (
    None if name in ('torch', 'mmengine') else find_spec(name))
import fusionreid_mm.web.page, fusionreid_mm.web.style
from fusionreid_mm.cli.main import build_parser
build_parser()
print([name for name in ('torch', 'mmengine') if name in sys.modules])
'''
    done = subprocess.run([sys.executable, '-c', code],
                          capture_output=True,
                          text=True,
                          cwd=ROOT)
    assert done.stdout == '[]\n', done.stderr
