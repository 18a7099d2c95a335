"""Vectors as points of a plane."""
import warnings
from importlib import import_module
from types import ModuleType
from typing import Any, Dict

import matplotlib
import numpy as np
from matplotlib.axes import Axes

#: How vectors may be laid out: by what, and the name of its package.
METHODS = dict(
    tsne=('sklearn.manifold', 'scikit-learn'), umap=('umap', 'umap-learn'))

# Persons and branches are told apart by these.
_MARKERS = dict(cnn='o', transformer='^')


def lay_out(vectors: np.ndarray,
            method: str = 'tsne',
            perplexity: float = 30.,
            seed: int = 0) -> np.ndarray:
    """Lay out vectors in a plane, neighbours beside each other.

    Distances in the plane mean little, and which points are neighbours means
    much. Sources: van der Maaten and Hinton, "Visualizing Data using t-SNE"
    (JMLR 9, 2008); McInnes et al., "UMAP" (arXiv 1802.03426).

    Args:
        vectors (np.ndarray): (N, D), more than ``perplexity``.
        method (str): ``'tsne'`` or ``'umap'``. Defaults to ``'tsne'``.
        perplexity (float): About how many neighbours count; UMAP's
            ``n_neighbors``. Defaults to 30.
        seed (int): Of its random numbers. Defaults to 0.

    Returns:
        np.ndarray: (N, 2).

    Raises:
        ModuleNotFoundError: If the library is missing.
        ValueError: If there are too few vectors, or no such method.
    """
    check_layout(len(vectors), method, perplexity)
    library = _library(method)
    if method == 'tsne':
        layout: Any = library.TSNE(
            perplexity=perplexity, init='pca', random_state=seed)
    else:
        layout = library.UMAP(
            n_neighbors=max(round(perplexity), 2), random_state=seed)
    with warnings.catch_warnings():
        # UMAP: one thread, since there is a seed.
        warnings.filterwarnings('ignore', 'n_jobs value', UserWarning)
        warnings.filterwarnings('ignore', category=FutureWarning)
        return np.asarray(layout.fit_transform(np.asarray(vectors)))


def check_layout(number: int, method: str, perplexity: float) -> None:
    """Refuse what :func:`lay_out` cannot do, before vectors are computed.

    Args:
        number (int): Vectors.
        method (str): See :func:`lay_out`, as the other argument.
        perplexity (float): Likewise.

    Raises:
        As :func:`lay_out`.
    """
    if method not in METHODS:
        raise ValueError(f"method must be 'tsne' or 'umap': got {method!r}")
    if number <= perplexity:
        raise ValueError(
            f'a perplexity of {perplexity:g} needs more than that many images:'
            f' there are {number}. Lower it, or take more')
    _library(method)


def draw_map(axes: Axes, points: Dict[str, np.ndarray],
             pids: np.ndarray) -> None:
    """Draw points, in the colour of the person and the shape of the branch.

    Args:
        axes (Axes): Where to.
        points (Dict[str, np.ndarray]): (N, 2) of each branch, ``'cnn'`` and
            ``'transformer'``.
        pids (np.ndarray): (N, ), who is on the images.
    """
    people, person = np.unique(pids, return_inverse=True)
    palette = 'tab20' if len(people) <= 20 else 'nipy_spectral'
    spread = max(len(people), 20 if palette == 'tab20' else 2)
    colours = matplotlib.colormaps[palette](person / (spread - 1))
    for branch, positions in points.items():
        axes.scatter(
            positions[:, 0],
            positions[:, 1],
            s=22,
            c=colours,
            marker=_MARKERS[branch],
            edgecolors='black',
            linewidths=0.3,
            label=branch)
    axes.set(xticks=[], yticks=[])
    handles: Any = axes.legend(loc='best').legend_handles
    for handle in handles:
        handle.set_facecolor('lightgrey')


def _library(method: str) -> ModuleType:
    module, package = METHODS[method]
    try:
        return import_module(module)
    except ImportError as error:
        raise ModuleNotFoundError(
            f'maps of descriptors need {package}: pip install '
            '"fusionreid_mm[optional]"') from error
