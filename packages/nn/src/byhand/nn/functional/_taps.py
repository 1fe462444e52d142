"""Weighted sums of a few elements along one dimension: y_j = Σ_t w_{jt} x_{i(j,t)}.

It is the product with a matrix that is almost all zeros, kept as its few entries: what a tap does not touch cannot make it nan.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from byhand.tensor import Tensor, op
from byhand.tensor._graph import Array

__all__ = ["Taps", "along"]


class Taps(NamedTuple):
    """The entries of a sparse (m, n) matrix, the same number t for each row: where they stand, and what they are."""

    index: Array  # (m, t), in 0 … size − 1
    weight: Array  # (m, t); 0 where a row has fewer
    size: int  # n

    def transposed(self) -> Taps:
        """The (n, m) matrix."""
        rows, entries = np.nonzero(self.weight)
        columns = self.index[rows, entries]
        order = np.argsort(columns, kind="stable")
        counts = np.bincount(columns, minlength=self.size)
        place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        shape = (self.size, int(counts.max(initial=0)))
        weight = np.zeros(shape, self.weight.dtype)
        index = np.zeros(shape, np.int64)
        weight[columns[order], place] = self.weight[rows, entries][order]
        index[columns[order], place] = rows[order]
        return Taps(index, weight, len(self.weight))


@op
def _along(input: Array, *, dim: int, taps: Taps) -> Array:
    r"""y_j = Σ_t w_{jt} x_{i(j,t)} along one dimension, y = W x.   x̄ = Wᵀ ȳ"""
    y = np.zeros((*input.shape[:dim], len(taps.index), *input.shape[dim + 1 :]), input.dtype)
    for index, weight in zip(taps.index.T, taps.weight.T, strict=True):
        used = np.flatnonzero(weight)
        part = np.take(input, index[used], axis=dim)
        part *= weight[used].reshape(-1, *(1,) * (input.ndim - dim - 1))
        if len(used) == len(weight):
            y += part
        else:
            y[(slice(None),) * dim + (used,)] += part
    return y


@_along.vjp("input")
def _(g: Array, dim: int, taps: Taps) -> Array:
    return _along.kernel(g, dim=dim, taps=taps.transposed())


def along(input: Tensor, dim: int, taps: Taps) -> Tensor:
    """Return the products of a sparse matrix with the input along `dim`."""
    return _along(input, dim=dim, taps=taps)
