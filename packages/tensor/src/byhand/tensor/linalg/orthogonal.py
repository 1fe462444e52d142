"""The QR decomposition."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._errors import ShapeError
from .._graph import Array
from .._op import op
from .._tensor import Tensor
from ..ops.diagonals import tril
from ._matrices import lapack, matrices, transposed
from .triangular import substituted

__all__ = ["qr"]


class OrthogonalTriangular(NamedTuple):
    """What `qr` returns: A = Q R."""

    Q: Tensor
    R: Tensor


@op(outputs=("Q", "R"))
def _qr(A: Array, *, mode: str) -> tuple[Array, Array]:
    r"""A = Q R with orthonormal columns Q and R upper triangular.   dA = dQ R + Q dR, where Qᵀ dQ is skew and dR triangular.

    m ≥ n:   Ā = (Q̄ + Q (tril M + (tril M)ᵀ − diag M)) R⁻ᵀ,   M = R R̄ᵀ − Q̄ᵀ Q   (S. F. Walter and L. Lehmann, 2010)

    m < n:   R = [X Z] with X square, and Qᵀ dQ = L − Lᵀ with L = tril₋₁(Qᵀ dA₁ X⁻¹), dR = Qᵀ dA − Qᵀ dQ R
    ⇒   Ā = Q (R̄ + [tril₋₁(Qᵀ Q̄ − R̄ Rᵀ − Q̄ᵀ Q + R R̄ᵀ) X⁻ᵀ  0])
    """
    if mode not in ("reduced", "complete", "r"):
        raise ShapeError(f"qr received unrecognized mode {mode!r} but expected one of 'reduced' (default), 'r', or 'complete'.")
    if mode == "r":
        return np.empty(0, A.dtype), lapack(np.linalg.qr, matrices(A), "r")
    q, r = lapack(np.linalg.qr, matrices(A), mode)
    return q, r


@_qr.vjp("A")
def _(g: tuple[Array, Array], Q: Array, R: Array, mode: str) -> Array:
    gq, gr = g
    rows, columns = R.shape[-2:]
    if mode == "r":
        raise RuntimeError("the derivative of linalg.qr depends on Q, which is not computed when mode='r'; use mode='reduced'")
    if rows > columns:
        raise RuntimeError(
            "the QR decomposition is not differentiable when mode='complete' and nrows > ncols; use mode='reduced'"
        )
    m = np.matmul(transposed(Q), gq) - np.matmul(gr, transposed(R))
    if rows < columns:
        turned = tril.kernel(m - transposed(m), -1)
        before = transposed(substituted.kernel(R[..., :rows], transposed(turned), upper=True))
        beyond = np.zeros((*R.shape[:-1], columns - rows), turned.dtype)
        return np.matmul(Q, gr + np.concatenate([before, beyond], axis=-1))
    inside = tril.kernel(transposed(m)) + transposed(tril.kernel(transposed(m), -1))
    return transposed(substituted.kernel(R, transposed(gq - np.matmul(Q, inside)), upper=True))


def qr(A: Tensor, mode: str = "reduced") -> OrthogonalTriangular:
    """Return Q and R with A = Q R, Q with orthonormal columns and R upper triangular.

    Of an m × n matrix, "reduced" gives min(m, n) columns and rows, "complete" a square Q, and "r" R alone (Q is empty).
    There is a gradient where the first min(m, n) columns are independent: not for "r", nor for "complete" if m > n.
    Raises RuntimeError for another mode and below 2-d.
    """
    return OrthogonalTriangular(*_qr(A, mode=mode))
