from .bundle import BrokenBundle, Bundle, is_bundle, read_bundle
from .exported_inferencer import ExportedInferencer
from .manifest import Manifest, Threshold
from .preprocessing import Preprocessing

__all__ = [
    'BrokenBundle', 'Bundle', 'ExportedInferencer', 'Manifest',
    'Preprocessing', 'Threshold', 'is_bundle', 'read_bundle'
]
