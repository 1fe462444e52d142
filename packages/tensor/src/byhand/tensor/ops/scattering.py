"""Places that a tensor names, one for each element, along a dimension: writing, adding, reducing there.

Reading (`gather`) and adding are each other's transposes: what one does forwards, the other does for its gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._graph import Array
from .._op import op
from .._tensor import Tensor, wrap
from .indexing import _gather, along, gather, getitem
from .rounding import div
from .shapes import expand, in_range, reshape

__all__ = ["index_reduce", "scatter", "scatter_add", "scatter_reduce", "take_along_dim"]

IN_PLACE = ("index_reduce", "scatter", "scatter_add", "scatter_reduce")


def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """Return `input` at `indices` along `dim`, broadcast against each other elsewhere; without `dim`, of the flattened tensor."""
    if dim is None:
        return gather(reshape(input, -1), 0, reshape(indices, -1))
    if input._data.ndim != indices._data.ndim:
        raise RuntimeError(
            f"take_along_dim(): input and indices should have the same number of dimensions, but got {input._data.ndim} "
            f"dimensions for input, and {indices._data.ndim} dimensions for indices"
        )
    dim = in_range(dim, input._data.ndim)
    total = input._data.shape[dim] if input._data.ndim else 1
    indices = wrap(np.where(indices._data < 0, indices._data + total, indices._data))
    own, named = list(input._data.shape), list(indices._data.shape)
    common = list(np.broadcast_shapes((*own[:dim], 1, *own[dim + 1 :]), (*named[:dim], 1, *named[dim + 1 :])))
    own, named = [[*common[:dim], sizes[dim], *common[dim + 1 :]] for sizes in (own, named)]
    return gather(expand(input, own), dim, expand(indices, named))


def _written(input: Array, index: Array, dim: int) -> tuple[Array, tuple[Any, ...]]:
    """A copy of the input, at least a vector, and the places in it that the index names."""
    y = np.array(input).reshape(input.shape or (1,))
    return y, along(index.reshape(index.shape or (1,)), dim, y)


@op
def _scatter_set(input: Array, index: Array, src: Array, *, dim: int) -> Array:
    r"""y = x; y_{i index_{ijk} k} = s_{ijk} (here dim = 1).   s̄ = gather(ȳ); x̄ = ȳ, but zero where overwritten"""
    y, place = _written(input, index, dim)
    y[place] = np.reshape(src, index.shape or (1,)) if np.ndim(src) else src
    return y.reshape(input.shape)


@_scatter_set.vjp("input")
def _(g: Array, index: Array, dim: int) -> Array:
    return _scatter_set.kernel(g, index, 0.0, dim=dim)


@_scatter_set.vjp("src")
def _(g: Array, index: Array, dim: int) -> Array:
    return _gather.kernel(g, index, dim=dim)


@op
def _scatter_add(input: Array, index: Array, src: Array, *, dim: int) -> Array:
    r"""y = x; y_{i index_{ijk} k} += s_{ijk} (here dim = 1).   x̄ = ȳ; s̄ = gather(ȳ)"""
    y, place = _written(input, index, dim)
    np.add.at(y, place, src.reshape(index.shape or (1,)))
    return y.reshape(input.shape)


@_scatter_add.vjp("input")
def _(g: Array) -> Array:
    return g


@_scatter_add.vjp("src")
def _(g: Array, index: Array, dim: int) -> Array:
    return _gather.kernel(g, index, dim=dim)


def scatter(input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None) -> Tensor:
    """Return `input` with `src` (or one `value`) written at `index` along `dim`, and at its own place along the others.

    `reduce="add"` and `reduce="multiply"` combine instead. Where an index is repeated, one of the values stays.
    Raises RuntimeError out of range, or if `index` is larger than `src`.
    """
    src = value if src is None else src
    if reduce is not None:
        if reduce not in ("add", "multiply"):
            raise RuntimeError("reduce argument must be either add or multiply.")
        filled = src if isinstance(src, Tensor) else input.new_full(index.shape, src)
        return scatter_reduce(input, dim, index, filled, {"add": "sum", "multiply": "prod"}[reduce])
    if isinstance(src, Tensor):
        return _scatter_set(input, index, _source("scatter", input, index, src), dim=dim)
    return _scatter_set(input, index, src, dim=dim)


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """Return `input` with `src` added at `index` along `dim`, and at its own place along the others; repeated places add up."""
    return _scatter_add(input, index, _source("scatter_add", input, index, src), dim=dim)


def _source(name: str, input: Tensor, index: Tensor, src: Tensor) -> Tensor:
    """The part of the source that the index covers."""
    if src._data.dtype != input._data.dtype:
        raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype, but got {input.dtype} and {src.dtype}")
    own, named = src._data.shape, index._data.shape
    if len(own) != len(named) and len(own) + len(named) > 1:
        raise RuntimeError(f"{name}(): index and src must have the same number of dimensions, got {named} and {own}")
    if any(size > full for size, full in zip(named, own, strict=False)):
        raise RuntimeError(f"{name}(): Expected index {list(named)} to be not larger than src {list(own)}")
    return getitem(src, tuple(map(slice, named))) if named != own and own else src


_START = {"sum": 0, "mean": 0, "prod": 1, "amax": -np.inf, "amin": np.inf}
_EXTREME: dict[str, Any] = {"amax": np.maximum, "amin": np.minimum}


def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """Return `input` with the values of `src` that share a place combined there: "sum", "prod", "mean", "amax" or "amin".

    Without `include_self`, the old element of a place that is written to does not take part.
    Raises RuntimeError for another name, out of range, or if `index` is larger than `src`.
    """
    if reduce not in _START:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}.")
    src = _source("scatter_reduce", input, index, src)
    if not include_self:
        input = _scatter_set(input, index, _neutral(input, reduce), dim=dim)
    if reduce == "sum":
        return _scatter_add(input, index, src, dim=dim)
    if reduce == "mean":
        ones = src.new_ones(index.shape)
        count = _scatter_add(input.new_full(input.shape, 1), index, ones, dim=dim)._data - (not include_self) * (
            _scatter_add(input.new_zeros(input.shape), index, ones, dim=dim)._data > 0
        )
        total = _scatter_add(input, index, src, dim=dim)
        return div(total, count, rounding_mode=None if input.is_floating_point() else "floor")
    if reduce == "prod":
        return _scatter_prod(input, index, src, dim=dim)
    return _scatter_extreme(input, index, src, dim=dim, reduce=reduce)


def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """Return `input` with the slices of `source` that go to one place along `dim` combined there: "prod", "mean", "amax", "amin".

    Without `include_self`, the old slice does not take part. Raises RuntimeError for another name or if the shapes do not fit.
    """
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    if index._data.ndim > 1 or (source._data.ndim and source._data.shape[dim] != index._data.size):
        raise RuntimeError(
            f"index_reduce(): index {tuple(index.shape)} must name one place for each slice of {tuple(source.shape)} along {dim}"
        )
    places = [-1 if d == dim % max(source._data.ndim, 1) else 1 for d in range(source._data.ndim)]
    spread = expand(reshape(index, places), source._data.shape)
    return scatter_reduce(input, dim, spread, source, reduce, include_self=include_self)


def _neutral(input: Tensor, reduce: str) -> Any:
    """The number that changes nothing where it is combined with others."""
    if reduce in ("amax", "amin") and input.dtype.kind in "iub":
        lowest, highest = (0, 1) if input.dtype == bool else (np.iinfo(input.dtype).min, np.iinfo(input.dtype).max)
        return lowest if reduce == "amax" else highest
    return _START[reduce]


@op
def _scatter_extreme(input: Array, index: Array, src: Array, *, dim: int, reduce: str) -> Array:
    r"""y = x; y_{i index_{ijk} k} = max(y, s_{ijk}) or min.   The gradient is shared equally among those that equal y."""
    y, place = _written(input, index, dim)
    _EXTREME[reduce].at(y, place, src.reshape(index.shape or (1,)))
    return y.reshape(input.shape)


@_scatter_extreme.vjp("input", "src")
def _(g: Array, input: Array, index: Array, src: Array, out: Array, dim: int) -> tuple[Array, Array]:
    mine = (input == out).astype(g.dtype)
    theirs = (src == _gather.kernel(out, index, dim=dim)).astype(g.dtype)
    share = g / _scatter_add.kernel(mine, index, theirs, dim=dim)
    return share * mine, _gather.kernel(share, index, dim=dim) * theirs


@op
def _scatter_prod(input: Array, index: Array, src: Array, *, dim: int) -> Array:
    r"""y = x; y_{i index_{ijk} k} *= s_{ijk}.   ∂y/∂s = Π of the others = y/s, and where s = 0 the product of those that are not,
    unless another one is 0 too"""
    y, place = _written(input, index, dim)
    np.multiply.at(y, place, src.reshape(index.shape or (1,)))
    return y.reshape(input.shape)


@_scatter_prod.vjp("input", "src")
def _(g: Array, input: Array, index: Array, src: Array, dim: int) -> tuple[Array, Array]:
    x, s = np.where(input == 0, 1.0, input), np.where(src == 0, 1.0, src)
    nonzero = g * _scatter_prod.kernel(x, index, s, dim=dim)  # ȳ times the product of what is not 0
    zeros = _scatter_add.kernel((input == 0).astype(g.dtype), index, (src == 0).astype(g.dtype), dim=dim)
    there = _gather.kernel(zeros, index, dim=dim)
    mine = np.where(zeros == (input == 0).astype(g.dtype), nonzero / x, 0.0)
    theirs = np.where(there == (src == 0).astype(g.dtype), _gather.kernel(nonzero, index, dim=dim) / s, 0.0)
    return mine, theirs
