import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, List

from .golden import ROOT

# Seconds, on a machine that is busy with other tests.
_PATIENCE = 180

# Writes down every address that a process connects to or asks for, before it
# does.
_WATCHED = '''
import os, socket

def _watch(name):
    original = getattr(socket.socket, name)

    def connect(self, address):
        with open(os.environ['CONNECTIONS'], 'a') as file:
            print(address[0] if isinstance(address, tuple) else 'unix',
                  file=file)
        return original(self, address)

    setattr(socket.socket, name, connect)

for name in ('connect', 'connect_ex'):
    _watch(name)

_getaddrinfo = socket.getaddrinfo

def getaddrinfo(host, *args, **kwargs):
    with open(os.environ['CONNECTIONS'], 'a') as file:
        print(host, file=file)
    return _getaddrinfo(host, *args, **kwargs)

socket.getaddrinfo = getaddrinfo
'''


class WebProcess:
    """A process of ``fusionreid web``, at a port that is free.

    Args:
        folder (Path): For its temporary files, what it prints, and the
            addresses that it connects to.
        *args: Of the command.
    """

    def __init__(self, folder: Path, *args: Any) -> None:
        self.temporary = folder / 'temporary'
        self.temporary.mkdir(parents=True)
        watch = folder / 'watch'
        watch.mkdir()
        (watch / 'sitecustomize.py').write_text(_WATCHED)
        self._connections = folder / 'connections.txt'
        self._connections.touch()
        self._output = folder / 'output.txt'
        with self._output.open('w') as output:
            self._process = subprocess.Popen(
                [
                    sys.executable, '-m', 'fusionreid_mm', 'web', '--port',
                    '0', *map(str, args)
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ, 'PYTHONPATH':
                    os.pathsep.join([str(watch), str(ROOT)]),
                    'TMPDIR':
                    str(self.temporary),
                    'CONNECTIONS':
                    str(self._connections),
                    'OMP_NUM_THREADS':
                    '1'
                })
        try:
            self.url = self._wait_for_address()
        except BaseException:
            self.kill()
            raise

    def _wait_for_address(self) -> str:
        last = time.monotonic() + _PATIENCE
        while time.monotonic() < last and self._process.poll() is None:
            found = re.search(r'at (http://\S+)', self.output)
            if found:
                return found.group(1)
            time.sleep(0.1)
        raise RuntimeError(f'no page was served:\n{self.output}')

    @property
    def output(self) -> str:
        """What it has printed."""
        return self._output.read_text()

    def connections(self) -> List[str]:
        """To whom it has connected."""
        return self._connections.read_text().split()

    def uploads(self) -> List[Path]:
        """Files that visitors have dropped."""
        return [
            path for path in self.temporary.rglob('fusionreid_web_*/**/*')
            if path.is_file()
        ]

    def end(self) -> int:
        """Tell it to end; its exit status."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(_PATIENCE)

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
