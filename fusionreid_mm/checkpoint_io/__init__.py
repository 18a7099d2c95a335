from .atomic_write import remove_leftovers, write_atomically
from .config_text import read_config_text
from .safe_load import (BrokenCheckpoint, UnsafeCheckpoint, read_checkpoint,
                        safe_globals)
from .safetensors_file import to_safetensors
from .source import find_file
from .writable import check_writable_file, check_writable_folder

__all__ = [
    'BrokenCheckpoint', 'UnsafeCheckpoint', 'check_writable_file',
    'check_writable_folder', 'find_file', 'read_checkpoint',
    'read_config_text', 'remove_leftovers', 'safe_globals', 'to_safetensors',
    'write_atomically'
]
