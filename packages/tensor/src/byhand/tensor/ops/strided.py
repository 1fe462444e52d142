"""Views by strides: any pattern of steps through a tensor's memory, and values written into views of a copy."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .._errors import ShapeError
from .._graph import Array, Shape
from .._op import op
from .._tensor import Tensor
from .._views import addresses
from .choices import clone
from .indexing import _put_zeros, take

__all__ = ["as_strided", "as_strided_scatter", "diagonal_scatter", "select_scatter", "slice_scatter"]


# ---------------------------------------------------------------------- memory


def _memory(array: Array) -> tuple[Array, int]:
    """All elements of the memory in which an array lies, in order, and at which of them it begins."""
    owner, base = array, array.base
    while base is not None:
        owner = base if isinstance(base, np.ndarray) else owner
        base = getattr(base, "base", None)
    flat = owner.ravel(order="K")
    if owner.size and not np.may_share_memory(flat, owner):
        raise ShapeError("the tensor lies in foreign memory with gaps in it, whose extent is not known; clone() it first.")
    pointer = "__array_interface__"
    distance = getattr(array, pointer)["data"][0] - getattr(owner, pointer)["data"][0]
    return flat.view(array.dtype), distance // array.itemsize


def storage_offset(input: Tensor) -> int:
    """Return at which element of its memory the tensor begins."""
    return _memory(input._data)[1]


def _places(shape: Shape, strides: Shape, start: int) -> Array:
    """Where in the memory each element lies."""
    return addresses(shape, strides) + start


# ---------------------------------------------------------------------- views


@op(view=True)
def _as_strided(input: Array, *, size: Shape, stride: Shape, start: int, own: tuple[Shape, int]) -> Array:  # noqa: ARG001
    r"""y_{i j …} = m[start + i s₀ + j s₁ + …], where x itself lies in the memory m with the steps and the start `own`.

    What y reads several times receives all these gradients; where x holds one element several times, each gets its share:
    m̄ = 0, m̄[places of y] += ȳ,   x̄ = m̄[places of x] / (how often x holds that place).   Places outside of x have none.
    """
    memory, _ = _memory(input)
    offset = start * input.itemsize if math.prod(size) else 0
    view = np.ndarray(size, input.dtype, memory, offset, [step * input.itemsize for step in stride])
    view.flags.writeable = input.flags.writeable
    return view


@_as_strided.vjp("input")
def _(g: Array, shape: Shape, size: Shape, stride: Shape, start: int, own: tuple[Shape, int]) -> Array:
    of_y, of_x = _places(size, stride, start), _places(shape, *own)
    length = 1 + max(of_y.max(initial=0), of_x.max(initial=0))
    part = take.kernel(_put_zeros.kernel(g, of_y, shape=(int(length),)), of_x)
    count = np.bincount(of_x.ravel())[of_x]
    return part / count.astype(g.dtype) if (count > 1).any() else part


def as_strided(input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None) -> Tensor:
    """Return the view of the tensor's memory with this shape, these steps and this start, all counted in elements.

    The start is the tensor's own, if None. A view in which one element appears more than once, or that reaches beyond the
    tensor into the memory around it, can be read but not changed in place. Raises RuntimeError for negative steps and for
    places outside of the memory.
    """
    memory, begin = _memory(input._data)
    shape, steps = tuple(size), tuple(stride)
    start = begin if storage_offset is None else storage_offset
    if len(shape) != len(steps):
        raise RuntimeError(f"as_strided: mismatch in length of strides and shape: {list(steps)} and {list(shape)}")
    if min((*steps, *shape, start), default=0) < 0:
        raise RuntimeError(f"as_strided: negative sizes, strides and offsets are not supported: {shape}, {steps}, {start}")
    needed = start + sum((n - 1) * s for n, s in zip(shape, steps, strict=True)) + 1 if math.prod(shape) else 0
    if needed > memory.size:
        raise RuntimeError(
            f"as_strided: sizes {list(shape)}, strides {list(steps)} and storage offset {start} need a memory of {needed} "
            f"elements, but the tensor's has {memory.size}"
        )
    own = tuple([step // input._data.itemsize for step in input._data.strides]), begin
    result: Tensor = _as_strided(input, size=shape, stride=steps, start=start, own=own)
    places = _places(shape, steps, start)
    if np.unique(places).size < places.size or not np.isin(places, _places(input._data.shape, *own)).all():
        result._data.flags.writeable = False
    return result


# ---------------------------------------------------------------------- values written into a view of a copy


def _written(name: str, copy: Tensor, view: Tensor, src: Tensor) -> Tensor:
    """The copy, after `src` was written into a view of it. Raises RuntimeError unless the shapes are the same."""
    if view._data.shape != src._data.shape:
        raise RuntimeError(f"{name}: expected src to have a size equal to the slice of self. src size = {list(src.shape)}, "
                           f"slice size = {list(view.shape)}")  # fmt: skip
    view.copy_(src)
    return copy


def as_strided_scatter(
    input: Tensor, src: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """Return a copy of `input` in whose view `as_strided(size, stride, storage_offset)` stands `src`."""
    copy = clone(input, memory_format="contiguous")
    return _written("as_strided_scatter", copy, as_strided(copy, size, stride, storage_offset), src)


def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """Return a copy of `input` in whose slice `index` along `dim` stands `src`."""
    copy = clone(input)
    return _written("select_scatter", copy, copy.select(dim, index), src)


def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """Return a copy of `input` in whose slices `start:end:step` along `dim` stands `src`."""
    copy = clone(input)
    lead = (slice(None),) * (dim % max(copy._data.ndim, 1))
    return _written("slice_scatter", copy, copy[(*lead, slice(start, end, step))], src)


def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """Return a copy of `input` on whose diagonal stands `src`."""
    copy = clone(input)
    return _written("diagonal_scatter", copy, copy.diagonal(offset, dim1, dim2), src)
