"""Shapes: the same numbers in another arrangement. Most of these are views; their gradients are the way back."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._errors import ShapeError
from .._graph import Array, Shape
from .._op import op
from .._promotion import same
from .._tensor import Tensor

__all__ = [
    "broadcast_to", "cat", "concat", "concatenate", "expand", "flatten", "permute", "reshape", "squeeze", "stack",
    "swapaxes", "swapdims", "t", "transpose", "unsqueeze", "view",
]  # fmt: skip


def sizes(shape: tuple[Any, ...]) -> Shape:
    """`f(2, 3)`, `f((2, 3))` and `f([2, 3])` mean the same."""
    if len(shape) == 1 and isinstance(shape[0], tuple | list):
        shape = tuple(shape[0])
    return tuple(map(operator.index, shape))


def in_range(dim: int, ndim: int) -> int:
    """Return `dim` counted from the front. Raises IndexError (as AxisError) if there is no such dimension."""
    rank = max(ndim, 1)
    if not -rank <= dim < rank:
        raise np.exceptions.AxisError(dim, rank)
    return dim % rank


@op(view=True)
def _reshape(input: Array, *, shape: Shape) -> Array:
    r"""The same elements, in row-major order, in another shape.   x̄ = ȳ in x's shape"""
    if min(shape, default=0) < -1:
        raise ShapeError(f"invalid shape dimension {min(shape)}; only -1 may stand for a size to be worked out.")
    try:
        return input.reshape(shape)
    except ValueError:
        raise ShapeError(f"shape {list(shape)} is invalid for input of size {input.size}.") from None


@_reshape.vjp("input")
def _(g: Array, shape: Shape) -> Array:
    return g.reshape(shape)


def reshape(input: Tensor, *shape: Any) -> Tensor:
    """Return the same elements in another shape, as a view where possible; one size may be −1.

    Raises RuntimeError if the number of elements differs.
    """
    return _reshape(input, shape=sizes(shape))


def view(input: Tensor, *shape: Any) -> Tensor:
    """As `reshape`, but never a copy: raises RuntimeError where the memory's layout does not allow a view.

    One exception: where channels lie last, as convolutions leave them, PyTorch's memory would allow the view and ours does not.
    There it is a copy, read-only, so that a change in place, which the original would not see, raises instead.
    """
    result: Tensor = _reshape(input, shape=sizes(shape))
    if input._data.size and not np.may_share_memory(result._data, input._data):
        if not _channels_last(input._data):
            raise RuntimeError(
                f"view size {list(sizes(shape))} is not compatible with input tensor's size {list(input.shape)} and stride "
                "(at least one dimension spans across two contiguous subspaces). Use .reshape(...) instead."
            )
        result._data.flags.writeable = False
    return result


def _channels_last(array: Array) -> bool:
    """Whether an array (N, C, …) lies in memory as (N, …, C)."""
    return array.ndim > 2 and bool(np.moveaxis(array, 1, -1).flags.c_contiguous)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Return the tensor with the dimensions `start_dim` … `end_dim` made one."""
    shape = input._data.shape or (1,)
    first, last = named("flatten", start_dim, len(shape)), named("flatten", end_dim, len(shape))
    if first > last:
        raise RuntimeError(f"flatten() has invalid args: start_dim {start_dim} cannot come after end_dim {end_dim}")
    return _reshape(input, shape=(*shape[:first], int(np.prod(shape[first : last + 1])), *shape[last + 1 :]))


def named(name: str, dim: int, ndim: int) -> int:
    """Return `dim` counted from the front. Raises IndexError, in which `name` says who asks, if there is no such dimension."""
    try:
        return in_range(dim, ndim)
    except np.exceptions.AxisError:
        raise IndexError(
            f"{name}: Dimension out of range (expected to be in range of [{-ndim}, {ndim - 1}], but got {dim})"
        ) from None


@op(view=True)
def _permute(input: Array, *, dims: Shape) -> Array:
    r"""y[i_{p(0)}, i_{p(1)}, …] = x[i_0, i_1, …].   x̄ = ȳ with the inverse permutation"""
    if len(dims) != input.ndim:
        raise ShapeError(f"permute(dims) needs one entry for each of the {input.ndim} dimensions, got {list(dims)}.")
    return input.transpose(dims)


@_permute.vjp("input")
def _(g: Array, dims: Shape) -> Array:
    rank = len(dims)
    back = [0] * rank
    for place, d in enumerate(dims):
        back[d % rank] = place
    return np.transpose(g, back)


def permute(input: Tensor, *dims: Any) -> Tensor:
    """Return the tensor with its dimensions in the order `dims`. Raises RuntimeError if they are not all named once."""
    return _permute(input, dims=sizes(dims))


@op(view=True)
def transpose(input: Array, dim0: int, dim1: int) -> Array:
    r"""Two dimensions change places.   The same exchange brings the gradient back."""
    if input.ndim == 0:
        in_range(dim0, 0), in_range(dim1, 0)
        return input[...]
    return input.swapaxes(dim0, dim1)


@transpose.vjp("input")
def _(g: Array, dim0: int, dim1: int) -> Array:
    return g.swapaxes(dim0, dim1) if len(g.shape) else g


def t(input: Tensor) -> Tensor:
    """Return the transposed matrix; a vector or a number as it is. Raises RuntimeError for more than two dimensions."""
    if input._data.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input._data.ndim}D; use mT or transpose")
    return _permute(input, dims=tuple(range(input._data.ndim))[::-1])


@op(view=True)
def _expand(input: Array, *, shape: Shape) -> Array:
    r"""Repeat along dimensions of size 1, without copying.   x̄ = Σ ȳ over the repetitions (the engine's un-broadcasting)"""
    missing = len(shape) - input.ndim
    if missing < 0:
        raise ShapeError(f"expand: the number of sizes provided ({len(shape)}) must be at least the tensor's rank {input.ndim}.")
    if any(size == -1 for size in shape[:missing]):
        raise ShapeError("expand: -1 is not allowed for a dimension that does not exist yet.")
    full = shape[:missing] + tuple(
        [old if new == -1 else new for new, old in zip(shape[missing:], input.shape, strict=True)]
    )
    return np.broadcast_to(input, full)


@_expand.vjp("input")
def _(g: Array) -> Array:
    return g


def expand(input: Tensor, *shape: Any) -> Tensor:
    """Return a view in which dimensions of size 1 are repeated to `shape`; −1 keeps a size. Raises RuntimeError otherwise."""
    return _expand(input, shape=sizes(shape))


def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """Return a view in which dimensions of size 1 are repeated to the shape `size`, as `expand`."""
    return expand(input, size)


@op(view=True)
def unsqueeze(input: Array, dim: int) -> Array:
    r"""A new dimension of size 1.   x̄ = ȳ without it"""
    return np.expand_dims(input, dim)


@unsqueeze.vjp("input")
def _(g: Array, shape: Shape) -> Array:
    return g.reshape(shape)


@op(view=True)
def squeeze(input: Array, dim: int | Sequence[int] | None = None) -> Array:
    r"""Without dimensions of size 1 (all of them, or those named in `dim` that are 1).   x̄ = ȳ in x's shape"""
    named = range(input.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
    unit = {d for d in (in_range(d, input.ndim) for d in named) if input.ndim and input.shape[d] == 1}
    return np.reshape(input, [size for d, size in enumerate(input.shape) if d not in unit])


@squeeze.vjp("input")
def _(g: Array, shape: Shape) -> Array:
    return g.reshape(shape)


@op(promote=same)
def _cat(*tensors: Array, dim: int = 0) -> Array:
    r"""One behind the other along `dim`.   Each input gets its part of ȳ back."""
    return np.concatenate(tensors, axis=dim)


@_cat.vjp("tensors")
def _(g: Array, shapes: tuple[Shape, ...], needs: tuple[bool, ...], dim: int) -> list[Array | None]:
    ends = np.cumsum([shape[dim] for shape in shapes])
    lead = (slice(None),) * (dim % g.ndim)
    return [
        g[(*lead, slice(int(end) - shape[dim], int(end)))] if need else None
        for end, shape, need in zip(ends, shapes, needs, strict=True)
    ]


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Return the tensors one behind the other along `dim`; dtypes are promoted.

    Raises ValueError if there are none, RuntimeError if the other sizes differ.
    """
    if not len(tensors):
        raise ValueError("cat: expected a non-empty list of Tensors")
    for i, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            raise TypeError(f"cat: expected Tensor as element {i}, but got {type(tensor).__name__}; wrap it with tensor()")
    shape = next((t._data.shape for t in tensors if t._data.shape != (0,)), (0,))
    dim = named("cat", dim, len(shape) or 1)
    nothing = (*shape[:dim], 0, *shape[dim + 1 :])  # PyTorch lets empty vectors pass among tensors of any rank
    return _cat(*[reshape(t, nothing) if t._data.shape == (0,) else t for t in tensors], dim=dim)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Return the tensors, all of one shape, side by side along a new dimension `dim`. Raises RuntimeError otherwise."""
    if not len(tensors):
        raise RuntimeError("stack: expected a non-empty list of Tensors")
    first = tensors[0].shape
    for i, tensor in enumerate(tensors):
        if tensor.shape != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 "
                f"and {list(tensor.shape)} at entry {i}"
            )
    return _cat(*[unsqueeze(t, dim) for t in tensors], dim=dim)


# PyTorch's other names
concat = concatenate = cat
swapaxes = swapdims = transpose
