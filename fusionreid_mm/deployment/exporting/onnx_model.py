"""ONNX models of exported programs."""
import copy
from importlib import import_module
from types import ModuleType
from typing import Any

import torch
from torch.export import ExportedProgram

from .quiet import quietly

#: The default version of ONNX's operators. ONNX Runtime 1.14, TensorRT 8.6 and
#: OpenVINO 2023 know it; newer ones bring nothing that these models need.
OPSET = 18

#: Those which PyTorch's exporter makes for these models.
OPSETS = range(18, 24)

# In half precision too, these compute in float32. GeM raises pixels to their
# third power and takes the mean: beyond 40, this is more than float16 holds.
_FULL_PRECISION = ('Clip', 'Pow', 'AveragePool', 'GlobalAveragePool',
                   'ReduceMean')


def to_onnx(program: ExportedProgram, opset: int = OPSET) -> Any:
    """An ONNX model of a program.

    Args:
        program (ExportedProgram): Of :func:`.export_program`.
        opset (int): Version of ONNX's operators.

    Returns:
        onnx.ModelProto: With inputs ``images`` and, of some, ``camids``, and
        the output ``descriptors``, each of any batch size.

    Raises:
        ImportError: If what PyTorch needs for it is not installed.
        ValueError: If there is no such opset.
    """
    check_opset(opset)
    for name in ('onnx', 'onnxscript'):
        _import(name)
    names = list(program.graph_signature.user_inputs)
    with quietly():
        exported = torch.onnx.export(
            program,
            dynamo=True,
            input_names=names,
            output_names=['descriptors'],
            dynamic_shapes={name: {
                0: 'batch'
            }
                            for name in names},
            opset_version=opset,
            verbose=False)
    assert exported is not None
    return _without_traces(exported.model_proto)


def check_opset(opset: int) -> None:
    """Refuse a version of ONNX's operators that was never tried.

    Raises:
        ValueError: If it was not.
    """
    if opset not in OPSETS:
        raise ValueError(
            f'opset must be from {OPSETS[0]} to {OPSETS[-1]}: got {opset}')


def to_half(model: Any) -> Any:
    """A copy of an ONNX model that computes in float16, where that is safe;
    what goes in and out stays.

    Args:
        model (onnx.ModelProto): Of :func:`to_onnx`.

    Raises:
        ImportError: If ONNX Runtime, which converts, is not installed.
    """
    _import('onnxruntime')
    float16 = _import('onnxruntime.transformers.float16')
    half = float16.convert_float_to_float16(
        copy.deepcopy(model),
        keep_io_types=True,
        op_block_list=[*float16.DEFAULT_OP_BLOCK_LIST, *_FULL_PRECISION])
    _drop_detours(half)
    return half


def _drop_detours(model: Any) -> None:
    """Let numbers that go from one node in float32 to another stay so: the
    converter takes them through float16, where some are infinite."""
    kinds = _import('onnx').TensorProto
    made_by = {name: node for node in model.graph.node for name in node.output}

    def is_cast(node: Any, kind: int) -> bool:
        return node.op_type == 'Cast' and any(
            item.name == 'to' and item.i == kind for item in node.attribute)

    origin = {}
    for node in model.graph.node:
        if is_cast(node, kinds.FLOAT) and node.input[0] in made_by:
            before = made_by[node.input[0]]
            if is_cast(before, kinds.FLOAT16):
                origin[node.output[0]] = before.input[0]
    for node in model.graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = origin.get(name, name)
    used = {name for node in model.graph.node for name in node.input}
    used |= {output.name for output in model.graph.output}
    kept = [
        node for node in model.graph.node
        if node.op_type != 'Cast' or node.output[0] in used
    ]
    del model.graph.node[:]
    model.graph.node.extend(kept)


def _without_traces(model: Any) -> Any:
    """Without notes of which line of which file on this machine a node comes
    from."""
    for node in model.graph.node:
        node.ClearField('metadata_props')
        node.ClearField('doc_string')
    for value in (*model.graph.value_info, *model.graph.input,
                  *model.graph.output, *model.graph.initializer):
        value.ClearField('metadata_props')
        value.ClearField('doc_string')
    return model


def _import(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f'to export to ONNX needs {name}, which is not installed: '
            'pip install "fusionreid_mm[deploy]"') from error
