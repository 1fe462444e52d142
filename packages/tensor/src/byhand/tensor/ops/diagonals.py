"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._errors import ShapeError
from .._graph import Array, Shape
from .._op import op
from .._promotion import same
from .._tensor import Tensor
from .reductions import sum
from .shapes import in_range, reshape

__all__ = [
    "block_diag", "diag", "diag_embed", "diagflat", "diagonal", "trace", "tril", "tril_indices", "triu", "triu_indices",
]  # fmt: skip

IN_PLACE = ("tril", "triu")


@op
def tril(input: Array, diagonal: int = 0) -> Array:
    r"""y_ij = x_ij for j − i ≤ diagonal, else 0.   x̄ is cut in the same way"""
    return np.tril(_matrix(input), diagonal)


@tril.vjp("input")
def _(g: Array, diagonal: int) -> Array:
    return tril.kernel(g, diagonal)


@op
def triu(input: Array, diagonal: int = 0) -> Array:
    r"""y_ij = x_ij for j − i ≥ diagonal, else 0.   x̄ is cut in the same way"""
    return np.triu(_matrix(input), diagonal)


@triu.vjp("input")
def _(g: Array, diagonal: int) -> Array:
    return triu.kernel(g, diagonal)


def _matrix(input: Array) -> Array:
    if input.ndim < 2:
        raise ShapeError("the input tensor must have at least 2 dimensions.")
    return input


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return the rows and columns, as a 2 × n tensor, of the lower triangle of a `row` × `col` matrix."""
    return _positions(np.tril_indices(row, offset, col), dtype, device)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return the rows and columns, as a 2 × n tensor, of the upper triangle of a `row` × `col` matrix."""
    return _positions(np.triu_indices(row, offset, col), dtype, device)


def _positions(rows_and_columns: tuple[Array, Array], dtype: Any, device: Any) -> Tensor:
    from ..creation import tensor

    return tensor(np.stack(rows_and_columns), dtype=np.int64 if dtype is None else dtype, device=device)


@op(view=True)
def diagonal(input: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    r"""y_i = x_{i, i+offset}, as the last dimension of a view.   x̄ has ȳ on that diagonal, else 0"""
    if in_range(dim1, input.ndim) == in_range(dim2, input.ndim):
        raise ShapeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}.")
    view = np.diagonal(input, offset, dim1, dim2)
    view.flags.writeable = input.flags.writeable  # NumPy lends it read-only; the engine keeps the books
    return view


@diagonal.vjp("input")
def _(g: Array, shape: Shape, offset: int, dim1: int, dim2: int) -> Array:
    return _on_diagonal.kernel(g, shape=shape, offset=offset, dim1=dim1, dim2=dim2)


@op
def _on_diagonal(input: Array, *, shape: Shape, offset: int, dim1: int, dim2: int) -> Array:
    r"""y = 0 but for its diagonal, which is x: the transpose of `diagonal`.   x̄ = diagonal(ȳ)"""
    y = np.zeros(shape, input.dtype)
    place = np.diagonal(y, offset, dim1, dim2)
    place.flags.writeable = True
    place[...] = input
    return y


@_on_diagonal.vjp("input")
def _(g: Array, offset: int, dim1: int, dim2: int) -> Array:
    return diagonal.kernel(g, offset, dim1, dim2)


def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Return matrices, in the dimensions `dim1` and `dim2`, whose diagonal is the last dimension of `input`; elsewhere 0."""
    rank = input._data.ndim + 1
    first, second = in_range(dim1, rank), in_range(dim2, rank)
    if first == second:
        raise RuntimeError(f"diag_embed: diagonal dimensions cannot be identical {dim1}, {dim2}")
    if not input._data.ndim:
        raise RuntimeError("diag_embed expects at least a 1-dimensional tensor")
    shape = list(input._data.shape[:-1])
    for place in sorted((first, second)):
        shape.insert(place, input._data.shape[-1] + abs(offset))
    return _on_diagonal(input, shape=tuple(shape), offset=offset, dim1=first, dim2=second)


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """Return the matrix that has a vector on its diagonal, or a copy of the diagonal of a matrix."""
    if input._data.ndim not in (1, 2):
        raise RuntimeError(f"diag: supports 1D or 2D tensors, got {input._data.ndim}D; use diagonal or diag_embed")
    if input._data.ndim == 1:
        return diag_embed(input, diagonal)
    return input.diagonal(diagonal).clone()  # type: ignore[no-any-return]


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """Return the matrix that has all elements of `input` on its diagonal."""
    return diag_embed(reshape(input, -1), offset)


def trace(input: Tensor) -> Tensor:
    """Return Σ_i x_ii. Raises RuntimeError unless the input is a matrix."""
    if input._data.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input._data.ndim}")
    return sum(diagonal(input))


@op(promote=same)
def _block_diag(*tensors: Array) -> Array:
    r"""Matrices as the blocks along a diagonal, elsewhere 0.   Each gets its block of ȳ"""
    y = np.zeros([int(n) for n in np.sum([t.shape for t in tensors], axis=0)], tensors[0].dtype)
    for block, tensor in zip(_blocks([t.shape for t in tensors]), tensors, strict=True):
        y[block] = tensor
    return y


@_block_diag.vjp("tensors")
def _(g: Array, shapes: tuple[Shape, ...]) -> list[Array]:
    return [g[block] for block in _blocks(list(shapes))]


def _blocks(shapes: list[Shape]) -> list[tuple[slice, slice]]:
    ends = np.cumsum(shapes, axis=0).tolist()
    return [(slice(i - m, i), slice(j - n, j)) for (i, j), (m, n) in zip(ends, shapes, strict=True)]


def block_diag(*tensors: Tensor) -> Tensor:
    """Return the matrix with the tensors as blocks along its diagonal; vectors are rows. Raises RuntimeError above 2-d."""
    for i, tensor in enumerate(tensors):
        if tensor._data.ndim > 2:
            raise RuntimeError(f"block_diag: input tensors must have two or fewer dimensions. Input {i} has {tensor._data.ndim}")
    return _block_diag(*[t if t._data.ndim == 2 else reshape(t, 1, -1) for t in tensors])
