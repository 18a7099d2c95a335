from .explanation import explain
from .gallery import Gallery, Match, ModelSource
from .inferencer import ReIDInferencer
from .metafile import list_models
from .model import get_model

__all__ = [
    'Gallery', 'Match', 'ModelSource', 'ReIDInferencer', 'explain',
    'get_model', 'list_models'
]
