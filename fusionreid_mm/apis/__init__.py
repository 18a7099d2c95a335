from .explanation import explain
from .extraction import extract_features, left_out, read_features
from .feature_files import ExtractionJob, read_job
from .inferencer import ReIDInferencer
from .metafile import list_models
from .model import get_model

__all__ = [
    'ExtractionJob', 'ReIDInferencer', 'explain', 'extract_features',
    'get_model', 'left_out', 'list_models', 'read_features', 'read_job'
]
