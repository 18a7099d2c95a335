from .availability import has_mmengine
from .version import __version__, version_info

if has_mmengine():
    from .compat import install_shims
    install_shims()

__all__ = ['__version__', 'version_info']
