"""Similarities of query and gallery features, block by block.

Shapes: Q queries, G gallery images, B queries of a block, D channels.
"""
from typing import Iterator, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

METRICS = ('cosine', 'euclidean')

# Matrix products of fewer rows or of rows that are not aligned take another
# way through the library and round otherwise: blocks are filled up with zeros
# to multiples of this many rows and channels.
_MULTIPLE = 16

# Rows of the gallery that are squared at a time, so that it is never copied.
_CHUNK = 1024


def similarity_blocks(query: Tensor, gallery: Tensor, metric: str,
                      block_size: int) -> Iterator[Tuple[int, Tensor]]:
    """Yield ``(start, similarities)`` of consecutive queries, (B, G).

    Within a row the order is that of the metric: descending cosine, or
    ascending Euclidean distance. The values themselves are free of terms that
    all gallery images of a query share.

    Args:
        query (Tensor): (Q, D), floating point.
        gallery (Tensor): (G, D), of the same type and device.
        metric (str): ``'cosine'`` or ``'euclidean'``.
        block_size (int): Queries per block; it changes the memory taken, but
            not the values.
    """
    query, gallery = _fill_up(query, dim=1), _fill_up(gallery, dim=1)
    if metric == 'cosine':
        norms = gallery.norm(dim=1).clamp(min=1e-12)
    else:
        half_squares = torch.cat(
            [rows.square().sum(dim=1) / 2 for rows in gallery.split(_CHUNK)])
    for start in range(0, len(query), block_size):
        block = query[start:start + block_size]
        similarities = (_fill_up(block, dim=0) @ gallery.T)[:len(block)]
        if metric == 'cosine':
            similarities /= norms
        else:
            # -|q - g|^2 / 2 without |q|^2 / 2
            similarities -= half_squares
        yield start, similarities


def _fill_up(features: Tensor, dim: int) -> Tensor:
    missing = -features.size(dim) % _MULTIPLE
    if not missing:
        return features
    return F.pad(features, (0, missing) if dim == 1 else (0, 0, 0, missing))
