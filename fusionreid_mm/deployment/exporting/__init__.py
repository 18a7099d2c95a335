from .comparison import (BATCH_SIZES, TOLERANCES, Difference, compare,
                         random_camids, random_images)
from .descriptor_graph import DescriptorGraph
from .files import ONNX_SUFFIXES, WRITERS, ExportedFile, writer_of
from .manifest_of import manifest_of
from .onnx_model import OPSET, OPSETS, check_opset
from .preprocessing_of import preprocessing_of
from .threshold_of import threshold_of
from .trace import build_graph, check_torch

__all__ = [
    'BATCH_SIZES', 'Difference', 'DescriptorGraph', 'ExportedFile',
    'ONNX_SUFFIXES', 'OPSET', 'OPSETS', 'TOLERANCES', 'WRITERS', 'build_graph',
    'check_opset', 'check_torch', 'compare', 'manifest_of', 'preprocessing_of',
    'random_camids', 'random_images', 'threshold_of', 'writer_of'
]
