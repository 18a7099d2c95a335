"""Subcommands that are tools of the package, with all that follows them."""
import os
import sys
from pathlib import Path
from typing import List

import fusionreid_mm

#: Names of the files in ``tools``, and what they do.
ALIASES = {
    'train': 'train a model: tools/train.py, with all its arguments',
    'test': 'test a checkpoint: tools/test.py, with all its arguments',
}


def run_tool(name: str, arguments: List[str]) -> int:
    """Become ``python tools/NAME.py ARGUMENTS``; returns only where there is
    no such file."""
    path = find_tools() / f'{name}.py'
    if not path.is_file():
        print(
            f'fusionreid: error: there is no {path}: install fusionreid_mm '
            'again',
            file=sys.stderr)
        return 1
    os.execv(sys.executable, [sys.executable, str(path), *arguments])


def find_tools() -> Path:
    """The folder ``tools``: of a checkout, or ``.mim`` of an installed
    package."""
    package = Path(fusionreid_mm.__file__).parent
    is_checkout = (package.parent / 'model-index.yml').is_file()
    root = package.parent if is_checkout else package / '.mim'
    return root / 'tools'
