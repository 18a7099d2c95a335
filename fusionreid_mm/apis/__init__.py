from fusionreid_mm.availability import has_mmengine
from fusionreid_mm.deployment import ExportedInferencer
from .gallery import Filter, Gallery, Match, ModelSource

__all__ = [
    'ExportedInferencer', 'Filter', 'Gallery', 'Match', 'ModelSource',
    'ReIDInferencer'
]

if has_mmengine():
    from .explanation import explain
    from .export import export_model
    from .extraction import extract_features, left_out, read_features
    from .feature_files import ExtractionJob, read_job
    from .inferencer import ReIDInferencer
    from .metafile import list_models
    from .model import get_model

    __all__ += [
        'ExtractionJob', 'explain', 'export_model', 'extract_features',
        'get_model', 'left_out', 'list_models', 'read_features', 'read_job'
    ]
else:
    # All that there is without.
    ReIDInferencer = ExportedInferencer  # type: ignore[assignment, misc]
