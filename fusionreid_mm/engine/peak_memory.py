"""The largest memory that something takes."""
import re
from pathlib import Path
from typing import Optional

import torch

_PROCESS = Path('/proc/self')


def reset_peak_memory(device: str) -> None:
    """Forget what was taken before now."""
    if device == 'cuda':
        torch.cuda.reset_peak_memory_stats()
    elif _PROCESS.is_dir():
        # 5 resets the peak resident set size of a process of Linux.
        (_PROCESS / 'clear_refs').write_text('5')


def peak_memory(device: str) -> Optional[int]:
    """Bytes since the last reset: of the GPU's tensors, or of the whole
    process without a GPU. None where it cannot be known."""
    if device == 'cuda':
        return torch.cuda.max_memory_allocated()
    if not _PROCESS.is_dir():
        return None
    status = (_PROCESS / 'status').read_text()
    peak, = re.findall(r'VmHWM:\s*(\d+) kB', status)
    return 1024 * int(peak)
