from .gallery import Gallery
from .match import Match
from .passport import ModelSource

__all__ = ['Gallery', 'Match', 'ModelSource']
