"""Functions of matrices under the names that stand in `torch` itself; `linalg` is the main place."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from . import linalg
from ._graph import Array
from ._op import op
from ._tensor import Tensor, wrap
from .linalg._matrices import lapack, matrices, transposed
from .linalg.determinants import SignAndLogarithm
from .linalg.householder import check_mirrors, mirrors
from .linalg.orthogonal import OrthogonalTriangular
from .linalg.triangular import factor_solved
from .ops.choices import lt, where
from .ops.shapes import permute, transpose

PROPERTIES = ("H", "T", "mH", "mT")
__all__ = [
    "chain_matmul", "cholesky", "cholesky_inverse", "cholesky_solve", "det", "geqrf", "inverse", "logdet", "matrix_exp",
    "matrix_power", "orgqr", "ormqr", "pinverse", "qr", "slogdet", "svd", "triangular_solve",
]  # fmt: skip


def chain_matmul(*matrices: Tensor) -> Tensor:
    """Return the product of matrices in the cheapest order, as `linalg.multi_dot`; of one matrix, itself.

    Raises RuntimeError unless all are 2-d.
    """
    for i, matrix in enumerate(matrices):
        if matrix._data.ndim != 2:
            raise RuntimeError(f"chain_matmul: tensor {i} must be a matrix, but it is {matrix._data.ndim}-D")
    return matrices[0] if len(matrices) == 1 else linalg.multi_dot(matrices)


def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """Return the triangular L with A = L Lᵀ (or Lᵀ, if `upper`), as `linalg.cholesky`."""
    return linalg.cholesky(input, upper=upper)


def cholesky_inverse(input: Tensor, upper: bool = False) -> Tensor:
    """Return (L Lᵀ)⁻¹ for a lower triangular L, or (Lᵀ L)⁻¹ for an upper one, by substitution."""
    return cholesky_solve(wrap(np.eye(input._data.shape[-1], dtype=input._data.dtype)), input, upper)


def cholesky_solve(input: Tensor, input2: Tensor, upper: bool = False) -> Tensor:
    """Return X with A X = B, for B = `input` and A's factor L = `input2`: A = L Lᵀ, or Lᵀ L if `upper`.

    One triangle of L is read, but its gradient is that of B ↦ (L Lᵀ)⁻¹ B for any L, as in PyTorch.
    Raises RuntimeError if the shapes do not fit or the dtypes differ.
    """
    return factor_solved(input, input2.mT if upper else input2)


def det(input: Tensor) -> Tensor:
    """Return the determinant, as `linalg.det`."""
    return linalg.det(input)


class Mirrors(NamedTuple):
    """What `geqrf` returns: R above, the vectors of the reflections below the diagonal of `a`; and their factors."""

    a: Tensor
    tau: Tensor


@op(outputs=("a", "tau"))
def _geqrf(input: Array) -> tuple[Array, Array]:
    a, tau = lapack(np.linalg.qr, matrices(input), "raw")  # as LAPACK keeps it: column by column
    return transposed(a), tau


def geqrf(input: Tensor) -> Mirrors:
    """Return the QR decomposition as LAPACK keeps it: `a` is R on and above the diagonal, and `orgqr(a, tau)` is Q.

    It has no gradient; `linalg.qr` has. Raises RuntimeError below 2-d.
    """
    return Mirrors(*_geqrf(input))


def inverse(input: Tensor) -> Tensor:
    """Return the inverse, as `linalg.inv`. Raises LinAlgError if there is none."""
    return linalg.inv(input)


def logdet(input: Tensor) -> Tensor:
    """Return ln det A: −∞ if the determinant is 0, nan if it is negative."""
    sign, logarithm = linalg.slogdet(input)
    return where(lt(sign, 0), math.nan, logarithm)  # type: ignore[return-value]


def matrix_exp(input: Tensor) -> Tensor:
    """Return e^A, as `linalg.matrix_exp`."""
    return linalg.matrix_exp(input)


def matrix_power(input: Tensor, n: int) -> Tensor:
    """Return Aⁿ, as `linalg.matrix_power`."""
    return linalg.matrix_power(input, n)


def orgqr(input: Tensor, input2: Tensor) -> Tensor:
    """Return the product of Householder reflections with factors `input2`, as `linalg.householder_product`."""
    return linalg.householder_product(input, input2)


def ormqr(input: Tensor, input2: Tensor, input3: Tensor, left: bool = True, transpose: bool = False) -> Tensor:
    """Return Q C (or C Q, if not `left`) for C = `input3` and the square Q = H₁ ⋯ H_k of `linalg.householder_product`.

    `transpose` takes Qᵀ instead. Q itself is not made. Raises RuntimeError if the shapes do not fit or the dtypes differ.
    """
    a, c = input._data, input3._data
    count = min(a.shape[-2:])
    check_mirrors("ormqr", input, input2, count, count)
    if c.ndim != a.ndim or c.dtype != a.dtype or c.shape[-2 if left else -1] != a.shape[-2]:
        side = "rows" if left else "columns"
        raise RuntimeError(f"ormqr: input3 {c.shape} {c.dtype} must have as many {side} as input {a.shape} {a.dtype} has rows")
    v, t = mirrors(input, input2)
    t = t.mT if transpose else t
    change = v @ (t @ (v.mT @ input3)) if left else ((input3 @ v) @ t) @ v.mT
    return input3 - change


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """Return the pseudo-inverse, as `linalg.pinv` with rtol = `rcond`."""
    return linalg.pinv(input, rcond)


def qr(input: Tensor, some: bool = True) -> OrthogonalTriangular:
    """Return Q and R with A = Q R, as `linalg.qr`: reduced, or complete unless `some`."""
    return linalg.qr(input, "reduced" if some else "complete")


def slogdet(input: Tensor) -> SignAndLogarithm:
    """Return the determinant's sign and the logarithm of its absolute value, as `linalg.slogdet`."""
    return linalg.slogdet(input)


class SingularVectors(NamedTuple):
    """What `svd` returns: A = U diag(S) Vᵀ."""

    U: Tensor
    S: Tensor
    V: Tensor


def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> SingularVectors:
    """Return U, S and V (where `linalg.svd` returns Vᵀ) with A = U diag(S) Vᵀ; U and V are square unless `some`.

    Without `compute_uv`, U and V are zeros.
    """
    if compute_uv:
        u, s, vh = linalg.svd(input, full_matrices=not some)
        return SingularVectors(u, s, vh.mT)
    values = linalg.svdvals(input)
    *batch, rows, columns = input._data.shape
    u, v = (wrap(np.zeros((*batch, size, size), input._data.dtype)) for size in (rows, columns))
    return SingularVectors(u, values, v)


class Substituted(NamedTuple):
    """What `triangular_solve` returns: the solution X of A X = B, and a copy of A."""

    solution: Tensor
    cloned_coefficient: Tensor


def triangular_solve(
    input: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> Substituted:
    """Return X with A X = B (Aᵀ X = B, if `transpose`) for triangular A and B = `input`, and a copy of A."""
    factor, above = (A.mT, not upper) if transpose else (A, upper)
    solution = linalg.solve_triangular(factor, input, upper=above, unitriangular=unitriangular)
    return Substituted(solution, A.clone())


# ---------------------------------------------------------------------- properties of a tensor


def T(input: Tensor) -> Tensor:
    """The dimensions in reverse order."""
    return permute(input, *range(input._data.ndim)[::-1])


def mT(input: Tensor) -> Tensor:
    """Each matrix transposed: the last two dimensions change places. Raises RuntimeError for fewer than two."""
    if input._data.ndim < 2:
        raise RuntimeError(f"tensor.mT is only supported on matrices or batches of matrices. Got {input._data.ndim}-D tensor.")
    return transpose(input, -2, -1)


def mH(input: Tensor) -> Tensor:
    """Each matrix transposed and conjugated: for real numbers, `mT`; a number as it is."""
    return mT(input) if input._data.ndim else input


def H(input: Tensor) -> Tensor:
    """A matrix transposed and conjugated; a number as it is. Raises RuntimeError for vectors and above 2-d."""
    if input._data.ndim not in (0, 2):
        raise RuntimeError(f"tensor.H is only supported on matrices (2-D tensors). Got {input._data.ndim}-D tensor; use mH")
    return T(input)
