import sys
from importlib.util import find_spec
from pathlib import Path


def has_mmengine() -> bool:
    """Whether models can be built and trained here. What was exported runs
    without."""
    return all(find_spec(name) for name in ('torch', 'mmengine'))


def is_command_line() -> bool:
    """Whether this process is the command ``fusionreid``, and no program that
    uses the package."""
    is_module = sys.orig_argv[1:3] == ['-m', 'fusionreid_mm']
    return is_module or Path(sys.argv[0]).stem == 'fusionreid'
