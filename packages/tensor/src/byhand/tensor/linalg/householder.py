"""Householder reflections: orthogonal matrices as products of mirrors, the form in which LAPACK keeps them."""

from __future__ import annotations

import numpy as np

from .._tensor import Tensor, wrap
from ..ops.diagonals import diag_embed, tril, triu
from .triangular import solve_triangular

__all__ = ["householder_product"]


def mirrors(input: Tensor, tau: Tensor) -> tuple[Tensor, Tensor]:
    r"""Return V and T with H₁ H₂ ⋯ H_k = 1 − V T Vᵀ, where Hᵢ = 1 − τᵢ vᵢ vᵢᵀ.

    vᵢ is what stands below the diagonal in column i, with a 1 on it and zeros above. With U = triu₁(VᵀV) and D = diag(τ),

        T = (1 + D U)⁻¹ D

    For one mirror T = τ. If (V, T) are the first i and v is the next, the product (1 − V T Vᵀ)(1 − τ v vᵀ) has the T that
    is bordered by the column −T Vᵀv τ and by τ; and so is the right-hand side, whose last column x solves x + D U e τ = 0.
    C. Puglisi, "Modification of the Householder method based on the compact WY representation" (1992).
    """
    count = tau._data.shape[-1]
    rows = input._data.shape[-2]
    v = tril(input[..., :count], -1) + wrap(np.eye(rows, count, dtype=input._data.dtype))
    factor = tau.unsqueeze(-1) * triu(v.mT @ v, 1)
    return v, solve_triangular(factor, diag_embed(tau), upper=True, unitriangular=True)


def check_mirrors(name: str, input: Tensor, tau: Tensor, fewest: int, most: int) -> None:
    """Raise RuntimeError unless `tau` holds a number for each of the first columns, `fewest` to `most` of them."""
    a, t = input._data, tau._data
    if a.ndim < 2 or a.dtype.kind != "f":
        raise RuntimeError(f"{name}: input must be floating matrices, got {a.shape} {a.dtype}")
    if a.dtype != t.dtype:
        raise RuntimeError(f"{name}: tau dtype {t.dtype} does not match input dtype {a.dtype}")
    if t.ndim != a.ndim - 1 or t.shape[:-1] != a.shape[:-2]:
        raise RuntimeError(f"{name}: tau {t.shape} must have one dimension less than input {a.shape} and the same batch")
    if not fewest <= t.shape[-1] <= most:
        raise RuntimeError(f"{name}: tau {t.shape} must have {fewest} to {most} elements for input {a.shape}")


def householder_product(A: Tensor, tau: Tensor) -> Tensor:
    r"""Return the first n columns of H₁ H₂ ⋯ H_k, where Hᵢ = 1 − τᵢ vᵢ vᵢᵀ, for an m × n matrix A with m ≥ n ≥ k.

    vᵢ is what stands below the diagonal in column i of A, with a 1 on the diagonal; what stands above is not read.
    Hᵢ is a reflection if τᵢ = 2 / |vᵢ|². `geqrf` makes A and τ.
    Raises RuntimeError if the shapes do not fit or the dtypes differ.
    """
    *_, rows, columns = A._data.shape if A._data.ndim > 1 else (0, 0)
    if rows < columns:
        raise RuntimeError(f"linalg.householder_product: A {A._data.shape} must have at least as many rows as columns")
    check_mirrors("linalg.householder_product", A, tau, 0, columns)
    v, t = mirrors(A, tau)
    return wrap(np.eye(rows, columns, dtype=A._data.dtype)) - v @ (t @ v[..., :columns, :].mT)
