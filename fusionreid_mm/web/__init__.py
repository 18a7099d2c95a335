from .searcher import Searcher
from .server import check_serving, serve, serving, told_to_end

__all__ = ['Searcher', 'check_serving', 'serve', 'serving', 'told_to_end']
