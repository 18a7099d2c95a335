"""Running the command-line tools, as a user would or within this process."""
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Dict

from .golden import ROOT

TOOLS = ROOT / 'tools'

#: For ``PYTHONWARNINGS``: also what Python only tells developers.
DEPRECATIONS_TOO = 'default::DeprecationWarning'


def script_environment(**changes: str) -> Dict[str, str]:
    """Of processes whose scripts call the python of this environment."""
    return {
        **os.environ, 'PATH':
        f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        'OMP_NUM_THREADS': '1',
        **changes
    }


def run_process(tool: str, *args, **environment) -> str:
    """Run a tool in a process of its own; its output, if it succeeds."""
    path = TOOLS / tool
    interpreter = ['bash'] if path.suffix == '.sh' else [sys.executable]
    done = subprocess.run(
        [*interpreter, str(path), *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=script_environment(**environment))
    assert done.returncode == 0, done.stdout[-5000:]
    return done.stdout


def run_inline(monkeypatch, tool: str, *args) -> None:
    """Run a tool here, where its errors can be caught."""
    path = TOOLS / tool
    monkeypatch.setattr(sys, 'argv', [str(path), *map(str, args)])
    runpy.run_path(str(path), run_name='__main__')
