"""How far an exported model is from the one that was exported."""
from typing import Any, List, NamedTuple, Optional, Protocol, Sequence

import numpy as np

#: How far the numbers of normalised descriptors may be from PyTorch's, by the
#: precision of the model.
TOLERANCES = dict(float32=1e-4, float16=5e-3)

#: The batches in which noise is compared.
BATCH_SIZES = (1, 3, 8)

_SMALLEST_NORM = 1e-12


class Describes(Protocol):
    """An inferencer."""

    def __call__(self,
                 images: Any,
                 camids: Any = None,
                 batch_size: int = 32) -> np.ndarray:
        ...


class Difference(NamedTuple):
    """Between two descriptors of the same images.

    Attributes:
        largest: Between two numbers of normalised descriptors.
        lowest_similarity: Cosine similarity of the two descriptors of an
            image, at worst.
        num_images: That were compared.
    """
    largest: float
    lowest_similarity: float
    num_images: int


def compare(reference: Describes,
            other: Describes,
            images: Sequence,
            camids: Sequence[Optional[int]],
            batch_sizes: Sequence[int] = BATCH_SIZES) -> Difference:
    """Describe images by two inferencers, by the other in batches of several
    sizes.

    Args:
        reference (Describes): The one.
        other (Describes): The other.
        images (Sequence): Images, as inferencers take them; at least one.
        camids (Sequence[int | None]): Their cameras.
        batch_sizes (Sequence[int]): The batches. Defaults to 1, 3 and 8.
    """
    expected = _normalize(reference(images, camids, max(batch_sizes)))
    differences = []
    similarities: List[float] = []
    for batch_size in batch_sizes:
        found = _normalize(other(images, camids, batch_size))
        differences.append(np.abs(found - expected).max())
        similarities.extend((found * expected).sum(axis=1))
    return Difference(
        float(np.max(differences)), float(np.min(similarities)), len(expected))


def random_images(number: int, seed: int = 0) -> List[np.ndarray]:
    """Noise of 8 bits and of sizes at random, the same each time."""
    rng = np.random.default_rng(seed)
    return [
        rng.integers(0, 256, (*rng.integers(40, 300, 2), 3), np.uint8)
        for _ in range(number)
    ]


def random_camids(number: int, num_cameras: int) -> List[Optional[int]]:
    """One after the other, and now and then an unknown one."""
    camids = [*range(num_cameras), None]
    return [camids[i % len(camids)] for i in range(number)]


def _normalize(descriptors: np.ndarray) -> np.ndarray:
    descriptors = descriptors.astype(np.float64)
    norms = np.linalg.norm(descriptors, axis=1, keepdims=True)
    return descriptors / np.maximum(norms, _SMALLEST_NORM)
