"""Indexing, for reading and for writing, in the two steps of `_index`: a view, and what index tensors pick from it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._apply import recorded
from .._errors import ShapeError
from .._graph import Array, Node, Shape
from .._modes import GRAD
from .._op import op
from .._tensor import Tensor, wrap
from .._views import check_writable, rebase
from ._index import Index, parsed
from .shapes import in_range

__all__ = ["gather", "put", "take"]

IN_PLACE = ("put",)


@op(view=True)
def _index(input: Array, *, index: Index) -> Array:
    r"""y = x[index].   x̄ is zero but for the elements read; an element read twice receives both gradients"""
    part = input[(*index.basic, ...)]  # … : a view also where a single element is read
    return part if index.advanced is None else part[index.advanced]


@_index.vjp("input")
def _(g: Array, shape: Shape, index: Index) -> Array:
    return _scatter.kernel(g, shape=shape, index=index)


@op
def _scatter(g: Array, *, shape: Shape, index: Index) -> Array:
    r"""y = 0, y[index] += g: the transpose of reading.   ḡ = ȳ[index]"""
    y = np.zeros(shape, g.dtype)
    if not index.repeats():
        part = y[(*index.basic, ...)]
        part[... if index.advanced is None else index.advanced] = g
    elif len(index.advanced or ()) == 1 and len(index.basic) == 1:  # rows of a table
        add_rows(y[index.basic], index.advanced[0], g)  # type: ignore[index]
    else:
        np.add.at(y[index.basic], index.advanced, g)  # type: ignore[arg-type]
    return y


@_scatter.vjp("g")
def _(u: Array, index: Index) -> Array:
    return _index.kernel(u, index=index)


def add_rows(table: Array, rows: Array, values: Array) -> None:
    """table[rows] += values, with repeated rows added up: sorted and summed in runs, 6 times as fast as `np.add.at`."""
    rows = rows.ravel() % max(len(table), 1)
    if not rows.size:
        return
    values = values.reshape(rows.size, *table.shape[1:])
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    table[ordered[starts]] += np.add.reduceat(values[order], starts, axis=0)


def getitem(input: Tensor, index: Any) -> Tensor:
    """Return `input[index]`: a view for integers, slices, None and …; a copy for index tensors and masks.

    Raises IndexError out of range or for too many indices, ValueError for a negative step.
    """
    return _index(input, index=parsed(index, input._data.shape))


@op
def _assign(input: Array, value: Array, *, index: Index) -> Array:
    r"""y = x but for y[index] = v.   x̄ = ȳ, but zero where overwritten; v̄ = ȳ[index]"""
    y = input.copy()
    write(y, value, index)
    return y


@_assign.vjp("input")
def _(g: Array, index: Index) -> Array:
    return _assign.kernel(g, 0.0, index=index)


@_assign.vjp("value")
def _(g: Array, index: Index, shape: Shape) -> Array:
    part = _index.kernel(g, index=index)
    missing = len(shape) - len(part.shape)  # leading 1s that fell away
    return np.reshape(part, (1,) * missing + part.shape) if missing > 0 else part


def overwriting(input: Tensor, value: Tensor) -> Node:
    """The step by which `value` takes the place of all of `input`."""
    return recorded(_assign.op, (input, value), {"index": parsed(..., input._data.shape)})


def write(array: Array, value: Any, index: Index) -> None:
    """array[index] = value, with PyTorch's broadcasting (leading 1s of the value fall away)."""
    target = array[(*index.basic, ...)]
    place = ... if index.advanced is None else index.advanced
    target[place] = value


def setitem(input: Tensor, index: Any, value: Any) -> None:
    """Do `input[index] = value` in place, in the graph too.

    Raises RuntimeError if the shapes do not broadcast, or for a leaf that requires grad (outside no_grad).
    """
    check_writable(input, "setitem")
    place = parsed(index, input._data.shape)
    value = _as_value(value, input)
    if not _needs_graph(input, value):
        _check_and_write(input, place, value)
        input._version[0] += 1
        return
    if place.advanced is None and input._base is not None:
        part = getitem(input, index)
        extra = max(value._data.ndim - part._data.ndim, 0)
        part.copy_(value.reshape(value.shape[extra:]) if set(value.shape[:extra]) <= {1} else value)
        return
    node = recorded(_assign.op, (input, value), {"index": place})
    _check_and_write(input, place, value)
    rebase(input, node)


def _needs_graph(input: Tensor, value: Tensor) -> bool:
    return GRAD.get() and (input.requires_grad or value.requires_grad)


def _as_value(value: Any, input: Tensor) -> Tensor:
    if isinstance(value, Tensor):
        return value if value._data.dtype == input._data.dtype else value.to(input._data.dtype)
    return wrap(np.asarray(value).astype(input._data.dtype))


def _check_and_write(input: Tensor, place: Index, value: Tensor) -> None:
    try:
        write(input._data, value._data, place)
    except ValueError:
        target = _index.op.forward(input._data, index=place).shape
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(value.shape)} cannot be broadcast to indexing result of shape "
            f"{list(target)}"
        ) from None


@op
def take(input: Array, index: Array) -> Array:
    r"""y_k = x.flat[index_k].   x̄.flat[i] = Σ_{k: index_k = i} ȳ_k"""
    _check_whole(index)
    return np.take(input, index)


@take.vjp("input")
def _(g: Array, index: Array, shape: Shape) -> Array:
    return _put_zeros.kernel(g, index, shape=shape)


@op
def _put_zeros(g: Array, index: Array, *, shape: Shape) -> Array:
    r"""y = 0, y.flat[index_k] += g_k.   ḡ_k = ȳ.flat[index_k]"""
    y = np.zeros(int(np.prod(shape, dtype=np.int64)), g.dtype)
    np.add.at(y, index.ravel(), g.ravel())
    return y.reshape(shape)


@_put_zeros.vjp("g")
def _(u: Array, index: Array) -> Array:
    return take.kernel(u, index)


@op
def put(input: Array, index: Array, source: Array, accumulate: bool = False) -> Array:
    r"""y = x but for y.flat[index_k] = s_k (or += s_k).   s̄ = ȳ.flat[index]; x̄ = ȳ, but zero where overwritten"""
    y = np.array(input)
    flat = y.reshape(-1)
    if accumulate:
        np.add.at(flat, index.ravel(), np.ravel(source))
    else:
        flat[index.ravel()] = np.ravel(source)
    return y


@put.vjp("input")
def _(g: Array, index: Array, accumulate: bool) -> Array:
    return g if accumulate else put.kernel(g, index, np.zeros_like(take.kernel(g, index)))


@put.vjp("source")
def _(g: Array, index: Array, shape: Shape) -> Array:
    return np.reshape(take.kernel(g, index), shape)


def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Return `input` at `index` along `dim`, and at the element's own place along every other dimension.

    The index may be smaller than the input in the other dimensions. Raises RuntimeError out of range.
    """
    return _gather(input, index, dim=dim)


@op
def _gather(input: Array, index: Array, *, dim: int) -> Array:
    r"""y_{i j k} = x_{i index_{ijk} k} (here dim = 1).   x̄ receives ȳ at the places read, repeated places their sum"""
    if not index.size:  # PyTorch lets an empty index have any number of dimensions
        return np.empty(index.shape, input.dtype)
    return input[along(index, dim, input)] if input.ndim else np.broadcast_to(input, index.shape).copy()


@_gather.vjp("input")
def _(g: Array, index: Array, dim: int, shape: Shape) -> Array:
    return _scatter_along.kernel(g, index, dim=dim, shape=shape)


@op
def _scatter_along(g: Array, index: Array, *, dim: int, shape: Shape) -> Array:
    r"""y = 0, y_{i index_{ijk} k} += g_{ijk}: the transpose of `gather`.   ḡ = gather(ȳ)"""
    y = np.zeros(shape, g.dtype)
    if index.size:
        np.add.at(y, along(index, dim, y) if y.ndim else (), g if y.ndim else g.sum())
    return y


@_scatter_along.vjp("g")
def _(u: Array, index: Array, dim: int) -> Array:
    return _gather.kernel(u, index, dim=dim)


def _check_whole(index: Array) -> None:
    if index.dtype.kind not in "iu":
        raise ShapeError(f"the index must hold integers (int64), not {index.dtype}.")


def along(index: Array, dim: int, input: Array) -> tuple[Any, ...]:
    """The NumPy index that reads `input` at `index` along `dim` and at its own place along every other dimension."""
    dim = in_range(dim, input.ndim)
    _check_whole(index)
    if index.ndim != input.ndim:
        raise ShapeError(f"the index must have the input's number of dimensions, {input.ndim}, not {index.ndim}.")
    if index.size and not (index.min() >= 0 and index.max() < input.shape[dim]):
        raise ShapeError(f"index out of bounds: an index along dim {dim} must lie in 0 … {input.shape[dim] - 1}.")
    sizes = [(size, full) for d, (size, full) in enumerate(zip(index.shape, input.shape, strict=True)) if d != dim]
    if any(size > full for size, full in sizes):
        raise ShapeError("the index must not be larger than the input in the other dimensions.")
    places = [np.arange(size).reshape((size,) + (1,) * (index.ndim - d - 1)) for d, size in enumerate(index.shape)]
    places[dim] = index
    return tuple(places)
