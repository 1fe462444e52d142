"""Orthogonal matrices from unconstrained ones: the maps behind `parametrizations.orthogonal`."""

from __future__ import annotations

import numpy as np
from byhand.tensor import Tensor, allclose, cat, diagonal, eq, eye, geqrf, linalg, no_grad, randn, where

from ..modules.module import Module

MAPS = ("matrix_exp", "cayley", "householder")


class _Orthogonal(Module):
    r"""X ↦ Q with QᵀQ = 1, for tall X; the transpose of that for wide X. With A = L − Lᵀ, where L is the lower triangle of X:

        matrix_exp      Q = e^A
        cayley          Q = (1 − A/2)⁻¹ (1 + A/2)
        householder     Q = H₁ ⋯ H_k D, Hᵢ = 1 − 2vᵢvᵢᵀ/|vᵢ|², vᵢ the column below the diagonal of X; D = ±1 its diagonal

    and of a square Q the first columns. A is skew-symmetric, so e^A (e^A)ᵀ = e^A e^(−A) = 1, and likewise (1 + A/2) and
    (1 − A/2) commute and are each other's transposes. With a `base` B, Q is BQ: then X = 0, whose Q is 1, stands for B.

    Lezcano-Casado, "Trivializations for gradient-based optimization on manifolds" (NeurIPS 2019).
    """

    base: Tensor

    def __init__(self, weight: Tensor, orthogonal_map: str, *, use_trivialization: bool = True) -> None:
        super().__init__()
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:
        """Return the orthogonal matrix."""
        wide = X.shape[-2] < X.shape[-1]
        Q = self._mapped(X.mT if wide else X)
        if "base" in self._buffers:
            Q = self.base @ Q
        return Q.mT if wide else Q

    def _mapped(self, X: Tensor) -> Tensor:
        rows, columns = X.shape[-2:]
        if self.orthogonal_map == "householder":
            v = X.tril(-1)
            tau = 2.0 / (1.0 + (v * v).sum(-2))
            signs = diagonal(X, dim1=-2, dim2=-1).detach().int()
            return linalg.householder_product(v, tau) * signs.unsqueeze(-2)  # type: ignore[no-any-return]
        L = X.tril()
        if rows != columns:
            L = cat([L, L.new_zeros((*L.shape[:-1], rows - columns))], -1)
        A = L - L.mT
        if self.orthogonal_map == "matrix_exp":
            Q = linalg.matrix_exp(A)
        else:
            one = eye(rows, dtype=A.dtype)
            Q = linalg.solve(one - 0.5 * A, one + 0.5 * A)
        return Q[..., :columns]

    @no_grad()
    def right_inverse(self, Q: Tensor) -> Tensor:
        """Return the X of an orthogonal matrix, or of the nearest by QR; with a `base`, set that, and return the X of 1.

        Raises ValueError for another shape, NotImplementedError for "matrix_exp" and "cayley" without a base.
        """
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {Q.shape}."
            )
        wide = Q.shape[-2] < Q.shape[-1]
        if "base" not in self._buffers:
            X = self._mirrors(Q.mT if wide else Q)
            return X.mT if wide else X
        self.base = _completed(Q.mT if wide else Q)
        return -eye(*Q.shape[-2:], dtype=Q.dtype).expand(Q.shape).clone()  # type: ignore[no-any-return]

    def _mirrors(self, Q: Tensor) -> Tensor:
        """The vectors of the reflections whose product is Q, with the signs of their diagonal on it."""
        if self.orthogonal_map != "householder":
            raise NotImplementedError(
                "It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
                "use_trivialization=False."
            )
        X, tau = geqrf(Q)
        signs = diagonal(X, dim1=-2, dim2=-1)
        signs.copy_(where(eq(tau, 0), -signs.sign(), signs.sign()))  # where τ = 0 LAPACK does not reflect; the map does
        return X


def _completed(Q: Tensor) -> Tensor:
    """Return the square orthogonal matrix that begins with the columns of Q, made orthogonal if they are not."""
    rows, columns = Q.shape[-2:]
    if rows > columns:
        Q = cat([Q, randn(*Q.shape[:-2], rows, rows - columns, dtype=Q.dtype)], -1)
    elif allclose(Q.mT @ Q, eye(rows, dtype=Q.dtype), atol=10.0 * rows * float(np.finfo(Q.dtype).eps)):
        return Q.clone()  # type: ignore[no-any-return]
    Q, R = linalg.qr(Q)
    signs = diagonal(R, dim1=-2, dim2=-1).sign()
    return Q * signs.unsqueeze(-2)  # type: ignore[no-any-return] # as if R's diagonal were positive: then Q is unique
