from .filters import Filter
from .gallery import Gallery
from .match import Match
from .passport import ModelSource

__all__ = ['Filter', 'Gallery', 'Match', 'ModelSource']
