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
    # Python calls a module so until it has found it.
    is_module = sys.argv[0] == '-m' and ('-m', 'fusionreid_mm') in zip(
        sys.orig_argv, sys.orig_argv[1:])
    return is_module or Path(sys.argv[0]).stem == 'fusionreid'
