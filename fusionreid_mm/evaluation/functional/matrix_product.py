"""Matrix products by the fastest library at hand.

On one processor oneDNN is more than twice as fast as PyTorch's own product, on
another NumPy's is the fastest. They round differently, so nothing may depend
on the last bits of what they return.
"""
import time
from collections import defaultdict
from typing import Callable, Dict, List, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

#: ``multiply(rows, columns, out)`` writes ``rows @ columns.T``, (R, C) of
#: (R, D) and (C, D), into ``out``.
Multiply = Callable[[Tensor, Tensor, Tensor], None]

# Libraries are compared by products of so many rows times columns, of which
# each does so many.
_COMPARABLE = 2**20
_TRIALS = 2

# Numbers that oneDNN copies at a time.
_COPIED = 2**21


def by_torch(rows: Tensor, columns: Tensor, out: Tensor) -> None:
    """By what PyTorch was built with, on any device."""
    torch.mm(rows, columns.T, out=out)


def by_numpy(rows: Tensor, columns: Tensor, out: Tensor) -> None:
    """By what NumPy was built with, on a CPU."""
    np.matmul(rows.numpy(), columns.numpy().T, out=out.numpy())


def by_onednn(rows: Tensor, columns: Tensor, out: Tensor) -> None:
    """By oneDNN, of float32 on a CPU. It has to copy all that it takes."""
    prepared = rows.to_mkldnn()
    size = max(1, _COPIED // columns.size(1))
    for part, result in zip(columns.split(size), out.split(size, dim=1)):
        result.copy_(F.linear(prepared, part.to_mkldnn()).to_dense())


def libraries_for(features: Tensor) -> Tuple[Multiply, ...]:
    """Those that can multiply such features."""
    if features.device.type != 'cpu' or features.dtype != torch.float32:
        return (by_torch, )
    if torch.backends.mkldnn.is_available():
        return by_torch, by_numpy, by_onednn
    return by_torch, by_numpy


class Product:
    """Multiplies the same rows by many blocks of columns.

    Of the first products of a width, parts are done by one library after the
    other, and all later ones by that which was the fastest.

    Args:
        rows (Tensor): (R, D).
    """

    # Of products of one size, by the width of features, the number of threads,
    # and the library.
    _seconds: Dict[Tuple[int, int],
                   Dict[Multiply,
                        List[float]]] = defaultdict(lambda: defaultdict(list))

    def __init__(self, rows: Tensor) -> None:
        self.rows = rows
        self._buffer = rows.new_empty(0)
        self._libraries = libraries_for(rows)

    def __call__(self, columns: Tensor) -> Tensor:
        """``rows @ columns.T``, (R, C) of (C, D). The result is overwritten by
        the next call."""
        size = len(self.rows) * len(columns)
        if len(self._buffer) < size:
            self._buffer = self.rows.new_empty(size)
        out = self._buffer[:size].view(len(self.rows), len(columns))
        multiply = self._libraries[0]
        if len(self._libraries) > 1:
            tried = self._try_libraries(columns, out)
            columns, out = columns[tried:], out[:, tried:]
            multiply = self._fastest()
        if len(columns):
            multiply(self.rows, columns, out)
        return self._buffer[:size].view(len(self.rows), -1)

    def _try_libraries(self, columns: Tensor, out: Tensor) -> int:
        """Do as much of the product as is needed to compare the libraries, and
        return how many columns that are."""
        seconds = self._known_seconds()
        width = -(-_COMPARABLE // len(self.rows))
        start = 0
        for library in self._libraries:
            while len(seconds[library]) < _TRIALS and \
                    start + width <= len(columns):
                part = slice(start, start + width)
                begin = time.perf_counter()
                library(self.rows, columns[part], out[:, part])
                seconds[library].append(time.perf_counter() - begin)
                start += width
        return start

    def _fastest(self) -> Multiply:
        """The fastest library, once all have been tried."""
        seconds = self._known_seconds()
        if any(len(seconds[library]) < _TRIALS for library in self._libraries):
            return by_torch
        return min(self._libraries, key=lambda library: min(seconds[library]))

    def _known_seconds(self) -> Dict[Multiply, List[float]]:
        return self._seconds[self.rows.size(1), torch.get_num_threads()]
