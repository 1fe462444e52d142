"""Layer and RMS normalisation as kernels on (N, D): each row is standardised by itself, and weight and bias belong to columns.

All steps of a block of rows are made while it is in the cache, and all sums along rows are products.
"""

from __future__ import annotations

import math

import numpy as np
from byhand.tensor._blocks import in_blocks, in_parts
from byhand.tensor._graph import Array
from byhand.tensor._sums import averaging

from ._cells import Sizes


def forward(
    rows: Array, weight: Array | None, bias: Array | None, _: Sizes, eps: float, centred: bool
) -> tuple[Array, Array, Array]:
    """y = w (x − μ) r + b with r = 1/√(σ² + ε)   → y, μ (0 unless `centred`), r"""
    count, columns = rows.shape
    out, mean, rstd = np.empty(rows.shape, rows.dtype), np.zeros(count, rows.dtype), np.empty(count, rows.dtype)
    average, size = averaging(columns, rows.dtype), max(columns, 1)
    weight = None if weight is None else weight.reshape(-1)
    bias = None if bias is None else bias.reshape(-1)

    def kernel(x: Array, y: Array, m: Array, r: Array) -> None:
        if centred:
            np.vecdot(x, average, out=m)
        np.subtract(x, m[:, None], out=y)
        np.vecdot(y, y, out=r)
        r += eps * size
        np.divide(math.sqrt(size), np.sqrt(r, out=r), out=r)  # √D/√(Σ h² + D ε)
        y *= r[:, None]
        if weight is not None:
            y *= weight
        if bias is not None:
            y += bias

    in_blocks(kernel, [rows], [out, mean, rstd], columns)
    return out, mean, rstd


def backward(
    g: Array, rows: Array, weight: Array | None, mean: Array, rstd: Array, _: Sizes, centred: bool
) -> tuple[Array, Array, Array]:
    """With h = x − μ and a = w ȳ:   x̄ = r (a − ⟨a⟩ − h r² ⟨a h⟩)   → x̄, w̄ = Σ ȳ h r, b̄ = Σ ȳ"""
    columns = rows.shape[1]
    out, average = np.empty(rows.shape, g.dtype), averaging(columns, g.dtype)
    weight = None if weight is None else weight.reshape(-1)

    def work(part: slice) -> tuple[Array, Array]:
        upstream, y, r = g[part], out[part], rstd[part]
        h = rows[part] - mean[part, None]
        if weight is None:
            a, along = upstream, np.zeros(columns, g.dtype)  # for which nobody asks
        else:
            along = np.einsum("i,ij->j", r, np.multiply(upstream, h, out=y))
            a = np.multiply(upstream, weight, out=y)
        bent = np.vecdot(a, h)
        bent *= r
        bent *= r
        bent *= 1 / max(columns, 1)
        h *= bent[:, None]
        if centred:
            h += np.vecdot(a, average)[:, None]
        np.subtract(a, h, out=y)
        y *= r[:, None]
        return along, np.add.reduce(upstream, axis=0)

    return out, *_added(in_parts(work, *rows.shape))


def _added(sums: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """The sums over all rows, from those over the rows of each part."""
    if len(sums) == 1:
        return sums[0]
    along, total = zip(*sums, strict=True)
    return np.add.reduce(along), np.add.reduce(total)
