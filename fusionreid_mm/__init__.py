from .compat import install_shims
from .version import __version__, version_info

install_shims()

__all__ = ['__version__', 'version_info']
