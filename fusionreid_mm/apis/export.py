import os
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Union

from fusionreid_mm.checkpoint_io import write_atomically
from fusionreid_mm.deployment import ExportedInferencer, Manifest, Threshold
from fusionreid_mm.deployment.exporting import (BATCH_SIZES, ONNX_SUFFIXES,
                                                OPSET, TOLERANCES, Difference,
                                                build_graph, check_opset,
                                                check_torch, compare,
                                                manifest_of, random_camids,
                                                random_images, writer_of)
from fusionreid_mm.engine.pipelines import pipeline_of_tests
from fusionreid_mm.sources import list_images
from .inferencer import ReIDInferencer

# Of noise, in a check.
_NUM_RANDOM = 12


class Export(NamedTuple):
    """A file that was written.

    Attributes:
        path: The file.
        manifest: What is known of the model.
        opset: Version of ONNX's operators. None: it is no ONNX file.
        differences: How far its descriptors are from PyTorch's, by the kind of
            images: ``'random'``, and ``'real'`` if there were some.
    """
    path: Path
    manifest: Manifest
    opset: Optional[int]
    differences: Dict[str, Difference]


def export_model(inferencer: ReIDInferencer,
                 path: Union[str, 'os.PathLike[str]'],
                 images: Any = (),
                 with_cameras: bool = True,
                 precision: str = 'float32',
                 threshold: Optional[Threshold] = None,
                 opset: int = OPSET,
                 tolerance: Optional[float] = None) -> Export:
    """Write a model to a file that runs without MMEngine, and make sure that
    it gives the same descriptors. Nothing is written if it does not.

    Args:
        inferencer (ReIDInferencer): The model, best on the CPU, where the
            exported one is checked.
        path (str | PathLike): The file, which must not be there yet. Its
            suffix says what it is: ``'.fusionreid'``, a bundle, which
            ``ReIDInferencer`` reads; ``'.onnx'``, ``'.pt2'`` of torch.export
            or ``'.torchscript'`` for other programs.
        images: Images of people to check it with, as of
            :func:`.list_images`, beside noise. Defaults to none.
        with_cameras (bool): Whether it takes camera ids, if the model does.
            Defaults to True.
        precision (str): ``'float32'`` or, of a bundle and ONNX,
            ``'float16'``. Defaults to ``'float32'``.
        threshold (Threshold, optional): When two images are taken for the same
            person, of :func:`.threshold_of`.
        opset (int): Version of ONNX's operators. Defaults to 18.
        tolerance (float, optional): How far the numbers of normalised
            descriptors may be from PyTorch's. None: 1e-4, and 5e-3 with
            float16.

    Raises:
        FileExistsError: If the file is there.
        OSError: If its folder cannot be made or written to.
        RuntimeError: If PyTorch is too old, or the descriptors are not the
            same.
        ValueError: If the name ends with nothing of these, or the model
            cannot be exported.
    """
    path = Path(path)
    check_torch()
    check_opset(opset)
    writer = writer_of(path, precision)
    if path.exists():
        raise FileExistsError(f'{path} is there already: remove it, or give '
                              'another name')
    _check_folder(path)
    real_images = list_images(images) if _is_any(images) else []
    manifest = manifest_of(inferencer.model, pipeline_of_tests(inferencer.cfg),
                           inferencer.fingerprint, with_cameras, precision,
                           threshold)
    file = writer(build_graph(inferencer.model), manifest, opset)
    exported = ExportedInferencer.of_graph(manifest, file.graph)
    differences = dict(
        random=_compare(inferencer, exported, random_images(_NUM_RANDOM),
                        BATCH_SIZES))
    if real_images:
        differences['real'] = _compare(inferencer, exported, real_images,
                                       BATCH_SIZES[-1:])
    _check(path, differences,
           TOLERANCES[precision] if tolerance is None else tolerance)
    write_atomically(path, file.content)
    is_onnx = path.suffix in ONNX_SUFFIXES
    return Export(path, manifest, opset if is_onnx else None, differences)


def _check_folder(path: Path) -> None:
    """Before work that takes minutes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise PermissionError(f'cannot write {path}: its folder is write-'
                              'protected')


def _is_any(images: Any) -> bool:
    return not isinstance(images, (list, tuple)) or bool(images)


def _compare(inferencer: ReIDInferencer, exported: ExportedInferencer,
             images: List, batch_sizes: Sequence[int]) -> Difference:
    camids = random_camids(len(images), exported.manifest.num_cameras)
    return compare(inferencer, exported, images, camids, batch_sizes)


def _check(path: Path, differences: Dict[str, Difference],
           tolerance: float) -> None:
    for kind, difference in differences.items():
        # NaN is not small.
        if not difference.largest <= tolerance:
            raise RuntimeError(
                f'{path} is not written: its descriptors of {kind} images '
                f'differ from those of PyTorch by up to '
                f'{difference.largest:.2e}, and {tolerance:.2e} is allowed '
                f'(lowest cosine similarity {difference.lowest_similarity:.6f}'
                ')')
