"""Group and instance normalisation as kernels on (N·G, K·L): a row holds a group of K channels with L positions each.

A row is standardised by itself; weight and bias belong to channels, so they stand in a table with a row for each group of each
sample. All steps of a block of rows are made while it is in the cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from byhand.tensor._blocks import in_parts
from byhand.tensor._graph import Array
from byhand.tensor._sums import averaging, ones

Sizes = tuple[int, int, int, int]  # N samples, G groups, K channels of each, L positions


def forward(
    rows: Array, weight: Array | None, bias: Array | None, sizes: Sizes, eps: float, centred: bool
) -> tuple[Array, Array, Array]:
    """y = w (x − μ) r + b with r = 1/√(σ² + ε)   → y, μ (0 unless `centred`), r"""
    count = rows.shape[1]
    out, average = np.empty(rows.shape, rows.dtype), averaging(count, rows.dtype)
    mean, rstd = np.zeros(len(rows), rows.dtype), np.empty(len(rows), rows.dtype)
    weights, biases = _table(weight, sizes), _table(bias, sizes)

    def work(part: slice) -> None:
        y, m, r = out[part], mean[part], rstd[part]
        if centred:
            np.vecdot(rows[part], average, out=m)
        np.subtract(rows[part], m[:, None], out=y)
        r[...] = 1 / np.sqrt(np.vecdot(y, y) * (1 / max(count, 1)) + eps)
        cells = np.reshape(y, (len(y), *sizes[2:]))
        if weights is None:
            y *= r[:, None]
        else:
            cells *= (weights[part] * r[:, None])[:, :, None]
        if biases is not None:
            cells += biases[part, :, None]

    in_parts(work, *rows.shape)
    return out, mean, rstd


def backward(
    g: Array, rows: Array, weight: Array | None, mean: Array, rstd: Array, sizes: Sizes, centred: bool
) -> tuple[Array, Array, Array]:
    """x̄ = A ȳ + B h + C, with h = x − μ and numbers A for each channel, B and C for each group.   → x̄, w̄, b̄

    A = w r,   B = −r³ ⟨w ȳ h⟩,   C = −r ⟨w ȳ⟩: first sums of ȳ and ȳ h over positions, then small sums over channels.
    """
    _, groups, channels, positions = sizes
    count, every = max(channels * positions, 1), ones(positions, g.dtype)
    out, weights = np.empty(rows.shape, g.dtype), _table(np.ones(groups * channels, g.dtype) if weight is None else weight, sizes)
    along, total = np.empty(weights.shape, g.dtype), np.empty(weights.shape, g.dtype)

    def work(part: slice) -> None:
        y, r, w, h = out[part], rstd[part], weights[part], rows[part] - mean[part, None]
        shape = len(y), channels, positions
        cells = np.reshape(g[part], shape)
        np.vecdot(cells, every, out=total[part])
        np.vecdot(cells, np.reshape(h, shape), out=along[part])
        np.multiply(cells, (w * r[:, None])[:, :, None], out=np.reshape(y, shape))
        h *= (np.vecdot(w, along[part]) * r**3 / -count)[:, None]
        y += h
        if centred:
            y += (np.vecdot(w, total[part]) * r / -count)[:, None]

    in_parts(work, *rows.shape)
    along *= rstd[:, None]
    per_sample = -1, groups * channels
    return out, np.add.reduce(np.reshape(along, per_sample), axis=0), np.add.reduce(np.reshape(total, per_sample), axis=0)


def _table(v: Array | None, sizes: Sizes) -> Any:
    """One number for each channel, as a row of K for each group of each sample: a view, where there is one group."""
    samples, groups, channels, _ = sizes
    if v is None:
        return None
    return np.reshape(np.broadcast_to(np.reshape(v, (groups, channels)), (samples, groups, channels)), (-1, channels))
