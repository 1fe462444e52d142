"""A tensor's memory: writing into it, its layout, parts of it, and new tensors of the same kind."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._conversion import to
from ._inplace import store
from ._tensor import Tensor
from ._views import check_writable
from .creation import empty, empty_strided, full, tensor as new
from .ops.choices import clone, contiguous as contiguous, is_contiguous as is_contiguous
from .ops.indexing import getitem
from .ops.shapes import expand, in_range, reshape, view as view_of
from .ops.strided import as_strided, storage_offset as storage_offset

__all__ = [
    "contiguous", "copy_", "cpu", "dim", "element_size", "expand_as", "fill", "fill_", "fill_diagonal_", "is_contiguous",
    "narrow", "ndimension", "nelement", "new_empty", "new_empty_strided", "new_full", "new_ones", "new_tensor", "new_zeros",
    "numel", "reshape_as", "select", "size", "storage_offset", "stride", "view_as", "zero_",
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
    """Fill the tensor with one number (or 0-d tensor) and return it; an expanded one by filling what it repeats."""
    if isinstance(value, Tensor) and value._data.ndim:
        raise RuntimeError(f"fill_ only supports 0-dimension value tensor but got tensor with {value._data.ndim} dimensions.")
    if 0 in input._data.strides and input._base is not None and input._base._data.flags.writeable:
        once = [min(n, 1) if step == 0 else n for n, step in zip(input._data.shape, stride(input), strict=True)]
        copy_(as_strided(input._base, once, stride(input), storage_offset(input)), value)
        return input
    return copy_(input, value)


def fill(input: Tensor, value: Any) -> Tensor:
    """Return a tensor of the same shape and dtype that holds one number (or 0-d tensor) everywhere."""
    return fill_(clone(input), value)


def fill_diagonal_(input: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Write one number on the diagonal and return the tensor; with `wrap`, again below the square part of a tall matrix.

    Raises RuntimeError below 2-d, and beyond it unless all sizes are equal.
    """
    shape = input._data.shape
    if len(shape) < 2 or (len(shape) > 2 and len(set(shape)) > 1):
        raise RuntimeError(f"fill_diagonal_: needs a matrix, or more dimensions of equal size, but got {list(shape)}")
    step, size = sum(stride(input)), min(shape)
    copy_(as_strided(input, (size,), (step,)), fill_value)
    if wrap and len(shape) == 2 and shape[0] > size + 1:
        for start in range(size + 1, shape[0], size + 1):
            fill_diagonal_(input.narrow(0, start, shape[0] - start)[: size + 1], fill_value)
    return input


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


def nelement(input: Tensor) -> int:
    """Return the number of elements, as `numel`."""
    return numel(input)


def ndimension(input: Tensor) -> int:
    """Return the number of dimensions, as `dim`."""
    return dim(input)


def element_size(input: Tensor) -> int:
    """Return the bytes an element takes."""
    return int(input._data.itemsize)


def stride(input: Tensor, dim: int | None = None) -> Any:
    """Return how many elements lie between neighbours along each dimension (or one) in memory."""
    steps = tuple(step // input._data.itemsize for step in input._data.strides)
    return steps if dim is None else steps[dim]


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


def new_tensor(
    input: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a tensor of `data` in this tensor's dtype."""
    return new(data, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def new_full(
    input: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a tensor of shape `size` filled with one number, in this tensor's dtype."""
    return full(tuple(size), fill_value, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def new_zeros(input: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return zeros of shape `size` in this tensor's dtype."""
    return new_full(input, _shape(size), 0, dtype=dtype, device=device, requires_grad=requires_grad)


def new_ones(input: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return ones of shape `size` in this tensor's dtype."""
    return new_full(input, _shape(size), 1, dtype=dtype, device=device, requires_grad=requires_grad)


def new_empty(input: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return uninitialised memory of shape `size` in this tensor's dtype."""
    return empty(_shape(size), dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def new_empty_strided(
    input: Tensor, size: Any, stride: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return uninitialised memory of shape `size` with the steps `stride`, in this tensor's dtype."""
    return empty_strided(size, stride, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def _shape(size: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(size[0]) if len(size) == 1 and isinstance(size[0], tuple | list) else size
