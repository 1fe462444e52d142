"""Singular values, and what is made of them: the pseudo-inverse, the rank, the condition, least squares."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._errors import LinAlgError
from .._graph import Array
from .._op import op
from .._tensor import Tensor, wrap
from ..ops.pointwise import square as square_of
from ..ops.products import matmul
from ..ops.reductions import sum
from ..ops.shapes import flatten, squeeze, unsqueeze
from ._matrices import lapack, matrices, square, transposed

__all__ = ["lstsq", "matrix_rank", "pinv", "svd", "svdvals"]


# ---------------------------------------------------------------------- the decomposition


class SingularValues(NamedTuple):
    """What `svd` returns: A = U diag(S) Vᵀ."""

    U: Tensor
    S: Tensor
    Vh: Tensor


@op(outputs=("U", "S", "Vh"))
def _svd(A: Array, *, full_matrices: bool) -> tuple[Array, Array, Array]:
    r"""A = U diag(s) Vᵀ.   With W = Uᵀ dA V:   ds_i = W_ii,   (Uᵀ dU)_ij = (s_j W_ij + s_i W_ji) / (s_j² − s_i²), V's likewise

    ⇒   Ā = U (diag(s̄) + (Uᵀ Ū − Ūᵀ U)/E diag(s) + diag(s) (Vᵀ V̄ − V̄ᵀ V)/E) Vᵀ
    + (I − U Uᵀ) Ū diag(s)⁻¹ Vᵀ + U diag(s)⁻¹ V̄ᵀ (I − V Vᵀ),   E_ij = s_j² − s_i²

    (J. Townsend, "Differentiating the singular value decomposition", 2016). Vectors beyond the first min(m, n) are any basis
    of the rest, so they have no gradient.
    """
    u, s, vh = lapack(np.linalg.svd, matrices(A), full_matrices=full_matrices)
    return u, s, vh


@_svd.vjp("A")
def _(g: tuple[Array, Array, Array], U: Array, S: Array, Vh: Array) -> Array:
    size = S.shape[-1]
    gu, gs, gv = g[0][..., :size], g[1], transposed(g[2][..., :size, :])
    u, vt = U[..., :size], Vh[..., :size, :]
    ut, v = transposed(u), transposed(vt)
    s = np.expand_dims(S, -2)
    eye = np.eye(size, dtype=bool)
    gaps = np.where(eye, 1.0, s * s - transposed(s * s))
    from_u, from_v = np.matmul(ut, gu), np.matmul(transposed(v), gv)
    inside = (from_u - transposed(from_u)) / gaps * s + transposed(s) * (from_v - transposed(from_v)) / gaps
    inside = np.where(eye, np.expand_dims(gs, -1), inside)
    left = np.matmul(u, inside) + (gu - np.matmul(u, from_u)) / s
    right = np.matmul(u / s, transposed(gv) - np.matmul(transposed(from_v), vt))
    return np.matmul(left, vt) + right


def svd(A: Tensor, full_matrices: bool = True) -> SingularValues:
    """Return U, S and Vᵀ with A = U diag(S) Vᵀ, S descending; U and V are square unless `full_matrices` is False.

    The gradient is finite only where all singular values differ and, unless A is square, none is 0. U and V are unique only
    up to signs, so a gradient means something only for functions that do not depend on these. Raises RuntimeError below 2-d.
    """
    return SingularValues(*_svd(A, full_matrices=full_matrices))


@op
def svdvals(A: Array) -> Array:
    r"""The singular values s alone, descending: ds_i = u_iᵀ dA v_i   ⇒   Ā = U diag(s̄) Vᵀ, also where some are equal"""
    return lapack(np.linalg.svd, matrices(A), compute_uv=False)


@svdvals.vjp("A")
def _(g: Array, A: Array) -> Array:
    u, _, vh = _svd.kernel(A, full_matrices=False)
    return np.matmul(u * np.expand_dims(g, -2), vh)


# ---------------------------------------------------------------------- what counts as zero


def _threshold(sizes: Array, shape: tuple[int, ...], atol: Any, rtol: Any) -> Array:
    """max(atol, rtol · largest): what lies below counts as 0. Without `atol`, rtol is max(m, n) ε."""
    if rtol is None:
        positive = atol is not None and np.asarray(getattr(atol, "_data", atol)) > 0
        rtol = np.where(positive, 0.0, np.finfo(sizes.dtype).eps * max(shape[-2:]))
    atol, rtol = (np.asarray(getattr(t, "_data", t if t is not None else 0.0))[..., None] for t in (atol, rtol))
    largest = sizes.max(-1, keepdims=True, initial=0)
    return np.asarray(np.maximum(atol, rtol * largest))


def _sizes(A: Array, hermitian: bool) -> Array:
    """The singular values: of a symmetric matrix, the eigenvalues without their signs."""
    if hermitian:
        return np.abs(lapack(np.linalg.eigvalsh, square(A)))
    return np.asarray(lapack(np.linalg.svd, matrices(A), compute_uv=False))


def matrix_rank(
    input: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """Return how many singular values are above max(atol, rtol · the largest), which `tol` alone may give too.

    By default rtol is max(m, n) ε, or 0 if `atol` is positive. `hermitian` reads the lower triangle of symmetric matrices.
    """
    sizes = _sizes(input._data, hermitian)
    bound = _threshold(sizes, input._data.shape, atol if tol is None else tol, rtol if tol is None else 0.0)
    return wrap(np.asarray(np.count_nonzero(sizes > bound, axis=-1), np.int64))


# ---------------------------------------------------------------------- the pseudo-inverse


@op
def _pinv(A: Array, *, atol: Any, rtol: Any, hermitian: bool) -> Array:
    r"""A⁺ = V diag(1/s) Uᵀ over the singular values that do not count as 0.   With a rank that stays the same,

    dA⁺ = −A⁺ dA A⁺ + A⁺ A⁺ᵀ dAᵀ (I − A A⁺) + (I − A⁺ A) dAᵀ A⁺ᵀ A⁺   (Golub and Pereyra, 1973)
    ⇒   Ā = −A⁺ᵀ Ȳ A⁺ᵀ + (I − A A⁺) Ȳᵀ A⁺ A⁺ᵀ + A⁺ᵀ A⁺ Ȳᵀ (I − A⁺ A)
    """
    if hermitian:
        values, u = lapack(np.linalg.eigh, square(A))
        vh = transposed(u)
    else:
        u, values, vh = lapack(np.linalg.svd, matrices(A), full_matrices=False)
    sizes = np.abs(values)
    inverse = np.where(sizes > _threshold(sizes, A.shape, atol, rtol), 1 / values, 0)
    return np.asarray((transposed(vh) * inverse[..., None, :]) @ transposed(u), A.dtype)


@_pinv.vjp("A")
def _(g: Array, A: Array, out: Array) -> Array:
    return _pinv_gradient(g, A, out)


def _pinv_gradient(g: Array, A: Array, out: Array) -> Array:
    """Ā of `_pinv`, for its output A⁺ and that one's gradient."""
    y, gt = transposed(out), transposed(g)
    inside = np.matmul(gt - np.matmul(A, np.matmul(out, gt)), out)  # (I − A A⁺) Ȳᵀ A⁺
    outside = np.matmul(out, gt - np.matmul(np.matmul(gt, out), A))  # A⁺ Ȳᵀ (I − A⁺ A)
    return np.matmul(inside, y) + np.matmul(y, outside) - np.matmul(np.matmul(y, g), y)


def pinv(input: Tensor, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Tensor:
    """Return the pseudo-inverse A⁺ (Moore and Penrose): the inverse where there is one, else that of what A does not send to 0.

    Singular values up to max(atol, rtol · the largest) count as 0; by default rtol is max(m, n) ε, or 0 if `atol` is positive.
    `rcond` is an older name of rtol. `hermitian` reads the lower triangle of symmetric matrices. The gradient takes the rank
    as given. Raises RuntimeError below 2-d, and unless square if `hermitian`.
    """
    return _pinv(input, atol=atol, rtol=rtol if rcond is None else rcond, hermitian=hermitian)


# ---------------------------------------------------------------------- least squares


class LeastSquares(NamedTuple):
    """What `lstsq` returns; what the driver does not give is empty."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


@op(outputs=("solution", "rank", "sizes"))
def _lstsq(A: Array, B: Array, *, rcond: float) -> tuple[Array, Array, Array]:
    r"""X = A⁺ B, of all minimisers of ‖A X − B‖ the shortest.   B̄ = A⁺ᵀ X̄, and X̄ Bᵀ is the gradient of A⁺, see `_pinv`"""
    u, sizes, vh = lapack(np.linalg.svd, A, full_matrices=False)
    counted = sizes > rcond * sizes.max(-1, keepdims=True, initial=0)
    inverse = np.where(counted, 1 / sizes, 0)
    solution = transposed(vh) @ (inverse[..., None] * (transposed(u) @ B))
    return solution.astype(A.dtype, copy=False), np.asarray(np.count_nonzero(counted, axis=-1), np.int64), sizes


@_lstsq.vjp("A")
def _(g: tuple[Array, Array, Array], A: Array, B: Array, rcond: float) -> Array:
    inverse = _pinv.kernel(A, atol=None, rtol=rcond, hermitian=False)
    return _pinv_gradient(np.matmul(g[0], transposed(B)), A, inverse)


@_lstsq.vjp("B")
def _(g: tuple[Array, Array, Array], A: Array, rcond: float) -> Array:
    return np.matmul(transposed(_pinv.kernel(A, atol=None, rtol=rcond, hermitian=False)), g[0])


_DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


def lstsq(input: Tensor, b: Tensor, rcond: float | None = None, *, driver: str | None = None) -> LeastSquares:
    """Return the shortest X that minimises ‖A X − B‖, and what else LAPACK's `driver` gives; vectors as in `solve`.

    Singular values up to `rcond` · the largest count as 0 (max(m, n) ε, if None). All drivers compute by the singular values.
    "gelsy", the default, also gives the rank; "gelsd" and "gelss" the singular values too and, where m > n and all matrices
    have rank n, the residuals Σ (A X − B)²; "gels" the residuals alone, and it raises LinAlgError if the rank is not full.
    Solution and residuals have gradients. Raises RuntimeError if the shapes do not fit or the dtypes differ.
    """
    driver = driver or "gelsy"
    if driver not in _DRIVERS:
        raise RuntimeError(f"linalg.lstsq: parameter `driver` should be one of {', '.join(_DRIVERS)}, got {driver}")
    vector = b._data.ndim == 1 or (input._data.ndim - 1 == b._data.ndim and input._data.shape[:-1] == b._data.shape)
    right = unsqueeze(b, -1) if vector else b
    rows, columns = _checked_system(input._data, right._data)
    epsilon = np.finfo(input._data.dtype).eps * max(rows, columns)
    solution, rank, sizes = _lstsq(input, right, rcond=float(epsilon if rcond is None else rcond))
    full = bool((rank._data == min(rows, columns)).all())
    if driver == "gels" and not full:
        raise LinAlgError("linalg.lstsq: the matrix does not have full rank, which driver='gels' takes for granted; use 'gelsd'")
    nothing = flatten(solution).narrow(0, 0, 0)  # PyTorch's residuals are in the graph even if there are none
    residuals = nothing
    if driver != "gelsy" and rows > columns and full:
        residuals = sum(square_of(matmul(input, solution) - right), -2)
    return LeastSquares(
        squeeze(solution, -1) if vector else solution,
        residuals,
        nothing.detach().long() if driver == "gels" else rank,
        sizes.detach() if driver in ("gelsd", "gelss") else nothing.detach(),
    )


def _checked_system(a: Array, b: Array) -> tuple[int, int]:
    """The size of the matrices A. Raises RuntimeError unless A X = B makes sense."""
    if a.ndim < 2 or a.dtype.kind != "f" or a.dtype != b.dtype:
        raise RuntimeError(f"linalg.lstsq: needs floating matrices of one dtype, got {a.shape} {a.dtype} and {b.shape} {b.dtype}")
    if b.ndim < 2 or a.shape[-2] != b.shape[-2]:
        raise RuntimeError(f"linalg.lstsq: input.size(-2) should match other.size(-2), got {a.shape} and {b.shape}")
    return int(a.shape[-2]), int(a.shape[-1])
