"""A tensor's memory: writing into it, its layout, parts of it, and new tensors of the same kind."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._conversion import to
from ._inplace import store
from ._tensor import Tensor
from ._views import check_writable
from .creation import full, tensor as new
from .ops.choices import clone
from .ops.indexing import getitem
from .ops.shapes import expand, in_range, reshape, view as view_of
from .ops.strided import storage_offset as storage_offset

__all__ = [
    "contiguous", "copy_", "cpu", "dim", "element_size", "expand_as", "fill_", "is_contiguous", "narrow",
    "new_full", "new_ones", "new_tensor", "new_zeros", "numel", "reshape_as", "select", "size", "storage_offset",
    "stride", "view_as", "zero_",
]  # fmt: skip


# ---------------------------------------------------------------------- writing


def copy_(input: Tensor, src: Any) -> Tensor:
    """Write the elements of `src`, broadcast, into this tensor's memory and return it; the gradient goes to `src`."""
    check_writable(input, "copy_")
    source = src if isinstance(src, Tensor) else new(src, dtype=input._data.dtype)
    try:
        value = expand(to(source, input._data.dtype), input._data.shape)
    except RuntimeError:
        raise RuntimeError(
            f"copy_: the source's shape {list(source.shape)} does not broadcast to the tensor's shape {list(input.shape)}"
        ) from None
    store(input, value)
    return input


def fill_(input: Tensor, value: Any) -> Tensor:
    """Fill the tensor with one number (or 0-d tensor) and return it."""
    if isinstance(value, Tensor) and value._data.ndim:
        raise RuntimeError(f"fill_ only supports 0-dimension value tensor but got tensor with {value._data.ndim} dimensions.")
    return copy_(input, value)


def zero_(input: Tensor) -> Tensor:
    """Fill the tensor with zeros and return it."""
    return fill_(input, 0)


# ---------------------------------------------------------------------- memory and shape


def size(input: Tensor, dim: int | None = None) -> Any:
    """Return the shape, or the size of one dimension."""
    return input.shape if dim is None else input.shape[dim]


def dim(input: Tensor) -> int:
    """Return the number of dimensions."""
    return int(input._data.ndim)


def numel(input: Tensor) -> int:
    """Return the number of elements."""
    return int(input._data.size)


def element_size(input: Tensor) -> int:
    """Return the bytes an element takes."""
    return int(input._data.itemsize)


def stride(input: Tensor, dim: int | None = None) -> Any:
    """Return how many elements lie between neighbours along each dimension (or one) in memory."""
    steps = tuple(step // input._data.itemsize for step in input._data.strides)
    return steps if dim is None else steps[dim]


def is_contiguous(input: Tensor) -> bool:
    """Whether the elements lie in row-major order without gaps."""
    return bool(input._data.flags.c_contiguous)


def contiguous(input: Tensor) -> Tensor:
    """Return the tensor itself if it is contiguous, else a copy that is."""
    return input if is_contiguous(input) else clone(input, memory_format="contiguous")


def cpu(input: Tensor) -> Tensor:
    """Return the tensor itself: it is on the CPU."""
    return input


def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """Return the view of `length` slices along `dim` from `start` on. Raises RuntimeError or IndexError out of range."""
    dim = _dimension("narrow", dim, input)
    total = input._data.shape[dim]
    start = int(start)
    if not -total <= start <= total:
        raise IndexError(f"start out of range (expected to be in range of [{-total}, {total}], but got {start})")
    start = start + total if start < 0 else start
    if length < 0 or start + length > total:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({total}).")
    return getitem(input, (slice(None),) * dim + (slice(start, start + length),))


def select(input: Tensor, dim: int, index: Any) -> Tensor:
    """Return the view of one slice along `dim`, without that dimension. Raises IndexError out of range."""
    if not input._data.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    return getitem(input, (slice(None),) * _dimension("select", dim, input) + (int(index),))


def _dimension(name: str, dim: int, input: Tensor) -> int:
    try:
        return in_range(dim, input._data.ndim)
    except np.exceptions.AxisError as error:
        raise IndexError(f"{name}: Dimension out of range: {error}, shape {tuple(input.shape)}") from None


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """Return a view in the shape of `other`."""
    return view_of(input, other._data.shape)


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """Return the same elements in the shape of `other`."""
    return reshape(input, other._data.shape)


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """Return a view repeated to the shape of `other`."""
    return expand(input, other._data.shape)


# ---------------------------------------------------------------------- others of the same kind


def new_tensor(input: Tensor, data: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of `data` in this tensor's dtype."""
    return new(data, dtype=dtype or input.dtype, requires_grad=requires_grad)


def new_full(input: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of shape `size` filled with one number, in this tensor's dtype."""
    return full(tuple(size), fill_value, dtype=dtype or input.dtype, requires_grad=requires_grad)


def new_zeros(input: Tensor, *size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return zeros of shape `size` in this tensor's dtype."""
    return new_full(input, _shape(size), 0, dtype=dtype, requires_grad=requires_grad)


def new_ones(input: Tensor, *size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return ones of shape `size` in this tensor's dtype."""
    return new_full(input, _shape(size), 1, dtype=dtype, requires_grad=requires_grad)


def _shape(size: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(size[0]) if len(size) == 1 and isinstance(size[0], tuple | list) else size
