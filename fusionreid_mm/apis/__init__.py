from .explanation import explain
from .inferencer import ReIDInferencer
from .metafile import list_models
from .model import get_model

__all__ = ['ReIDInferencer', 'explain', 'get_model', 'list_models']
