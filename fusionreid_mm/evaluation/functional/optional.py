"""What is only there if an optional package is installed."""
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Optional


@lru_cache(maxsize=None)
def compiled_loops() -> Optional[ModuleType]:
    """The inner loops of ranking compiled by numba, or None without numba.

    They are imported when they are needed, since that takes a second.
    """
    try:
        return import_module('.compiled_loops', __package__)
    except ImportError:
        return None
