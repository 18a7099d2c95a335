"""The files that a model is exported to, by their suffixes."""
import io
import json
from pathlib import Path
from typing import Callable, Dict, NamedTuple, Optional

import numpy as np
import torch
from torch import Tensor

from ..bundle import SUFFIX, Bundle, pack_bundle
from ..exported_inferencer import Graph
from ..manifest import Manifest, to_json
from ..onnx_session import OnnxSession
from .descriptor_graph import DescriptorGraph
from .onnx_model import to_half, to_onnx
from .quiet import quietly
from .trace import export_program, trace_torchscript

# What is known of the model, in files that are no bundle.
_MANIFEST = 'bundle.json'


class ExportedFile(NamedTuple):
    """A file to be written.

    Attributes:
        content: Of the file.
        graph: What it computes, read from the content.
    """
    content: bytes
    graph: Graph


Writer = Callable[[DescriptorGraph, Manifest, int], ExportedFile]


def bundle_file(graph: DescriptorGraph, manifest: Manifest,
                opset: int) -> ExportedFile:
    """``*.fusionreid``, which :class:`.ExportedInferencer` reads."""
    bundle = Bundle(manifest, opset,
                    _onnx(graph, manifest, opset).SerializeToString())
    return ExportedFile(pack_bundle(bundle), OnnxSession(bundle, 'cpu'))


def onnx_file(graph: DescriptorGraph, manifest: Manifest,
              opset: int) -> ExportedFile:
    """``*.onnx``, for other programs; its metadata has the ``bundle.json``."""
    model = _onnx(graph, manifest, opset)
    entry = model.metadata_props.add()
    entry.key, entry.value = _MANIFEST, json.dumps(to_json(manifest))
    content = model.SerializeToString()
    return ExportedFile(content,
                        OnnxSession(Bundle(manifest, opset, content), 'cpu'))


def program_file(graph: DescriptorGraph, manifest: Manifest,
                 opset: int) -> ExportedFile:
    """``*.pt2`` of ``torch.export``, with the ``bundle.json`` as an extra
    file."""
    program = export_program(graph, manifest.preprocessing,
                             bool(manifest.num_cameras))
    file = io.BytesIO()
    with quietly():
        torch.export.save(program, file, extra_files=_extra_files(manifest))
        file.seek(0)
        loaded = torch.export.load(file)
    return ExportedFile(file.getvalue(), _run(loaded.module()))


def torchscript_file(graph: DescriptorGraph, manifest: Manifest,
                     opset: int) -> ExportedFile:
    """``*.torchscript``, which LibTorch reads too, with the ``bundle.json`` as
    an extra file."""
    script = trace_torchscript(graph, manifest.preprocessing,
                               bool(manifest.num_cameras))
    file = io.BytesIO()
    with quietly():
        torch.jit.save(script, file, _extra_files=_extra_files(manifest))
        file.seek(0)
        loaded = torch.jit.load(file)
    return ExportedFile(file.getvalue(), _run(loaded))


#: What is written, by the suffix of its name.
WRITERS: Dict[str, Writer] = {
    SUFFIX: bundle_file,
    '.onnx': onnx_file,
    '.pt2': program_file,
    '.torchscript': torchscript_file,
}

#: Those that hold an ONNX model, which can compute in float16.
ONNX_SUFFIXES = (SUFFIX, '.onnx')


def writer_of(path: Path, precision: str = 'float32') -> Writer:
    """What writes a file of such a name.

    Raises:
        ValueError: If nothing does, or not in that precision.
    """
    if path.suffix not in WRITERS:
        raise ValueError(f'{path}: the name must end with '
                         f'{", ".join(WRITERS)}, which says the format')
    if precision == 'float16' and path.suffix not in ONNX_SUFFIXES:
        raise ValueError(
            f'{path}: only {" and ".join(ONNX_SUFFIXES)} can compute in '
            'float16; with PyTorch, use torch.autocast')
    return WRITERS[path.suffix]


def _onnx(graph: DescriptorGraph, manifest: Manifest, opset: int):
    program = export_program(graph, manifest.preprocessing,
                             bool(manifest.num_cameras))
    model = to_onnx(program, opset)
    return to_half(model) if manifest.precision == 'float16' else model


def _extra_files(manifest: Manifest) -> Dict[str, str]:
    return {_MANIFEST: json.dumps(to_json(manifest), indent=2)}


def _run(module: Callable[..., Tensor]) -> Graph:

    def graph(images: np.ndarray, camids: Optional[np.ndarray]) -> np.ndarray:
        inputs = [images] if camids is None else [images, camids]
        with torch.no_grad():
            return module(*map(torch.from_numpy, inputs)).numpy()

    return graph
