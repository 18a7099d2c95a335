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
    from .inferencer import ReIDInferencer
    from .metafile import list_models
    from .model import get_model

    __all__ += ['explain', 'export_model', 'get_model', 'list_models']
else:
    # All that there is without.
    ReIDInferencer = ExportedInferencer  # type: ignore[assignment, misc]
