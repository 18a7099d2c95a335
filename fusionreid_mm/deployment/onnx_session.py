"""Running an ONNX model by ONNX Runtime."""
import os
import re
from typing import Dict, List, Optional, Tuple, Union

import numpy as np

from .bundle import Bundle
from .manifest import Manifest

# What ONNX Runtime calls what runs on a processor of each kind.
_CPU = 'CPUExecutionProvider'
_CUDA = 'CUDAExecutionProvider'

# That no program can make.
_NO_FOLDER = os.path.join(os.path.abspath(os.devnull), 'no folder')

_Provider = Union[str, Tuple[str, Dict[str, int]]]


class OnnxSession:
    """An exported model, ready to run.

    Args:
        bundle (Bundle): Of :func:`.read_bundle`.
        device (str, optional): ``'cpu'``, ``'cuda'`` or ``'cuda:1'``. None
            takes a GPU if ONNX Runtime knows how to, and there is one.

    Raises:
        ImportError: If ONNX Runtime is not installed.
        ValueError: If there is no such device, or the model is not what the
            bundle says of it.
    """

    def __init__(self, bundle: Bundle, device: Optional[str] = None) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise ImportError(
                'an exported model is run by ONNX Runtime, which is not '
                'installed: pip install onnxruntime, or '
                'pip install "fusionreid_mm[deploy]"') from error
        options = onnxruntime.SessionOptions()
        # Warnings are of nodes that run on the CPU on purpose.
        options.log_severity_level = 3
        # As many threads as PyTorch would take; by itself, ONNX Runtime does
        # not look at the variable. 0: all cores.
        options.intra_op_num_threads = _num_threads()
        # A model may say that its weights are in other files, for which the
        # SHA-256 of the bundle would not vouch.
        options.add_session_config_entry(
            'session.model_external_initializers_file_folder_path', _NO_FOLDER)
        providers = _providers(onnxruntime.get_available_providers(), device)
        try:
            self._session = onnxruntime.InferenceSession(
                bundle.model, options, providers=providers)
        # Of a model that is no ONNX, or of operators that are too new.
        except Exception as error:
            raise ValueError(
                f'ONNX Runtime {onnxruntime.__version__} cannot run this '
                f'model of opset {bundle.opset}: {error}') from error
        self.device = ('cuda'
                       if self._session.get_providers()[0] == _CUDA else 'cpu')
        if device is not None and not device.startswith(self.device):
            raise ValueError(
                f'there is no device {device!r} that ONNX Runtime can use: it '
                f'runs on {self._session.get_providers()}')
        self._check(bundle.manifest)

    def __call__(self, images: np.ndarray,
                 camids: Optional[np.ndarray]) -> np.ndarray:
        """Descriptors (B, D) of float32, of images (B, 3, H, W) of uint8 and,
        where the model takes some, camera ids (B, ) of int64."""
        inputs = dict(images=images)
        if camids is not None:
            inputs['camids'] = camids
        return self._session.run(['descriptors'], inputs)[0]

    def _check(self, manifest: Manifest) -> None:
        size = manifest.preprocessing[:2]
        expected = {'images': ('tensor(uint8)', [3, *size])}
        if manifest.num_cameras:
            expected['camids'] = ('tensor(int64)', [])
        outputs = {
            'descriptors': ('tensor(float)', [manifest.descriptor_size])
        }
        for of_bundle, of_model in ((expected, self._session.get_inputs()),
                                    (outputs, self._session.get_outputs())):
            found = {
                item.name: (item.type, list(item.shape[1:]))
                for item in of_model
            }
            # Sizes that the graph leaves open have names.
            if found != of_bundle or any(not isinstance(item.shape[0], str)
                                         for item in of_model):
                raise ValueError(f'the model has {found}, but the bundle says '
                                 f'{of_bundle}, each for any batch')


def _num_threads() -> int:
    text = os.environ.get('OMP_NUM_THREADS', '')
    return int(text) if text.isdigit() else 0


def _providers(available: List[str], device: Optional[str]) -> List[_Provider]:
    if device is None:
        return [name for name in (_CUDA, _CPU) if name in available]
    if device == 'cpu':
        return [_CPU]
    match = re.fullmatch(r'cuda(?::(\d+))?', device)
    if match is None:
        raise ValueError("device must be 'cpu', 'cuda' or 'cuda:NUMBER': got "
                         f'{device!r}')
    if _CUDA not in available:
        raise ValueError(
            f'device={device!r} needs an ONNX Runtime that was built for GPUs:'
            ' pip uninstall onnxruntime; pip install onnxruntime-gpu')
    return [(_CUDA, dict(device_id=int(match[1] or 0))), _CPU]
