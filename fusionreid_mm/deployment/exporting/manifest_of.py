import hashlib
from importlib import metadata
from typing import Dict, List, Optional

from fusionreid_mm.models import FusionReID
from fusionreid_mm.version import __version__
from ..manifest import Manifest, Threshold
from .descriptor_graph import normalization_of, num_cameras_of
from .preprocessing_of import preprocessing_of

# What makes a file, beside this package.
_LIBRARIES = ('torch', 'onnx', 'onnxscript', 'onnxruntime')


def manifest_of(model: FusionReID,
                pipeline: List[dict],
                fingerprint: str,
                with_cameras: bool = True,
                precision: str = 'float32',
                threshold: Optional[Threshold] = None) -> Manifest:
    """What is to be known of a model when it is exported.

    Args:
        model (FusionReID): The model.
        pipeline (List[dict]): The transforms of the test.
        fingerprint (str): Of the model.
        with_cameras (bool): Whether the exported model is told cameras, if
            the model is. Defaults to True.
        precision (str): In which it computes. Defaults to ``'float32'``.
        threshold (Threshold, optional): When two images are taken for the same
            person.

    Raises:
        ValueError: If the model cannot be exported.
    """
    num_cameras = 0
    if with_cameras:
        num_cameras = num_cameras_of(model)
    elif _is_told_anything(model):
        # Images of known cameras get other descriptors.
        fingerprint = _other_fingerprint(fingerprint)
    return Manifest(
        fingerprint=fingerprint,
        preprocessing=preprocessing_of(pipeline),
        normalization=normalization_of(model),
        num_cameras=num_cameras,
        columns=model.head.embedding_columns,
        precision=precision,
        threshold=threshold,
        versions=_versions())


def _is_told_anything(model: FusionReID) -> bool:
    return any(
        getattr(branch.backbone, name, False)
        for branch in model.branches.values()
        for name in ('uses_cameras', 'uses_views'))


def _other_fingerprint(fingerprint: str) -> str:
    digest = hashlib.sha256(f'{fingerprint} without cameras'.encode())
    return digest.hexdigest()[:len(fingerprint)]


def _versions() -> Dict[str, str]:
    versions = dict(fusionreid_mm=__version__)
    for name in _LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
