"""Quantiles: what stands at a given fraction of the way through the sorted elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Tensor, wrap
from .blending import lerp
from .choices import _where
from .indexing import gather
from .sorting import sort

__all__ = ["nanquantile", "quantile"]


def quantile(input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear") -> Tensor:
    """Return the q-quantiles along `dim` (of all elements, if None): what stands at q (n − 1) in sorted order.

    Between two elements: `interpolation` "linear", "lower", "higher", "midpoint" or "nearest". A row with a nan gives nan.
    `q` is a number or a 1-d tensor; of the latter, the results stand along a new first dimension.

    Raises RuntimeError for q outside 0 … 1, another dtype than the input's, or an empty or integer input.
    """
    return _quantiles(input, q, dim, keepdim, interpolation, ignore_nan=False)


def nanquantile(input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear") -> Tensor:
    """Return the q-quantiles of the elements that are not nan; arguments and errors as for `quantile`."""
    return _quantiles(input, q, dim, keepdim, interpolation, ignore_nan=True)


def _quantiles(input: Tensor, q: Any, dim: int | None, keepdim: bool, interpolation: str, ignore_nan: bool) -> Tensor:
    levels = _levels(q, input)
    if dim is None or not input.ndim:
        rows, kept = input.reshape(-1), [1] * input.ndim
    else:
        dim = range(input.ndim)[dim]
        rows = input.permute([d for d in range(input.ndim) if d != dim] + [dim])
        kept = [1 if d == dim else size for d, size in enumerate(input.shape)]
    ranks = _ranks(rows, levels.reshape(-1), ignore_nan)
    ranked = sort(rows).values
    values = _interpolated(ranked, ranks, interpolation)
    values = values.permute([rows.ndim - 1, *range(rows.ndim - 1)])  # the levels come first
    shape = kept if keepdim else rows.shape[:-1]
    result: Tensor = values.reshape(*levels.shape, *shape)
    return result


def _levels(q: Any, input: Tensor) -> Tensor:
    """The wanted fractions, checked."""
    levels = q if isinstance(q, Tensor) else wrap(np.asarray(q, input.dtype))
    if input.dtype.kind != "f" or levels.dtype != input.dtype:
        raise RuntimeError(f"quantile(): input tensor must be floating, and q of its dtype; got {input.dtype} and {levels.dtype}")
    if levels.ndim > 1 or not np.all((levels._data >= 0) & (levels._data <= 1)):
        raise RuntimeError("quantile(): q must be a number or a 1-d tensor with values in the range [0, 1]")
    if not input._data.size:
        raise RuntimeError(f"quantile(): input tensor must be non-empty, got shape {list(input.shape)}")
    return levels


def _ranks(rows: Tensor, levels: Tensor, ignore_nan: bool) -> Tensor:
    """Where in the order of its row, in which nan comes last, each quantile stands: q (n − 1), seldom a whole number."""
    size = rows.shape[-1]
    numbers = np.count_nonzero(rows._data == rows._data, axis=-1, keepdims=True)
    ranks = levels * np.maximum(numbers - 1, 0).astype(rows.dtype)
    return ranks if ignore_nan else _where(wrap(numbers < size), float(size - 1), ranks)


def _interpolated(ranked: Tensor, ranks: Tensor, interpolation: str) -> Tensor:
    """What stands at the ranks, or between the elements below and above."""
    if interpolation not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise RuntimeError(
            f"quantile(): interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    whole = np.floor(ranks._data)
    if interpolation in ("higher", "nearest"):
        whole = np.ceil(ranks._data) if interpolation == "higher" else np.round(ranks._data)
    below = gather(ranked, -1, wrap(whole.astype(np.int64)))
    if interpolation not in ("linear", "midpoint"):
        return below
    above = gather(ranked, -1, wrap(np.ceil(ranks._data).astype(np.int64)))
    return lerp(below, above, 0.5 if interpolation == "midpoint" else ranks - wrap(whole))
