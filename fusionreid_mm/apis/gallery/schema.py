"""How images lie in Milvus.

An image is called by its name, which may be any text. Its key is a hash of the
name, so that Milvus never has to compare, sort or quote such texts; an image
that is added again takes its own place.
"""
import hashlib
import math
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from fusionreid_mm.sources import PersonImage

#: Bytes of UTF-8: the most that Milvus takes.
MAX_NAME = 65535

#: Those of PersonImage, as Milvus calls them.
IMAGE_FIELDS = ['name', 'camid', 'seconds']

_KEY_BYTES = 16
_MAX_STAMP = 64


class Index(NamedTuple):
    """How Milvus finds the nearest.

    Attributes:
        build: Parameters of its construction.
        effort: Name of the parameter that trades time for recall.
        least: Its smallest value.
    """
    build: Dict[str, int]
    effort: Optional[str] = None
    least: int = 0

    def search_params(self, topk: int) -> Dict[str, int]:
        """HNSW must look at more images than it returns."""
        if self.effort is None:
            return {}
        return {self.effort: max(self.least, 2 * topk)}


INDEXES = {
    # Compares all.
    'FLAT': Index({}),
    'HNSW': Index(dict(M=32, efConstruction=200), 'ef', 128),
    'IVF_FLAT': Index(dict(nlist=256), 'nprobe', 32),
}


def key_of(name: str) -> str:
    """The primary key of an image."""
    encoded = name.encode('utf-8', 'surrogatepass')
    return hashlib.blake2b(encoded, digest_size=_KEY_BYTES).hexdigest()


def add_fields(schema: Any, descriptor_size: int) -> None:
    """The columns, to a new schema of ``MilvusClient.create_schema``."""
    from pymilvus import DataType
    schema.add_field(
        'key', DataType.VARCHAR, is_primary=True, max_length=2 * _KEY_BYTES)
    schema.add_field('name', DataType.VARCHAR, max_length=MAX_NAME)
    schema.add_field('camid', DataType.INT64, nullable=True)
    schema.add_field('seconds', DataType.DOUBLE, nullable=True)
    schema.add_field(
        'stamp', DataType.VARCHAR, max_length=_MAX_STAMP, nullable=True)
    schema.add_field('descriptor', DataType.FLOAT_VECTOR, dim=descriptor_size)


def rows_of(images: Sequence[PersonImage], descriptors: np.ndarray,
            stamps: Sequence[Optional[str]]) -> List[Dict[str, Any]]:
    """Rows for Milvus, of descriptors (N, D) that are of length 1.

    Raises:
        ValueError: If Milvus could not take an image.
    """
    for image in images:
        _check(image)
    return [
        dict(
            key=key_of(image.name),
            name=image.name,
            camid=None if image.camid is None else int(image.camid),
            seconds=None if image.time is None else float(image.time),
            stamp=stamp,
            descriptor=descriptor)
        for image, descriptor, stamp in zip(images, descriptors, stamps)
    ]


def image_of(row: Dict[str, Any]) -> PersonImage:
    return PersonImage(row['name'], row['camid'], row['seconds'])


def _check(image: PersonImage) -> None:
    try:
        size = len(image.name.encode())
    except UnicodeEncodeError:
        raise ValueError(f'the name {image.name!r} is not in UTF-8: rename '
                         'the file') from None
    if not 0 < size <= MAX_NAME:
        raise ValueError(f'a name must have 1 to {MAX_NAME} bytes: '
                         f'{image.name[:80]!r} has {size}')
    if image.time is not None and not math.isfinite(image.time):
        raise ValueError(
            f'the time of {image.name!r} must be in seconds: {image.time}')
