"""Whether the two branches describe people alike, before and after they are
fused."""
from typing import Callable, Dict, Iterable, List, NamedTuple, Optional

import numpy as np

from .feature_distributions import (cross_identity_agreement, frechet_distance,
                                    linear_cka, maximum_mean_discrepancy,
                                    mean_gap, neighbor_agreement,
                                    sliced_wasserstein)

#: Between vectors of one space, by the name under which they are logged.
DISTANCES: Dict[str, Callable[..., float]] = dict(
    mmd=maximum_mean_discrepancy,
    frechet=frechet_distance,
    sliced_wasserstein=sliced_wasserstein,
    mean_gap=mean_gap)

_BRANCHES = ('cnn', 'transformer')


class Stage(NamedTuple):
    """Where both branches have an embedding.

    Attributes:
        name: ``'branches'`` before the fusion, ``'lru'``, ``'htm'``, or what
            else the embeddings of a neck end with.
        cnn: Name of the one embedding, such as ``'cnn_lru'``.
        transformer: Name of the other.
    """
    name: str
    cnn: str
    transformer: str


def stages_of(names: Iterable[str]) -> List[Stage]:
    """The stages among names of embeddings, in their order."""
    names = list(names)
    cnn, transformer = _BRANCHES
    stages = []
    for name in names:
        head, _, rest = name.partition('_')
        other = transformer + name[len(cnn):]
        if head == cnn and other in names:
            stages.append(Stage(rest or 'branches', name, other))
    return stages


def align_branches(
        embeddings: Dict[str, np.ndarray],
        pids: Optional[np.ndarray] = None) -> Dict[str, Dict[str, float]]:
    """How alike both branches are at each stage.

    All vectors are brought to length 1 before, as cosine similarity compares
    them. Distances need vectors of one width; where the widths differ, as of
    the branches before the fusion, they are left out.

    Args:
        embeddings (Dict[str, np.ndarray]): (N, C) each, of the same images, by
            name, such as ``'cnn_htm'``.
        pids (np.ndarray, optional): (N, ), who is on each image. None leaves
            out ``'cross_rank1'``.

    Returns:
        Dict[str, Dict[str, float]]: Of each stage ``'cka'``,
        ``'same_neighbor'`` (:func:`neighbor_agreement`), those of
        :data:`DISTANCES` and ``'cross_rank1'``
        (:func:`cross_identity_agreement`).

    Raises:
        ValueError: If no two embeddings belong together.
    """
    stages = stages_of(embeddings)
    if not stages:
        raise ValueError(
            "there is no embedding of both branches, such as 'cnn_htm' and "
            f"'transformer_htm': got {list(embeddings)}")
    table = {}
    for stage in stages:
        cnn = unit_vectors(embeddings[stage.cnn])
        transformer = unit_vectors(embeddings[stage.transformer])
        row = dict(
            cka=linear_cka(cnn, transformer),
            same_neighbor=neighbor_agreement(cnn, transformer))
        if cnn.shape[1] == transformer.shape[1]:
            row.update(_distances(cnn, transformer))
            if pids is not None:
                row['cross_rank1'] = cross_identity_agreement(
                    cnn, transformer, pids)
        table[stage.name] = row
    return table


def halves_apart(embeddings: Dict[str, np.ndarray],
                 seed: int = 0) -> Dict[str, Dict[str, float]]:
    """The distances between two random halves of the images, described by the
    CNN branch at each stage: what they are where nothing differs.

    Args:
        embeddings (Dict[str, np.ndarray]): As for :func:`align_branches`.
        seed (int): From which the halves are drawn. Defaults to 0.

    Returns:
        Dict[str, Dict[str, float]]: Those of :data:`DISTANCES`, by stage.
    """
    table = {}
    for stage in stages_of(embeddings):
        vectors = unit_vectors(embeddings[stage.cnn])
        order = np.random.default_rng(seed).permutation(len(vectors))
        table[stage.name] = _distances(vectors[order[::2]],
                                       vectors[order[1::2]])
    return table


def unit_vectors(vectors: np.ndarray) -> np.ndarray:
    """(N, D), each of length 1; those of length 0 stay."""
    vectors = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1.)


def _distances(x: np.ndarray, y: np.ndarray) -> Dict[str, float]:
    return {name: distance(x, y) for name, distance in DISTANCES.items()}
