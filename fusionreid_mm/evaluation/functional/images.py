"""The images that are compared, and in what portions.

Shapes: N images, Q queries, G gallery images, D channels.
"""
from typing import Any, Iterator, NamedTuple, Optional, Tuple, Union

import numpy as np
import torch
from torch import Tensor

from .distance import METRICS, build_similarity
from .match_ranks import Annotations, GalleryShard, Processes
from .optional import compiled_loops

Array = Union[np.ndarray, Tensor]

#: Bytes that comparing takes beyond the features, if nothing else is said.
MEMORY_BUDGET = 64 * 2**20

# Rows that are looked at, or sent, at a time.
_CHUNK = 1024

# Squares of float32 numbers beyond these over- or underflow.
_SMALLEST, _LARGEST = 1e-15, 1e15


class Images(NamedTuple):
    """What one process has of the query or the gallery images.

    Attributes:
        features: (N, D), of floating point. N may be 0.
        annotations: Of these images.
    """
    features: Tensor
    annotations: Annotations

    def take(self, mask: np.ndarray) -> 'Images':
        """Those where a mask (N, ) is true."""
        rows = torch.from_numpy(mask).to(self.features.device)
        return Images(self.features[rows], self.annotations.take(mask))


def query_and_gallery(query_features: Array, gallery_features: Array,
                      query_pids: Array, gallery_pids: Array,
                      query_camids: Array,
                      gallery_camids: Array) -> Tuple[Images, Images]:
    """What people have, as images that can be compared: on the gallery's
    device, and of one dtype that holds all their numbers.

    Args:
        query_features (Array): (Q, D), array or tensor.
        gallery_features (Array): (G, D).
        query_pids (Array): (Q, ) integers.
        gallery_pids (Array): (G, ) integers.
        query_camids (Array): (Q, ) integers.
        gallery_camids (Array): (G, ) integers.

    Raises:
        ValueError: If an argument is empty, of another length than its
            fellows, or does not consist of such numbers.
    """
    query, gallery = features_of(query_features, gallery_features)
    return (Images(query,
                   _annotations(query_pids, query_camids, 'query',
                                len(query))),
            Images(
                gallery,
                _annotations(gallery_pids, gallery_camids, 'gallery',
                             len(gallery))))


def features_of(query_features: Array,
                gallery_features: Array) -> Tuple[Tensor, Tensor]:
    """The features of :func:`query_and_gallery` alone."""
    query = _features(query_features, 'query_features')
    gallery = _features(gallery_features, 'gallery_features')
    if query.size(1) != gallery.size(1):
        raise ValueError(
            f'query_features have {query.size(1)} channels, but '
            f'gallery_features {gallery.size(1)}: are they of one model?')
    dtype = torch.promote_types(query.dtype, gallery.dtype)
    return query.to(gallery.device, dtype), gallery.to(dtype)


def gallery_shard(query: Images, gallery: Images, processes: Processes,
                  metric: str) -> GalleryShard:
    """A process's part of the gallery, if all is fit to be compared.

    Args:
        query (Images): The queries of this process.
        gallery (Images): The gallery images of this process.
        processes (Processes): All of them.
        metric (str): One of ``METRICS``.

    Raises:
        ValueError: If there is no such metric, or if features are not finite,
            or so large or small that their products would not be.
    """
    check_images(query, gallery, processes, metric)
    return GalleryShard(
        build_similarity(metric, gallery.features), gallery.annotations,
        processes)


def check_images(query: Images, gallery: Images, processes: Processes,
                 metric: str) -> None:
    """Raise what :func:`gallery_shard` raises."""
    if metric not in METRICS:
        raise ValueError(f'metric must be one of {METRICS}: got {metric!r}')
    _check_magnitudes(query, gallery, processes)


def gather_images(images: Images, processes: Processes) -> Images:
    """The images of all processes in the order of their indices."""
    features = processes.gather_rows(images.features)
    everyones = zip(*processes.gather(images.annotations))
    annotations = Annotations(*map(np.concatenate, everyones))
    order = np.argsort(annotations.indices)
    if (np.diff(order) == 1).all():
        return Images(features, annotations)
    return Images(features[torch.from_numpy(order).to(features.device)],
                  annotations.take(order))


def collect_images(images: Images, processes: Processes) -> Images:
    """As :func:`gather_images`, but at the main process alone. The others get
    the annotations, without features."""
    numbers = processes.gather(len(images.features))
    if len(numbers) == 1:
        return gather_images(images, processes)
    everyones = zip(*processes.gather(images.annotations))
    annotations = Annotations(*map(np.concatenate, everyones))
    annotations = annotations.take(np.argsort(annotations.indices))
    features = images.features.new_empty(
        sum(numbers) if processes.is_main else 0, images.features.size(1))
    for start in range(0, max(numbers), _CHUNK):
        part = slice(start, start + _CHUNK)
        indices = np.concatenate(
            processes.gather(images.annotations.indices[part]))
        rows = processes.gather_rows(images.features[part])
        if processes.is_main:
            features[np.searchsorted(annotations.indices, indices)] = rows
    return Images(features, annotations)


def query_blocks(query: Images, processes: Processes,
                 block_size: int) -> Iterator[Images]:
    """Some queries of all processes at a time, until there are no more."""
    everyones = processes.gather(len(query.features))
    share = -(-block_size // len(everyones))
    for start in range(0, max(everyones), share):
        part = slice(start, start + share)
        annotations = processes.gather(query.annotations.take(part))
        yield Images(
            processes.gather_rows(query.features[part]),
            Annotations(*map(np.concatenate, zip(*annotations))))


class Sizes(NamedTuple):
    """Images that are compared at a time.

    Attributes:
        queries: Of a block.
        tile: Gallery images.
    """
    queries: int
    tile: int


# Compiled loops are the fastest while similarities are in the cache.
_MOST = Sizes(queries=2048, tile=2048)

# NumPy, which looks at one row after the other, and GPUs like long rows.
_MOST_OTHERWISE = Sizes(queries=1024, tile=8192)


def choose_sizes(features: Tensor, memory_budget: int) -> Sizes:
    """Sizes that fit into some bytes: half of them for the features of
    queries, and half for similarities.

    Raises:
        ValueError: If there are no bytes.
    """
    if memory_budget < 1:
        raise ValueError(
            f'memory_budget must be at least 1: got {memory_budget}')
    has_loops = features.device.type == 'cpu' and compiled_loops() is not None
    most = _MOST if has_loops else _MOST_OTHERWISE
    numbers = memory_budget // features.element_size() // 2
    queries = max(1, min(most.queries, numbers // features.size(1)))
    return Sizes(queries, tile=max(1, min(most.tile, numbers // queries)))


def _features(features: Array, name: str) -> Tensor:
    if isinstance(features, Tensor):
        tensor = features.detach()
    else:
        array = _numbers(features, name, 'fiub')
        # PyTorch does not have all whole numbers of NumPy.
        dtype = array.dtype if array.dtype.kind == 'f' else np.float64
        tensor = torch.from_numpy(np.ascontiguousarray(array, dtype=dtype))
    if tensor.ndim != 2 or not tensor.numel():
        raise ValueError(f'{name} must be (images, channels) and not empty: '
                         f'got shape {tuple(tensor.shape)}')
    if tensor.layout != torch.strided or tensor.is_complex():
        raise ValueError(f'{name} must be a dense tensor of real numbers: got '
                         f'{tensor.dtype}, {tensor.layout}')
    if tensor.dtype in (torch.float32, torch.float64):
        return tensor
    # Whole numbers beyond 2**24 have no float32 of their own.
    return tensor.float() if tensor.is_floating_point() else tensor.double()


def _numbers(values: Any, name: str, kinds: str) -> np.ndarray:
    """An array of some kinds of numbers (``numpy.dtype.kind``), in the byte
    order of the machine."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise ValueError(f'{name} is no array of numbers: {error}') from error
    if array.dtype.kind not in kinds or array.dtype.itemsize > 8:
        wanted = 'numbers' if 'f' in kinds else 'integers'
        raise ValueError(f'{name} must be {wanted}, of 64 bits at most: got '
                         f'{array.dtype}')
    return array.astype(array.dtype.newbyteorder('='), copy=False)


def _annotations(pids: Array, camids: Array, role: str,
                 length: int) -> Annotations:
    return Annotations(
        _ids(pids, f'{role}_pids', length),
        _ids(camids, f'{role}_camids', length), np.arange(length))


def _ids(ids: Array, name: str, length: int) -> np.ndarray:
    if isinstance(ids, Tensor):
        ids = ids.detach().cpu()
    array = _numbers(ids, name, 'iu')
    if array.shape != (length, ):
        raise ValueError(f'{name} must have one entry for each of the {length}'
                         f' images: got shape {array.shape}')
    largest = np.iinfo(np.int64).max
    # NumPy 1 would compare an unsigned number as a float.
    if array.size and int(array.max()) > largest:
        raise ValueError(
            f'{name} must not be above {largest}: got {array.max()}')
    return array.astype(np.int64)


def _check_magnitudes(query: Images, gallery: Images,
                      processes: Processes) -> None:
    """All processes learn what one of them finds: none may go on alone."""
    found = [
        _bad_magnitude(images, name)
        for images, name in ((query, 'query_features'), (gallery,
                                                         'gallery_features'))
    ]
    for message in filter(None, sum(processes.gather(found), [])):
        raise ValueError(message)


def _bad_magnitude(images: Images, name: str) -> Optional[str]:
    for start in range(0, len(images.features), _CHUNK):
        rows = images.features[start:start + _CHUNK]
        # Several times as fast as what PyTorch has for both at once.
        largest = torch.maximum(rows.amax(dim=1), -rows.amin(dim=1))
        usable = (largest == 0) | ((largest >= _SMALLEST) &
                                   (largest <= _LARGEST))
        if not usable.all():
            row = int((~usable).nonzero()[0])
            index = images.annotations.indices[start + row]
            return (f'{name} must be finite, and of a magnitude between '
                    f'{_SMALLEST:g} and {_LARGEST:g} or all zero: row '
                    f'{index} goes up to {float(largest[row]):g}')
    return None
