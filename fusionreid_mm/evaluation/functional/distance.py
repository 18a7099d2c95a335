"""Similarities of query and gallery features, block by block.

Shapes: Q queries, G gallery images, B queries of a block, D channels.
"""
from typing import Iterator, Tuple

import torch
from torch import Tensor

METRICS = ('cosine', 'euclidean')

# Matrix products of fewer rows take another way through the library and
# round otherwise; blocks are filled up to a multiple of this.
_ROWS = 16


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
    if metric == 'cosine':
        norms = gallery.norm(dim=1).clamp(min=1e-12)
    else:
        half_squares = gallery.square().sum(dim=1) / 2
    for start in range(0, len(query), block_size):
        block = query[start:start + block_size]
        similarities = (_fill_up(block) @ gallery.T)[:len(block)]
        if metric == 'cosine':
            similarities /= norms
        else:
            # -|q - g|^2 / 2 without |q|^2 / 2
            similarities -= half_squares
        yield start, similarities


def _fill_up(block: Tensor) -> Tensor:
    missing = -len(block) % _ROWS
    if not missing:
        return block
    return torch.cat((block, block.new_zeros(missing, block.size(1))))
