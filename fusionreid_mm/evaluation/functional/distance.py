"""Similarities of query and gallery features.

They are fast and rounded where all images are compared, tile by tile, and
exact to float64 where single images decide. Shapes: Q queries, G gallery
images, B queries of a block, T gallery images of a tile, P pairs, D channels.
"""
import abc
from typing import Dict, Iterator, Tuple, Type

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .matrix_product import Product
from .optional import compiled_loops

# Numbers of float64 that are held at a time to compare single pairs.
_PAIR_NUMBERS = 2**18

_SMALLEST_NORM = 1e-12


class Similarity(abc.ABC):
    """How like a query the images of a gallery are, the larger the closer.

    Terms that all images share are left out of it, since they do not change
    the order.

    Attributes:
        dtype (np.dtype): Of the rounded similarities.
    """
    dtype: np.dtype

    @abc.abstractmethod
    def of_pairs(self, query: Tensor, query_rows: np.ndarray,
                 gallery_rows: np.ndarray) -> np.ndarray:
        """Similarities of single pairs, (P, ), exact to float64.

        They depend on the features of the two alone, so that images that are
        the same are equally similar.

        Args:
            query (Tensor): (B, D).
            query_rows (np.ndarray): (P, ) indices into ``query``.
            gallery_rows (np.ndarray): (P, ) indices into the gallery.
        """

    @abc.abstractmethod
    def tolerance(self, query: Tensor) -> Tensor:
        """How far rounded similarities are from the exact ones at most, as
        far as is known beforehand, (B, )."""

    @abc.abstractmethod
    def tiles(self, query: Tensor,
              tile_size: int) -> Iterator[Tuple[int, Tensor]]:
        """Yield ``(start, similarities)`` of consecutive gallery images,
        (B, T). Each tile is overwritten by the next."""

    def tiles_without(
            self, query: Tensor, query_rows: np.ndarray,
            gallery_rows: np.ndarray,
            tile_size: int) -> Iterator[Tuple[int, Tensor, np.ndarray]]:
        """As :meth:`tiles`, with ``-inf`` for some pairs, and with the rounded
        similarities that were there.

        Args:
            query (Tensor): (B, D).
            query_rows (np.ndarray): (P, ) indices into ``query``.
            gallery_rows (np.ndarray): (P, ) indices into the gallery,
                ascending.
            tile_size (int): Gallery images of a tile.
        """
        for start, tile in self.tiles(query, tile_size):
            inside = slice(
                *np.searchsorted(gallery_rows, (start, start + tile.size(1))))
            cells = query_rows[inside], gallery_rows[inside] - start
            removed = tile[cells].cpu().numpy()
            tile[cells] = -np.inf
            yield start, tile, removed

    @abc.abstractmethod
    def offsets(self, query: Tensor) -> np.ndarray:
        """What to add to the similarities to each query, (B, ) of float64, so
        that those to different queries can be compared."""

    @abc.abstractmethod
    def scores(self, values: np.ndarray) -> np.ndarray:
        """What people call similarities with :meth:`offsets` added."""


class FeatureSimilarity(Similarity):
    """A similarity that scalar products of features give.

    Args:
        gallery (Tensor): (G, D), of floating point.
    """

    def __init__(self, gallery: Tensor) -> None:
        self.gallery = gallery
        self.dtype = np.dtype(str(gallery.dtype).removeprefix('torch.'))
        self.squares = squares(gallery)

    @abc.abstractmethod
    def prepare(self, query: Tensor) -> Tensor:
        """What the gallery is multiplied by, (B, D)."""

    @abc.abstractmethod
    def complete(self, products: Tensor, start: int) -> None:
        """Turn products (B, T) of queries and consecutive gallery images into
        similarities, in place."""

    @abc.abstractmethod
    def exact(self, products: np.ndarray, query_squares: np.ndarray,
              gallery_squares: np.ndarray) -> np.ndarray:
        """Similarities of pairs from their scalar products and squares, all
        of them (P, ) in float64."""

    @abc.abstractmethod
    def scale(self, query: Tensor) -> Tensor:
        """The largest magnitude of what is added up for each query, (B, ):
        rounding is relative to it."""

    @abc.abstractmethod
    def squared_distances(self, values: np.ndarray) -> np.ndarray:
        """Squared Euclidean distances of what is compared, from similarities
        with :meth:`offsets` added."""

    def of_pairs(self, query: Tensor, query_rows: np.ndarray,
                 gallery_rows: np.ndarray) -> np.ndarray:
        products = pair_products(query, self.gallery, query_rows, gallery_rows)
        return self.exact(products,
                          squares(query)[query_rows],
                          self.squares[gallery_rows])

    def tolerance(self, query: Tensor) -> Tensor:
        steps = 8 + self.gallery.size(1)**0.5
        info = torch.finfo(self.gallery.dtype)
        return (self.scale(query) * steps * info.eps).clamp(min=info.tiny)

    def tiles(self, query: Tensor,
              tile_size: int) -> Iterator[Tuple[int, Tensor]]:
        product = Product(self.prepare(query))
        for start in range(0, len(self.gallery), tile_size):
            tile = product(self.gallery[start:start + tile_size])
            self.complete(tile, start)
            yield start, tile


class CosineSimilarity(FeatureSimilarity):
    """The cosine of the angle between two features; 0 if one is zero."""

    def __init__(self, gallery: Tensor) -> None:
        super().__init__(gallery)
        self._factors = torch.from_numpy(1 / _norms(self.squares)).to(gallery)

    def prepare(self, query: Tensor) -> Tensor:
        return F.normalize(query, eps=_SMALLEST_NORM)

    def complete(self, products: Tensor, start: int) -> None:
        products *= self._factors[start:start + products.size(1)]

    def exact(self, products: np.ndarray, query_squares: np.ndarray,
              gallery_squares: np.ndarray) -> np.ndarray:
        return products / _norms(query_squares) / _norms(gallery_squares)

    def scale(self, query: Tensor) -> Tensor:
        return query.new_ones(len(query))

    def offsets(self, query: Tensor) -> np.ndarray:
        return np.zeros(len(query))

    def scores(self, values: np.ndarray) -> np.ndarray:
        """The cosine itself. Rounding may leave it a little above 1, where it
        still tells which of two images is closer."""
        return values

    def squared_distances(self, values: np.ndarray) -> np.ndarray:
        return 2 - 2 * values


class EuclideanSimilarity(FeatureSimilarity):
    """Minus half the squared distance, without the query's own square."""

    def __init__(self, gallery: Tensor) -> None:
        super().__init__(gallery)
        self._terms = torch.from_numpy(self.squares / 2).to(gallery)

    def prepare(self, query: Tensor) -> Tensor:
        return query.contiguous()

    def complete(self, products: Tensor, start: int) -> None:
        products -= self._terms[start:start + products.size(1)]

    def exact(self, products: np.ndarray, query_squares: np.ndarray,
              gallery_squares: np.ndarray) -> np.ndarray:
        return products - gallery_squares / 2

    def scale(self, query: Tensor) -> Tensor:
        largest = self._terms.new_tensor(self.squares.max(initial=0) / 2)
        return query.norm(dim=1) * (2 * largest).sqrt() + largest

    def offsets(self, query: Tensor) -> np.ndarray:
        return -squares(query) / 2

    def scores(self, values: np.ndarray) -> np.ndarray:
        """The Euclidean distance, the smaller the closer."""
        return np.sqrt(self.squared_distances(values).clip(min=0))

    def squared_distances(self, values: np.ndarray) -> np.ndarray:
        return -2 * values


def squares(features: Tensor) -> np.ndarray:
    """The squares (N, ) of features (N, D), in float64."""
    rows = np.arange(len(features))
    return pair_products(features, features, rows, rows)


def pair_products(one: Tensor, other: Tensor, one_rows: np.ndarray,
                  other_rows: np.ndarray) -> np.ndarray:
    """Scalar products (P, ) of pairs of features, in float64. Each depends on
    its two features alone.

    Args:
        one (Tensor): (N, D).
        other (Tensor): (M, D).
        one_rows (np.ndarray): (P, ) indices into ``one``.
        other_rows (np.ndarray): (P, ) indices into ``other``.
    """
    on_cpu = one.device.type == 'cpu'
    loops = compiled_loops()
    if on_cpu and loops is not None:
        return loops.pair_products(one.numpy(), other.numpy(), one_rows,
                                   other_rows)
    multiply = _multiply_by_numpy if on_cpu else _multiply_by_torch
    products = np.empty(len(one_rows))
    size = max(1, _PAIR_NUMBERS // one.size(1))
    for start in range(0, len(products), size):
        part = slice(start, start + size)
        products[part] = multiply(one, other, one_rows[part], other_rows[part])
    return products


def _multiply_by_numpy(one: Tensor, other: Tensor, one_rows: np.ndarray,
                       other_rows: np.ndarray) -> np.ndarray:
    return np.einsum('pd,pd->p',
                     one.numpy()[one_rows].astype(np.float64),
                     other.numpy()[other_rows].astype(np.float64))


def _multiply_by_torch(one: Tensor, other: Tensor, one_rows: np.ndarray,
                       other_rows: np.ndarray) -> np.ndarray:
    products = one[one_rows].double() * other[other_rows].double()
    return products.sum(dim=1).cpu().numpy()


def _norms(squared: np.ndarray) -> np.ndarray:
    return np.sqrt(squared).clip(min=_SMALLEST_NORM)


_SIMILARITIES: Dict[str, Type[FeatureSimilarity]] = {
    'cosine': CosineSimilarity,
    'euclidean': EuclideanSimilarity,
}

METRICS = tuple(_SIMILARITIES)


def build_similarity(metric: str, gallery: Tensor) -> FeatureSimilarity:
    """The similarity to a gallery, by the name of a metric.

    Args:
        metric (str): One of ``METRICS``.
        gallery (Tensor): (G, D), of floating point.
    """
    return _SIMILARITIES[metric](gallery)
