"""Slices along one dimension, named by a vector of indices: read, added to, overwritten.

Reading and adding are each other's transposes: what one does forwards, the other does for its gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._errors import ShapeError
from .._graph import Array, Shape
from .._op import op
from .._tensor import Tensor, wrap
from .indexing import add_rows
from .shapes import in_range, reshape

__all__ = ["index_add", "index_copy", "index_fill", "index_select", "repeat_interleave"]

IN_PLACE = ("index_add", "index_copy", "index_fill")


def _slices(name: str, input: Array, dim: int, index: Array) -> tuple[Any, ...]:
    """The NumPy index of the slices `index` along `dim`, checked."""
    dim = in_range(dim, input.ndim)
    if index.ndim > 1 or index.dtype.kind not in "iu":
        raise ShapeError(f"{name}: the index must be a vector of integers, not {index.ndim}-d {index.dtype}.")
    total = input.shape[dim] if input.ndim else 1
    if index.size and not (index.min() >= 0 and index.max() < total):
        raise IndexError(f"index out of range in self: along dim {dim} it must lie in 0 … {total - 1}")
    return (*(slice(None),) * dim, index.reshape(-1))


@op
def _index_select(input: Array, index: Array, *, dim: int) -> Array:
    r"""y_{i k} = x_{i index_k} (here dim = 1).   x̄ receives ȳ at the slices read: `index_add` into zeros"""
    place = _slices("index_select", input, dim, index)
    if input.ndim:
        return np.take(input, place[-1], axis=len(place) - 1)  # rows in order, where input[place] would put them last in memory
    return np.broadcast_to(input, () if index.size == 1 else index.shape).copy()


@_index_select.vjp("input")
def _(g: Array, dim: int, index: Array, shape: Shape) -> Array:
    return _index_add.kernel(np.zeros(shape, g.dtype), index, g, dim=dim)


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Return a copy of the slices `index` along `dim`. Raises IndexError out of range."""
    return _index_select(input, index, dim=dim)


@op
def _index_add(input: Array, index: Array, source: Array, *, dim: int, alpha: float = 1) -> Array:
    r"""y = x; y_{i index_k} += α s_{i k} (here dim = 1).   x̄ = ȳ; s̄ = α index_select(ȳ)"""
    y = _copied("index_add", input, source)
    values = source if alpha == 1 else source * np.asarray(alpha).astype(source.dtype)
    place = _slices("index_add", y, dim, index)
    if not y.ndim:
        y += values.sum(dtype=y.dtype)
    elif y.dtype == bool:
        np.add.at(y, place, values)
    else:
        add_rows(np.moveaxis(y, len(place) - 1, 0), place[-1], np.moveaxis(_fitting(y, place, values), len(place) - 1, 0))
    return y


@_index_add.vjp("input")
def _(g: Array) -> Array:
    return g


@_index_add.vjp("source")
def _(g: Array, dim: int, index: Array, alpha: float, shape: Shape) -> Array:
    return np.reshape(_index_select.kernel(g, index, dim=dim) * alpha, shape)


def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """Return `input` with α times the slices of `source` added at `index` along `dim`; repeated ones add up.

    Raises IndexError out of range, RuntimeError if the shapes do not fit or the dtypes differ.
    """
    return _index_add(input, index, source, dim=dim, alpha=alpha)


@op
def _index_copy(input: Array, index: Array, source: Array, *, dim: int) -> Array:
    r"""y = x; y_{i index_k} = s_{i k} (here dim = 1).   s̄ = index_select(ȳ); x̄ = ȳ, but zero where overwritten"""
    y = _copied("index_copy", input, source)
    place = _slices("index_copy", y, dim, index)
    if y.ndim:
        y[place] = _fitting(y, place, source)
    elif index.size:
        y[...] = source.reshape(-1)[-1]
    return y


@_index_copy.vjp("input")
def _(g: Array, dim: int, index: Array) -> Array:
    return _index_fill.kernel(g, index, 0.0, dim=dim)


@_index_copy.vjp("source")
def _(g: Array, dim: int, index: Array, shape: Shape) -> Array:
    return np.reshape(_index_select.kernel(g, index, dim=dim), shape)


def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """Return `input` with the slices of `source` written at `index` along `dim`. Raises as `index_add` does."""
    return _index_copy(input, index, source, dim=dim)


@op
def _index_fill(input: Array, index: Array, value: Array, *, dim: int) -> Array:
    r"""y = x; y_{i index_k} = v, one number (here dim = 1).   v̄ = Σ ȳ where it was written; x̄ = ȳ elsewhere"""
    if np.ndim(value):
        raise ShapeError(f"index_fill_ only supports a 0-dimensional value tensor, but got {np.ndim(value)} dimension(s).")
    y = np.array(input)
    place = _slices("index_fill", y, dim, index)
    if y.ndim or index.size:
        y[place if y.ndim else ...] = value
    return y


@_index_fill.vjp("input")
def _(g: Array, dim: int, index: Array) -> Array:
    return _index_fill.kernel(g, index, 0.0, dim=dim)


@_index_fill.vjp("value")
def _(g: Array, dim: int, index: Array) -> Array:
    return np.sum(g - _index_fill.kernel(g, index, 0.0, dim=dim))


def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """Return `input` with one number (or 0-d tensor) in the slices `index` along `dim`. Raises IndexError out of range."""
    return _index_fill(input, index, value, dim=dim)


def _copied(name: str, input: Array, source: Array) -> Array:
    if input.dtype != source.dtype:
        raise ShapeError(f"{name}: self ({input.dtype}) and source ({source.dtype}) are expected to have the same dtype.")
    return np.array(input)


def _fitting(y: Array, place: tuple[Any, ...], source: Array) -> Array:
    """The source, once it is sure that it has the shape of the slices."""
    dim = len(place) - 1
    shape = (*y.shape[:dim], place[-1].size, *y.shape[dim + 1 :])
    if source.shape != shape and not (source.size == 1 and shape == (1,)):
        raise ShapeError(f"the source must have the shape of the slices named, {shape}, not {source.shape}.")
    return source.reshape(shape)


def repeat_interleave(input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None) -> Tensor:
    """Return each slice along `dim` (each element, if None) `repeats` times in a row; without `repeats`, each index so often.

    Raises RuntimeError if `repeats` is negative or of another length, or if the result is not of `output_size`.
    """
    if repeats is None:
        input, repeats, dim = wrap(np.arange(input._data.size, dtype=np.int64)), input, 0
    source = reshape(input, -1) if dim is None else input
    dim = in_range(dim or 0, source._data.ndim)
    total = source._data.shape[dim] if source._data.ndim else 1
    counts = np.asarray(repeats._data if isinstance(repeats, Tensor) else repeats)
    if counts.size not in (1, total) or counts.ndim > 1:
        raise RuntimeError(f"repeats must have the same size as input along dim, but {counts.size} != {total}")
    if counts.size and counts.min() < 0:
        raise RuntimeError("repeats can not be negative")
    rows = wrap(np.repeat(np.arange(total), counts))
    if output_size is not None and output_size != rows._data.size:
        raise RuntimeError(f"repeat_interleave: output_size {output_size} is not the sum of the repeats, {rows._data.size}")
    return index_select(source, dim, rows)
