"""Eigenvalues and eigenvectors of symmetric matrices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._graph import Array
from .._op import op
from .._tensor import Tensor
from ._matrices import lapack, square, transposed

__all__ = ["eigh", "eigvalsh"]


class Eigen(NamedTuple):
    """What `eigh` returns: A = V diag(λ) Vᵀ."""

    eigenvalues: Tensor
    eigenvectors: Tensor


@op(outputs=("values", "vectors"))
def _eigh(A: Array, *, UPLO: str) -> tuple[Array, Array]:
    r"""A = V diag(λ) Vᵀ for symmetric A.   dλ_i = (Vᵀ dA V)_ii, (Vᵀ dV)_ij = (Vᵀ dA V)_ij / (λ_j − λ_i)

    ⇒   Ā = V (diag(λ̄) + ½ (Vᵀ V̄ − V̄ᵀ V) / E) Vᵀ,   E_ij = λ_j − λ_i off the diagonal   (Giles 2008, 3.1). Only the skew
    part of Vᵀ V̄ counts, because Vᵀ dV is skew.
    """
    values, vectors = lapack(np.linalg.eigh, square(A), "U" if UPLO.upper() == "U" else "L")
    return values, vectors


@_eigh.vjp("A")
def _(g: Array, values: Array, vectors: Array) -> Array:
    eye = np.eye(values.shape[-1], dtype=bool)
    gaps = np.expand_dims(values, -2) - np.expand_dims(values, -1)
    turned = np.matmul(transposed(vectors), g[1])
    inside = (turned - transposed(turned)) * 0.5 / np.where(eye, 1.0, gaps)
    inside = np.where(eye, np.expand_dims(g[0], -1), inside)
    return np.matmul(np.matmul(vectors, inside), transposed(vectors))


def eigh(A: Tensor, UPLO: str = "L") -> Eigen:
    """Return the eigenvalues, ascending, and the eigenvectors (columns) of symmetric matrices, of which one triangle is read.

    The gradient of the eigenvectors is finite only where all eigenvalues differ.
    """
    return Eigen(*_eigh(A, UPLO=UPLO))


@op
def _eigvalsh(A: Array, *, UPLO: str) -> Array:
    r"""The eigenvalues alone: dλ_i = (Vᵀ dA V)_ii   ⇒   Ā = V diag(λ̄) Vᵀ, also where eigenvalues are equal"""
    return lapack(np.linalg.eigvalsh, square(A), "U" if UPLO.upper() == "U" else "L")


@_eigvalsh.vjp("A")
def _(g: Array, A: Array, UPLO: str) -> Array:
    _, vectors = _eigh.kernel(A, UPLO=UPLO)
    return np.matmul(vectors * np.expand_dims(g, -2), transposed(vectors))


def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """Return the eigenvalues, ascending, of symmetric matrices, of which one triangle is read."""
    return _eigvalsh(A, UPLO=UPLO)
