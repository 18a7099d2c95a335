"""Matrix products by the fastest library at hand.

On one processor oneDNN is more than twice as fast as PyTorch's own product, on
another NumPy's is the fastest. They round differently, so nothing may depend
on the last bits of what they return.
"""
import time
from functools import lru_cache
from typing import Dict, List, Tuple, Type

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

# Rows and columns of the products by which libraries are compared.
_TRIAL = (512, 512)

_TRIALS = 3

# A product has to be that much larger for trials to pay.
_WORTH_TRIALS = 100

# Numbers that are copied at a time.
_COPIED = 2**21

# By how much another library has to be faster than PyTorch's.
_ADVANTAGE = 1.05


class Product:
    """Multiplies the same rows by many blocks of columns.

    Args:
        rows (Tensor): (R, D), contiguous.
    """

    def __init__(self, rows: Tensor) -> None:
        self.rows = rows
        self._buffer = rows.new_empty(0)

    def __call__(self, columns: Tensor) -> Tensor:
        """``rows @ columns.T``, (R, C) of (C, D). The result is overwritten by
        the next call."""
        out = self._out(len(columns))
        torch.mm(self.rows, columns.T, out=out)
        return out

    def _out(self, num_columns: int) -> Tensor:
        size = len(self.rows) * num_columns
        if len(self._buffer) < size:
            self._buffer = self.rows.new_empty(size)
        return self._buffer[:size].view(len(self.rows), num_columns)


class NumpyProduct(Product):
    """By the library that NumPy was built with, of float32 on a CPU."""

    def __call__(self, columns: Tensor) -> Tensor:
        out = self._out(len(columns))
        np.matmul(self.rows.numpy(), columns.numpy().T, out=out.numpy())
        return out


class OneDNNProduct(Product):
    """By oneDNN, of float32 on a CPU, which has to copy the columns."""

    def __init__(self, rows: Tensor) -> None:
        super().__init__(rows)
        self._prepared = rows.to_mkldnn()

    def __call__(self, columns: Tensor) -> Tensor:
        out = self._out(len(columns))
        size = max(_TRIAL[1], _COPIED // columns.size(1))
        for part, result in zip(columns.split(size), out.split(size, dim=1)):
            product = F.linear(self._prepared, part.to_mkldnn())
            result.copy_(product.to_dense())
        return out


def products_on(device: torch.device,
                dtype: torch.dtype) -> Tuple[Type[Product], ...]:
    """The libraries that can multiply such tensors."""
    if device.type != 'cpu' or dtype != torch.float32:
        return (Product, )
    if torch.backends.mkldnn.is_available():
        return Product, NumpyProduct, OneDNNProduct
    return Product, NumpyProduct


def fastest_product(rows: Tensor, num_columns: int) -> Product:
    """A :class:`Product` by the library that is the fastest for these rows and
    ``num_columns`` columns in all; small products take PyTorch's."""
    kinds = products_on(rows.device, rows.dtype)
    num_pairs = len(rows) * num_columns
    if len(kinds) == 1 or num_pairs < _WORTH_TRIALS * _TRIAL[0] * _TRIAL[1]:
        return Product(rows)
    return _fastest(kinds, rows.size(1), torch.get_num_threads())(rows)


@lru_cache(maxsize=None)
def _fastest(kinds: Tuple[Type[Product], ...], channels: int,
             num_threads: int) -> Type[Product]:
    num_rows, num_columns = _TRIAL
    rows = torch.rand(num_rows, channels)
    columns = torch.rand(num_columns, channels)
    products = {kind: kind(rows) for kind in kinds}
    seconds: Dict[Type[Product], List[float]] = {kind: [] for kind in kinds}
    # They take turns, so that what else the machine does meets them all.
    for _ in range(1 + _TRIALS):
        for kind, product in products.items():
            start = time.perf_counter()
            product(columns)
            seconds[kind].append(time.perf_counter() - start)
    best = {kind: min(times[1:]) for kind, times in seconds.items()}
    best[Product] /= _ADVANTAGE
    return min(kinds, key=lambda kind: best[kind])
