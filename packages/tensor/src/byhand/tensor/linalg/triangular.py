"""Triangular matrices: Cholesky's factor, and equations that are solved by substitution."""

from __future__ import annotations

import numpy as np

from .._errors import ShapeError
from .._graph import Array
from .._op import op
from .._tensor import Tensor
from ..ops.diagonals import tril, triu
from ._matrices import lapack, matrices, square, transposed
from .inverses import inv

__all__ = ["cholesky", "solve_triangular"]


@op
def _cholesky(A: Array) -> Array:
    r"""A = L Lᵀ, read from the lower triangle.   dL = L Φ(L⁻¹ dA L⁻ᵀ), Φ: lower triangle with half the diagonal

    ⇒   Ā = ½ (S + Sᵀ),   S = L⁻ᵀ Φ(Lᵀ L̄) L⁻¹   (Murray 2016, equation 10)
    """
    return lapack(np.linalg.cholesky, square(A))


@_cholesky.vjp("A")
def _(g: Array, out: Array) -> Array:
    inverse = inv.kernel(out)
    size = out.shape[-1]
    half = np.tril(np.ones((size, size)), -1) + 0.5 * np.eye(size)
    inside = np.matmul(transposed(out), g) * half.astype(out.dtype)
    s = np.matmul(np.matmul(transposed(inverse), inside), inverse)
    return (s + transposed(s)) * 0.5


def cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """Return the lower triangular L with A = L Lᵀ, or Lᵀ if `upper`, of a symmetric positive definite A.

    Raises LinAlgError if A is not positive definite.
    """
    return _cholesky(A.mT if upper else A).mT if upper else _cholesky(A)


@op
def substituted(A: Array, B: Array, *, upper: bool, unitriangular: bool = False) -> Array:
    r"""X = A⁻¹ B for triangular A, whose other triangle (and diagonal, if it is all 1) is not read.

    A dX = dB − dA X   ⇒   B̄ = A⁻ᵀ X̄,   Ā = −B̄ Xᵀ in the triangle that is read
    """
    if not upper:  # the last equation becomes the first
        return _backwards(A[..., ::-1, ::-1], B[..., ::-1, :], unitriangular)[..., ::-1, :]
    return _backwards(A, B, unitriangular)


def _backwards(A: Array, B: Array, unitriangular: bool) -> Array:
    """Back substitution in halves: the lower unknowns, then with these the upper ones. 1/0 is ∞, as in PyTorch."""
    size = A.shape[-1]
    if size < 2:
        return B / (np.ones_like(A) if unitriangular else A) if size else B + np.zeros((*A.shape[:-1], 1), B.dtype)
    half = size // 2
    lower = _backwards(A[..., half:, half:], B[..., half:, :], unitriangular)
    upper = _backwards(A[..., :half, :half], B[..., :half, :] - A[..., :half, half:] @ lower, unitriangular)
    return np.concatenate([upper, lower], axis=-2)


@substituted.vjp("A")
def _(g: Array, A: Array, out: Array, upper: bool, unitriangular: bool) -> Array:
    product = np.matmul(substituted.kernel(transposed(A), g, upper=not upper, unitriangular=unitriangular), transposed(out))
    return -triu.kernel(product, int(unitriangular)) if upper else -tril.kernel(product, -int(unitriangular))


@substituted.vjp("B")
def _(g: Array, A: Array, upper: bool, unitriangular: bool) -> Array:
    return substituted.kernel(transposed(A), g, upper=not upper, unitriangular=unitriangular)


def solve_triangular(
    A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """Return X with A X = B (or X A = B, if not `left`) for upper or lower triangular A, by substitution.

    The other triangle is not read, nor the diagonal if `unitriangular` says that it is all 1. A singular A gives ∞ or nan.
    Raises RuntimeError if the shapes do not fit or the dtypes differ.
    """
    a, b = A._data, B._data
    for t in (a, b):
        if t.ndim < 2 or t.dtype.kind != "f":
            raise RuntimeError(f"linalg.solve_triangular: A and B must be floating matrices, got {t.shape} {t.dtype}")
    if a.shape[-1] != a.shape[-2]:
        raise RuntimeError(f"linalg.solve_triangular: A must be batches of square matrices, but its shape is {a.shape}")
    if a.dtype != b.dtype:
        raise RuntimeError(f"linalg.solve_triangular: expected A and B to have the same dtype, got {a.dtype} and {b.dtype}")
    if b.shape[-2 if left else -1] != a.shape[-1]:
        equation = "AX = B" if left else "XA = B"
        raise RuntimeError(f"linalg.solve_triangular: incompatible shapes {a.shape} and {b.shape} for the equation {equation}")
    if left:
        return substituted(A, B, upper=upper, unitriangular=unitriangular)
    return substituted(A.mT, B.mT, upper=not upper, unitriangular=unitriangular).mT


@op
def factor_solved(B: Array, L: Array) -> Array:
    r"""X = A⁻¹ B with A = L Lᵀ for lower triangular L.   A dX = dB − (dL Lᵀ + L dLᵀ) X

    ⇒   B̄ = A⁻¹ X̄,   L̄ = −(C + Cᵀ) L,   C = B̄ Xᵀ
    """
    for matrix in (B, L):
        matrices(matrix)
    if L.dtype != B.dtype or square(L).shape[-1] != B.shape[-2]:
        raise ShapeError(f"L {L.shape} {L.dtype} must be square, of the dtype of B {B.shape} {B.dtype} and of its height.")
    return _backwards(transposed(L), substituted.kernel(L, B, upper=False), False)


@factor_solved.vjp("B")
def _(g: Array, L: Array) -> Array:
    return factor_solved.kernel(g, L)


@factor_solved.vjp("L")
def _(g: Array, L: Array, out: Array) -> Array:
    c = np.matmul(factor_solved.kernel(g, L), transposed(out))
    return -np.matmul(c + transposed(c), L)
