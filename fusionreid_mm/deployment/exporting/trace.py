"""Graphs of :class:`.DescriptorGraph`, for any batch size."""
import copy
from typing import Dict, Tuple

import torch
from mmengine.utils import digit_version
from torch import Tensor
from torch.export import Dim, ExportedProgram
from torch.jit import ScriptModule

from fusionreid_mm.models import FusionReID
from ..preprocessing import Preprocessing
from .descriptor_graph import DescriptorGraph
from .quiet import quietly

#: The first PyTorch with which models are exported: older ones cannot say
#: whether they are exporting (``torch.compiler.is_exporting``).
TORCH = '2.7.0'

# PyTorch takes a batch of one for a size that is always one.
_EXAMPLES = 2


def build_graph(model: FusionReID) -> DescriptorGraph:
    """A copy of what of a model is exported, on the CPU."""
    return DescriptorGraph(copy.deepcopy(model).cpu())


def export_program(graph: DescriptorGraph, preprocessing: Preprocessing,
                   with_cameras: bool) -> ExportedProgram:
    """The graph by ``torch.export``, of which the others but TorchScript are
    made.

    Args:
        graph (DescriptorGraph): What to export.
        preprocessing (Preprocessing): Tells the size of the images.
        with_cameras (bool): Whether it takes ``camids``.

    Raises:
        RuntimeError: If PyTorch is too old.
    """
    check_torch()
    inputs = example_inputs(preprocessing, with_cameras)
    batch = Dim('batch')
    with quietly(), torch.no_grad():
        return torch.export.export(
            graph,
            tuple(inputs.values()),
            dynamic_shapes={name: {
                0: batch
            }
                            for name in inputs})


def trace_torchscript(graph: DescriptorGraph, preprocessing: Preprocessing,
                      with_cameras: bool) -> ScriptModule:
    """The graph as TorchScript, which PyTorch no longer develops; LibTorch
    reads it. Arguments as of :func:`export_program`."""
    inputs = example_inputs(preprocessing, with_cameras)
    with quietly(), torch.no_grad():
        traced = torch.jit.trace(graph, tuple(inputs.values()))
        return torch.jit.freeze(traced)


def example_inputs(preprocessing: Preprocessing,
                   with_cameras: bool) -> Dict[str, Tensor]:
    """By the names that they have in all graphs."""
    shape: Tuple[int, ...] = (_EXAMPLES, 3, *preprocessing[:2])
    inputs = dict(images=torch.zeros(shape, dtype=torch.uint8))
    if with_cameras:
        inputs['camids'] = torch.zeros(_EXAMPLES, dtype=torch.int64)
    return inputs


def check_torch() -> None:
    """Refuse a PyTorch that is too old to export.

    Raises:
        RuntimeError: If it is.
    """
    if digit_version(torch.__version__) < digit_version(TORCH):
        raise RuntimeError(
            f'models are exported with PyTorch {TORCH} or newer, but this is '
            f'{torch.__version__}: export in another environment. What is '
            'exported runs without PyTorch')
