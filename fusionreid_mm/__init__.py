from .availability import has_mmengine, is_command_line
from .version import __version__, version_info

# The command line does it itself, when it knows that it needs it: its help is
# to be there at once.
if has_mmengine() and not is_command_line():
    from .compat import install_shims
    install_shims()

__all__ = ['__version__', 'version_info']
