from .searcher import Searcher
from .server import check_address, serve, serving, told_to_end

__all__ = ['Searcher', 'check_address', 'serve', 'serving', 'told_to_end']
