"""Inverses and linear equations."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .._errors import ShapeError
from .._graph import Array
from .._op import op
from .._tensor import Tensor
from ..ops.rearranging import movedim
from ..ops.shapes import reshape, squeeze, unsqueeze
from ._matrices import lapack, square, transposed

__all__ = ["inv", "solve", "tensorinv", "tensorsolve"]


@op
def inv(A: Array) -> Array:
    r"""Y = A⁻¹.   d(A Y) = 0 ⇒ dY = −Y dA Y   ⇒   Ā = −Yᵀ Ȳ Yᵀ.   Raises LinAlgError if A is singular."""
    return lapack(np.linalg.inv, square(A))


@inv.vjp("A")
def _(g: Array, out: Array) -> Array:
    y = transposed(out)
    return -np.matmul(np.matmul(y, g), y)


@op
def _solve(A: Array, B: Array) -> Array:
    r"""X = A⁻¹ B.   A dX = dB − dA X   ⇒   B̄ = A⁻ᵀ X̄,   Ā = −B̄ Xᵀ"""
    square(A)
    if B.dtype != A.dtype:
        raise ShapeError(f"expected A and B to have the same dtype, but found {A.dtype} and {B.dtype}.")
    if B.shape[-2] != A.shape[-1]:
        raise ShapeError(f"incompatible shapes {A.shape} and {B.shape} for the equation AX = B.")
    return lapack(np.linalg.solve, A, B)


@_solve.vjp("A")
def _(g: Array, A: Array, out: Array) -> Array:
    return -np.matmul(_solve.kernel(transposed(A), g), transposed(out))


@_solve.vjp("B")
def _(g: Array, A: Array) -> Array:
    return _solve.kernel(transposed(A), g)


def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """Return X with A X = B (or X A = B, if not `left`); B holds vectors if its shape is (n,) or that of A without its last size.

    Raises LinAlgError if A is singular, RuntimeError if the shapes do not fit or the dtypes differ.
    """
    vector = B._data.ndim == 1 or (A._data.ndim - 1 == B._data.ndim and A._data.shape[:-1] == B._data.shape)
    if vector:
        if not left:
            raise RuntimeError("linalg.solve: vectors are columns, which needs left=True; unsqueeze B for rows")
        return squeeze(_solve(A, unsqueeze(B, -1)), -1)
    if B._data.ndim < 2:
        raise RuntimeError(f"linalg.solve: B must be at least a vector, but its shape is {tuple(B.shape)}")
    return _solve(A, B) if left else _solve(A.mT, B.mT).mT


def singular(A: Array) -> Array:
    """Which matrices of a batch are exactly singular: elimination meets a pivot of 0."""
    return np.asarray(np.linalg.slogdet(square(A))[0] == 0)


def tensorinv(input: Tensor, ind: int = 2) -> Tensor:
    """Return the inverse of the map that `input` is by `tensordot` over its last dimensions, from `ind` on.

    Raises RuntimeError unless the first `ind` sizes have the same product as the others, or if `ind` is not positive.
    """
    before, after = input._data.shape[:ind], input._data.shape[ind:]
    if ind <= 0:
        raise RuntimeError(f"linalg.tensorinv: expected a strictly positive integer for ind, got {ind}")
    if math.prod(before) != math.prod(after):
        raise RuntimeError(
            "linalg.tensorinv: expected self to satisfy prod(shape[ind:]) == prod(shape[:ind]), got shape "
            f"{tuple(input.shape)} and ind={ind}"
        )
    return reshape(inv(reshape(input, math.prod(before), -1 if input._data.size else 0)), (*after, *before))


def tensorsolve(input: Tensor, other: Tensor, dims: Sequence[int] | None = None) -> Tensor:
    """Return X with tensordot(A, X, X.ndim) = B; the dimensions `dims` of A, moved to its end, are those of X.

    Raises RuntimeError unless A, without them, has the shape of B and as many elements again.
    """
    a, rank = input, input._data.ndim
    if dims is not None:
        a = movedim(input, list(dims), list(range(rank - len(dims), rank)))
    unknown = a._data.shape[other._data.ndim :]
    if math.prod(unknown) ** 2 != a._data.size:
        raise RuntimeError(
            f"linalg.tensorsolve: expected self to satisfy prod(shape[other.ndim:]) == prod(shape[:other.ndim]), got "
            f"{tuple(a.shape)} and {tuple(other.shape)}"
        )
    square_a = reshape(a, (math.prod(unknown),) * 2)
    return reshape(solve(square_a, reshape(other, -1)), unknown)
