"""Counting: how many are not 0, how many of each kind, how many in each bin. Nothing here has a gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .._graph import Array
from .._op import op
from .._tensor import Tensor, wrap
from .reductions import Dim, reduced_over

__all__ = ["bincount", "count_nonzero", "histc", "histogram", "unique", "unique_consecutive"]


@op
def count_nonzero(input: Array, dim: Dim = None) -> Array:
    """How many elements are not 0."""
    return np.count_nonzero(input, axis=reduced_over(input, dim))


@op
def bincount(input: Array, weights: Array | None = None, minlength: int = 0) -> Array:
    """How often each of 0, 1, … occurs (or the sum of the weights with which it does), up to `minlength` − 1 at least.

    Raises RuntimeError for negative numbers, and unless both inputs are 1-d and of one length.
    """
    if input.ndim != 1 or (input.size and input.min() < 0):
        raise ValueError("bincount only supports 1-d non-negative integral inputs.")
    if weights is None:
        return np.bincount(input, minlength=minlength)
    return np.bincount(input, weights, minlength).astype(np.float32 if weights.dtype == np.float32 else np.float64)


@op
def histc(input: Array, bins: int = 100, min: float = 0, max: float = 0) -> Array:
    """How many elements fall in each of `bins` equal bins between `min` and `max` (where they are equal: of the elements).

    What lies outside is not counted, `max` itself in the last bin. Raises RuntimeError for no bins or an empty range.
    """
    low, high = float(min), float(max)
    if low == high and input.size:
        low, high = float(input.min()), float(input.max())
    if low == high:
        low, high = low - 1, high + 1
    if bins <= 0 or not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ValueError(f"histc needs bins > 0 and a finite range with max > min, but got {bins} bins from {low} to {high}")
    x = input[(input >= low) & (input <= high)]
    place = np.minimum(((x - input.dtype.type(low)) * (bins / (high - low))).astype(np.int64), bins - 1)
    return np.bincount(place, minlength=bins).astype(input.dtype)


class Histogram(NamedTuple):
    """What `histogram` returns."""

    hist: Tensor
    bin_edges: Tensor


def histogram(
    input: Tensor,
    bins: int | Tensor,
    *,
    range: Sequence[float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
) -> Histogram:
    """Return how many elements (or which sum of weights) fall between the edges, and the edges; the last is in the last bin.

    `bins` is their number, from the least to the largest element unless `range` says otherwise, or the edges themselves.
    With `density`, the counts are divided by their sum and by the widths. Raises NotImplementedError for integers, RuntimeError
    for no bins or an empty range.
    """
    x = input._data
    if x.dtype.kind != "f":
        raise NotImplementedError(f"histogram is implemented for floating tensors, not for {x.dtype}")
    edges = bins._data if isinstance(bins, Tensor) else _edges(x, bins, range)
    inside = (x >= edges[0]) & (x <= edges[-1])
    place = np.minimum(np.searchsorted(edges, x[inside], side="right") - 1, edges.size - 2)
    counted = None if weight is None else weight._data[inside]
    counts = np.bincount(place, counted, minlength=edges.size - 1).astype(x.dtype)
    if density:
        counts = counts / (counts.sum() * np.diff(edges))
    return Histogram(wrap(counts), wrap(edges))


def _edges(x: Array, bins: int, range: Sequence[float] | None) -> Array:
    """The edges of equal bins over the range, or over the elements; around a single value, half a unit on each side."""
    low, high = (float(x.min(initial=np.inf)), float(x.max(initial=-np.inf))) if range is None else map(float, range)
    if range is None and not x.size:
        low, high = 0.0, 1.0
    if bins <= 0 or not (np.isfinite(low) and np.isfinite(high) and low <= high):
        raise RuntimeError(f"histogram: needs bins > 0 and a finite range with max >= min, but got {bins} from {low} to {high}")
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, bins + 1, dtype=x.dtype)


def unique(
    input: Tensor,
    sorted: bool = True,  # noqa: ARG001 (it always is)
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """Return the different elements (or slices along `dim`) in ascending order, whether `sorted` or not.

    With `return_inverse` also where each element stands among them, with `return_counts` also how often each occurs.
    """
    values, inverse, counts = np.unique(input._data, return_inverse=True, return_counts=True, axis=dim, equal_nan=False)
    return _asked(values, inverse.reshape(input.shape if dim is None else -1), counts, return_inverse, return_counts)


def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """Return the elements (or slices along `dim`) without those that equal the one before; the rest as for `unique`."""
    x = input._data.reshape(-1) if dim is None else np.moveaxis(np.atleast_1d(input._data), dim, 0)
    changes = np.any(x[1:] != x[:-1], axis=tuple(range(1, x.ndim)))
    begins = np.concatenate([np.ones(min(len(x), 1), bool), changes])
    inverse = np.cumsum(begins) - 1
    counts = np.diff(np.append(np.flatnonzero(begins), len(x)))
    values = x[begins] if dim is None else np.moveaxis(x[begins], 0, dim)
    return _asked(values, inverse.reshape(input.shape if dim is None else -1), counts, return_inverse, return_counts)


def _asked(values: Array, inverse: Array, counts: Array, return_inverse: bool, return_counts: bool) -> Any:
    """The values, and of the other two what was asked for."""
    results = [wrap(values)]
    results += [wrap(inverse.astype(np.int64))] if return_inverse else []
    results += [wrap(counts.astype(np.int64))] if return_counts else []
    return results[0] if len(results) == 1 else tuple(results)
