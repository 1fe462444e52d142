"""Determinants, and the logarithms of their absolute values."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._graph import Array
from .._op import op
from .._tensor import Tensor
from ._matrices import lapack, square, transposed
from .inverses import inv

__all__ = ["det", "slogdet"]


@op
def det(A: Array) -> Array:
    r"""y = det A.   ∂y/∂A_ij is the cofactor C_ij (Jacobi), that is   Ā = ȳ C,   C = det(A) A⁻ᵀ where A has an inverse"""
    return np.asarray(np.linalg.det(square(A)))


@det.vjp("A")
def _(g: Array, A: Array) -> Array:
    return np.expand_dims(g, (-1, -2)) * _cofactors.kernel(A)


@op
def _cofactors(A: Array) -> Array:
    r"""C, the matrix of cofactors, singular or not: of A = U S Vᵀ it is det(U) det(V) U diag(Π_{j≠i} s_j) Vᵀ.

    Ā = dC(A)[C̄], see `_curvature`.
    """
    u, s, v = lapack(np.linalg.svd, A)
    others = np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]).prod(-1)
    sign = np.linalg.det(u) * np.linalg.det(v)
    return np.asarray((u * (sign[..., None] * others)[..., None, :]) @ v, A.dtype)


@_cofactors.vjp("A")
def _(g: Array, A: Array) -> Array:
    return _curvature.kernel(A, g)


@op
def _curvature(A: Array, G: Array) -> Array:
    r"""Y = dC(A)[G], how the cofactors change along G; the Hessian of det is symmetric, so this is also the gradient's way back.

    In the bases of A = U S Vᵀ, with E = Uᵀ G V and P_ij = Π_{k≠i,j} s_k:   dC_ii = Σ_{j≠i} P_ij E_jj,   dC_ij = −P_ij E_ji.
    Nothing is divided, so it is right for singular matrices too.   Ḡ = dC(A)[Ȳ].   For regular A, with K = A⁻ᵀ,
    Y = det A (⟨G, K⟩ K − K Gᵀ K)   and   dK = −K dAᵀ K   ⇒   Ā = ⟨Ȳ, Y⟩ K − det A (⟨Ȳ, K⟩ K Gᵀ K + ⟨G, K⟩ K Ȳᵀ K
    − K Ȳᵀ K Gᵀ K − K Gᵀ K Ȳᵀ K)
    """
    u, s, vt = lapack(np.linalg.svd, A)
    size = s.shape[-1]
    kept = np.ones((size, size, size), bool)  # k, for each i and j
    kept[np.arange(size), :, np.arange(size)] = kept[:, np.arange(size), np.arange(size)] = False
    products = np.where(kept, s[..., None, None, :], 1).prod(-1) * ~np.eye(size, dtype=bool)
    turned = transposed(u) @ G @ transposed(vt)
    inside = -products * transposed(turned)
    diagonal = np.arange(size)
    inside[..., diagonal, diagonal] = (products @ np.diagonal(turned, 0, -2, -1)[..., None])[..., 0]
    return np.asarray((np.linalg.det(u) * np.linalg.det(vt))[..., None, None] * (u @ inside @ vt), A.dtype)


@_curvature.vjp("G")
def _(g: Array, A: Array) -> Array:
    return _curvature.kernel(A, g)


@_curvature.vjp("A")
def _(g: Array, A: Array, G: Array, out: Array) -> Array:
    k = transposed(inv.kernel(A))
    by_g, by_y = (np.matmul(k, np.matmul(transposed(x), k)) for x in (G, g))  # K Gᵀ K, K Ȳᵀ K
    inner = [np.sum(x * y, axis=(-2, -1), keepdims=True) for x, y in ((g, out), (g, k), (G, k))]
    twice = np.matmul(by_y, np.matmul(transposed(G), k)) + np.matmul(by_g, np.matmul(transposed(g), k))
    determinant = np.expand_dims(det.kernel(A), (-2, -1))
    return inner[0] * k - determinant * (inner[1] * by_g + inner[2] * by_y - twice)


class SignAndLogarithm(NamedTuple):
    """What `slogdet` returns: det A = sign · e^logabsdet."""

    sign: Tensor
    logabsdet: Tensor


@op(outputs=("sign", "logabsdet"))
def _slogdet(A: Array) -> tuple[Array, Array]:
    r"""det A = sign · e^y.   dy = tr(A⁻¹ dA)   ⇒   Ā = ȳ A⁻ᵀ; the sign is constant"""
    sign, logarithm = np.linalg.slogdet(square(A))
    return np.asarray(sign, A.dtype), np.asarray(logarithm, A.dtype)


@_slogdet.vjp("A")
def _(g: Array, A: Array) -> Array:
    return np.expand_dims(g[1], (-1, -2)) * transposed(inv.kernel(A))


def slogdet(A: Tensor) -> SignAndLogarithm:
    """Return the sign of the determinant and the logarithm of its absolute value (−∞ for a singular matrix)."""
    return SignAndLogarithm(*_slogdet(A))
