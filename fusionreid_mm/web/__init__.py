from .searcher import Searcher
from .server import serve, serving

__all__ = ['Searcher', 'serve', 'serving']
