"""Matrix products by the fastest library at hand.

On one processor oneDNN is more than twice as fast as PyTorch's own product, on
another NumPy's is the fastest. They round differently, so nothing may depend
on the last bits of what they return.
"""
import time
from functools import lru_cache
from typing import Dict, List, Optional, Tuple, Type

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

# Rows and columns of the products by which libraries are compared.
_TRIAL = (512, 512)

_TRIALS = 3

# A product has to be that much larger for trials to pay.
_WORTH_TRIALS = 100

# By how much another library has to be faster than PyTorch's.
_ADVANTAGE = 1.05


class Product:
    """Multiplies many blocks of rows by the same columns.

    Args:
        columns (Tensor): (C, D), contiguous.
    """

    def __init__(self, columns: Tensor) -> None:
        self.columns = columns
        self._buffer: Optional[Tensor] = None

    def __call__(self, rows: Tensor) -> Tensor:
        """``rows @ columns.T``, (R, C) of (R, D). The result is overwritten by
        the next call."""
        out = self._out(len(rows))
        torch.mm(rows, self.columns.T, out=out)
        return out

    def _out(self, num_rows: int) -> Tensor:
        if self._buffer is None or len(self._buffer) < num_rows:
            self._buffer = self.columns.new_empty(num_rows, len(self.columns))
        return self._buffer[:num_rows]


class NumpyProduct(Product):
    """By the library that NumPy was built with, of float32 on a CPU."""

    def __call__(self, rows: Tensor) -> Tensor:
        out = self._out(len(rows))
        np.matmul(rows.numpy(), self.columns.numpy().T, out=out.numpy())
        return out


class OneDNNProduct(Product):
    """By oneDNN, of float32 on a CPU."""

    def __init__(self, columns: Tensor) -> None:
        super().__init__(columns)
        self._prepared = columns.to_mkldnn()

    def __call__(self, rows: Tensor) -> Tensor:
        return F.linear(rows.to_mkldnn(), self._prepared).to_dense()


def products_on(device: torch.device,
                dtype: torch.dtype) -> Tuple[Type[Product], ...]:
    """The libraries that can multiply such tensors."""
    if device.type != 'cpu' or dtype != torch.float32:
        return (Product, )
    if torch.backends.mkldnn.is_available():
        return Product, NumpyProduct, OneDNNProduct
    return Product, NumpyProduct


def fastest_product(columns: Tensor, num_rows: int) -> Product:
    """A :class:`Product` by the library that is the fastest for these columns
    and ``num_rows`` rows in all; small products take PyTorch's."""
    kinds = products_on(columns.device, columns.dtype)
    num_pairs = num_rows * len(columns)
    if len(kinds) == 1 or num_pairs < _WORTH_TRIALS * _TRIAL[0] * _TRIAL[1]:
        return Product(columns)
    channels = columns.size(1)
    kind = _fastest(kinds, channels, torch.get_num_threads())
    return kind(columns)


@lru_cache(maxsize=None)
def _fastest(kinds: Tuple[Type[Product], ...], channels: int,
             num_threads: int) -> Type[Product]:
    num_rows, num_columns = _TRIAL
    rows = torch.rand(num_rows, channels)
    columns = torch.rand(num_columns, channels)
    products = {kind: kind(columns) for kind in kinds}
    seconds: Dict[Type[Product], List[float]] = {kind: [] for kind in kinds}
    # They take turns, so that what else the machine does meets them all.
    for _ in range(1 + _TRIALS):
        for kind, product in products.items():
            start = time.perf_counter()
            product(rows)
            seconds[kind].append(time.perf_counter() - start)
    best = {kind: min(times[1:]) for kind, times in seconds.items()}
    best[Product] /= _ADVANTAGE
    return min(kinds, key=lambda kind: best[kind])
