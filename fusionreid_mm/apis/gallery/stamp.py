import os
from typing import Optional

from fusionreid_mm.sources import is_crop


def stamp_of(name: str) -> Optional[str]:
    """What changes when an image does: size and time of its file. None if
    there is no such file."""
    path = name.rpartition('#')[0] if is_crop(name) else name
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return f'{status.st_size}-{status.st_mtime_ns}'
