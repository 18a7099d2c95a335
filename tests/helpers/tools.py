"""Running the command-line tools, as a user would or within this process."""
import os
import runpy
import subprocess
import sys
from pathlib import Path

from .golden import ROOT

TOOLS = ROOT / 'tools'

#: For ``PYTHONWARNINGS``: also what Python only tells developers.
DEPRECATIONS_TOO = 'default::DeprecationWarning'


def run_process(tool: str, *args, **environment) -> str:
    """Run a tool in a process of its own; its output, if it succeeds."""
    path = TOOLS / tool
    interpreter = ['bash'] if path.suffix == '.sh' else [sys.executable]
    done = subprocess.run(
        [*interpreter, str(path), *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={
            **os.environ,
            # The scripts call the python of this environment.
            'PATH':
            f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            'OMP_NUM_THREADS':
            '1',
            **environment
        })
    assert done.returncode == 0, done.stdout[-5000:]
    return done.stdout


def run_inline(monkeypatch, tool: str, *args) -> None:
    """Run a tool here, where its errors can be caught."""
    path = TOOLS / tool
    monkeypatch.setattr(sys, 'argv', [str(path), *map(str, args)])
    runpy.run_path(str(path), run_name='__main__')
