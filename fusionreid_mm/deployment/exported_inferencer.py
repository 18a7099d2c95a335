import logging
from contextlib import nullcontext
from itertools import islice
from typing import (Any, Callable, ContextManager, Iterable, Iterator, List,
                    Optional, Tuple)

import numpy as np

from fusionreid_mm.sources import PersonImage, UnreadableImageError, read_image
from fusionreid_mm.sources.image_items import (Camids, Described, Images, Item,
                                               check_array, check_options,
                                               descriptors_of, items_of)
from .bundle import read_bundle
from .manifest import Manifest, Threshold
from .onnx_session import OnnxSession

#: From images (B, 3, H, W) of uint8 and camera ids (B, ) of int64, or None, to
#: descriptors (B, D).
Graph = Callable[[np.ndarray, Optional[np.ndarray]], np.ndarray]

_SMALLEST_NORM = 1e-12

_logger = logging.getLogger('fusionreid_mm')


class ExportedInferencer:
    """Descriptors of images of people, by an exported model: what
    :class:`.ReIDInferencer` is without MMEngine and PyTorch.

    It needs NumPy, Pillow, OpenCV and ONNX Runtime.

    Args:
        model (str | PathLike): A bundle of ``tools/deployment/export.py``: a
            file ``*.fusionreid``, or a folder.
        weights (None): There are none beside the bundle.
        device (str, optional): ``'cpu'``, ``'cuda'`` or ``'cuda:1'``. None
            takes what ONNX Runtime can use.
        show_progress (bool): Whether to draw a progress bar, where there is a
            terminal. Defaults to False.

    Attributes:
        manifest (Manifest): What is known of the model.

    Raises:
        FileNotFoundError: If there is no such bundle.
        BrokenBundle: If it is damaged, or something else.
        ImportError: If ONNX Runtime is not installed.
        ValueError: If there are weights, or ONNX Runtime cannot run it.

    ::

        inferencer = ExportedInferencer('person.fusionreid')
        first, second = inferencer(['a.jpg', 'b.jpg'])
        inferencer.same_person(first, second)
    """

    def __init__(self,
                 model: Any,
                 weights: None = None,
                 device: Optional[str] = None,
                 show_progress: bool = False) -> None:
        if weights is not None:
            raise ValueError(f'{model} holds its weights: there cannot be '
                             f'weights={weights!r} too')
        bundle = read_bundle(model)
        self._set(bundle.manifest, OnnxSession(bundle, device))
        self.show_progress = show_progress

    @classmethod
    def of_graph(cls, manifest: Manifest,
                 graph: Graph) -> 'ExportedInferencer':
        """One that runs whatever computes the same as the bundle's model."""
        inferencer = cls.__new__(cls)
        inferencer._set(manifest, graph)
        inferencer.show_progress = False
        return inferencer

    def __call__(self,
                 images: Images,
                 camids: Camids = None,
                 batch_size: int = 32) -> np.ndarray:
        """Describe people; see :meth:`.ReIDInferencer.__call__`. A model
        without cameras does not look at ``camids``.

        Returns:
            np.ndarray: (N, D) of float32, not normalised.
        """
        check_options(batch_size)
        items = items_of(images, camids)
        with self._progress(items) as advance:
            return descriptors_of(
                self._batches(items, batch_size, False), advance)

    def stream(
        self,
        images: Images,
        camids: Camids = None,
        batch_size: int = 32,
        on_bad_image: str = 'raise'
    ) -> Iterator[Tuple[List[Described], np.ndarray]]:
        """Describe people batch after batch, without keeping anything; see
        :meth:`.ReIDInferencer.stream`."""
        check_options(batch_size, on_bad_image)
        items = items_of(images, camids)
        return self._batches(items, batch_size, on_bad_image == 'skip')

    @property
    def fingerprint(self) -> str:
        """That of the model that was exported."""
        return self.manifest.fingerprint

    @property
    def descriptor_size(self) -> int:
        """D: the length of a descriptor."""
        return self.manifest.descriptor_size

    @property
    def threshold(self) -> Optional[Threshold]:
        """When two images are taken for the same person, if that was measured
        when the model was exported."""
        return self.manifest.threshold

    def same_person(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whether two images are taken for the same person.

        Args:
            first (np.ndarray): Descriptors (D, ) or (N, D).
            second (np.ndarray): Likewise. Of (N, 1, D) and (M, D) all pairs
                are compared.

        Returns:
            np.ndarray: Of bool; of each pair, as NumPy broadcasts them.

        Raises:
            ValueError: If the bundle has no threshold, or a descriptor is not
                of this model.
        """
        if self.threshold is None:
            raise ValueError(
                'the bundle has no threshold: export the model with '
                '--thresholds, a file of a test with fars of ReIDMetric')
        first, second = (
            np.asarray(descriptors, np.float64)
            for descriptors in (first, second))
        for descriptors in (first, second):
            if descriptors.shape[-1:] != (self.descriptor_size, ):
                raise ValueError(
                    f'descriptors of this model are (..., '
                    f'{self.descriptor_size}): got {descriptors.shape}')
        if self.threshold.metric == 'euclidean':
            distances = np.linalg.norm(first - second, axis=-1)
            return distances <= self.threshold.value
        similarities = np.einsum('...d,...d->...', _normalize(first),
                                 _normalize(second))
        return similarities >= self.threshold.value

    def _set(self, manifest: Manifest, graph: Graph) -> None:
        self.manifest = manifest
        self._graph = graph

    def _progress(self, items: Iterable[Item]) -> ContextManager[Callable]:
        if not self.show_progress:
            return nullcontext(lambda done: None)
        # It needs rich, which nothing else here does.
        from fusionreid_mm.sources.progress import progress_bar
        total = len(items) if isinstance(items, list) else None
        return progress_bar(total, self.show_progress)

    def _batches(self, items: Iterable[Item], batch_size: int,
                 skip: bool) -> Iterator[Tuple[List[Described], np.ndarray]]:
        loaded = self._load(items, skip)
        while batch := list(islice(loaded, batch_size)):
            images, pixels, camids = zip(*batch)
            yield list(images), self._describe(np.stack(pixels), list(camids))

    def _load(
            self, items: Iterable[Item], skip: bool
    ) -> Iterator[Tuple[Described, np.ndarray, Optional[int]]]:
        for image, camid in items:
            try:
                pixels = self.manifest.preprocessing(_pixels(image))
            except UnreadableImageError as error:
                if not skip:
                    raise
                _logger.warning('%s; it is left out', error)
                continue
            yield image, pixels, camid

    def _describe(self, images: np.ndarray,
                  camids: List[Optional[int]]) -> np.ndarray:
        descriptors = self._graph(images, self._camera_input(camids))
        if not np.isfinite(descriptors).all():
            raise ValueError(
                'the model gave descriptors that are not finite' +
                (', which float16 cannot hold: export it without --fp16'
                 if self.manifest.precision == 'float16' else ''))
        return descriptors

    def _camera_input(self,
                      camids: List[Optional[int]]) -> Optional[np.ndarray]:
        number = self.manifest.num_cameras
        if not number:
            return None
        ids = np.array([-1 if camid is None else camid for camid in camids],
                       np.int64)
        if ids.max() >= number:
            raise ValueError(
                f'camera id {ids.max()} does not fit a model of {number} '
                'cameras (ids count from 0): give None for others')
        return np.maximum(ids, -1)


def _pixels(image: Described) -> np.ndarray:
    if isinstance(image, PersonImage):
        return read_image(image.name)
    check_array(image)
    return image


def _normalize(descriptors: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(descriptors, axis=-1, keepdims=True)
    return descriptors / np.maximum(norms, _SMALLEST_NORM)
