"""Norms of vectors and of matrices, and distances: norm, dist of two tensors, cdist of all pairs of rows."""

from __future__ import annotations

import math

import numpy as np

from .._dtypes import DType
from .._graph import Array
from .._op import op
from .._promotion import only_floating
from .._tensor import Tensor
from .reductions import Dim, axes, reduced_over, spread

__all__ = ["cdist", "dist", "norm"]


@op(promote=only_floating)
def _power_norm(input: Array, *, p: float, dim: Dim, keepdim: bool = False, dtype: DType | None = None) -> Array:
    r"""y = (Σ |x_i|ᵖ)^{1/p}; for p = ∞ (−∞) the largest (smallest) |x_i|, for p = 0 the number of x_i that are not 0.

    yᵖ = Σ |x_i|ᵖ   ⇒   ∂y/∂x_i = sign x_i (|x_i|/y)^{p−1}, and 0 where y = 0 or (the pole of p < 1) x_i = 0;
    for p = ±∞ sign x_i, shared among those whose |x_i| is y; for p = 0 it is 0
    """
    axis, size = reduced_over(input, dim), np.abs(input).astype(dtype or input.dtype, copy=False)
    if p == 0:
        return np.sum((size != 0).astype(input.dtype), axis=axis, keepdims=keepdim)
    if math.isinf(p):
        return np.max(size, axis=axis, keepdims=keepdim, initial=0) if p > 0 else np.min(size, axis=axis, keepdims=keepdim)
    return np.sum(size**p, axis=axis, keepdims=keepdim) ** (1 / p)


@_power_norm.vjp("input")
def _(g: Array, input: Array, out: Array, p: float, dim: Dim, keepdim: bool) -> Array:
    g, y = spread(g, input.shape, dim, keepdim), spread(out, input.shape, dim, keepdim)
    size = np.abs(input)
    if p == 0:
        return g * 0
    if p == 1:
        return g * np.sign(input)
    if math.isinf(p):
        attains = (size == y).astype(g.dtype)
        count = np.sum(attains, axis=axes(dim) if input.shape else None, keepdims=True)
        return g * np.sign(input) * attains / count
    pole = np.logical_or(y == 0, size == 0)
    ratio = np.where(pole, 1.0, size) / np.where(pole, 1.0, y)
    return g * np.where(pole, 0.0, np.sign(input) * ratio ** (p - 1))


def norm(
    input: Tensor,
    p: float | str | None = "fro",
    dim: Dim = None,
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
) -> Tensor:
    """Return the p-norm (Σ |x_i|ᵖ)^{1/p} over `dim` (all elements, if None); "fro", the default, is p = 2.

    "nuc", the nuclear norm, is the sum of the singular values of the matrices in two dimensions (the only two, if None).
    Raises RuntimeError for integers, and for "nuc" unless there are two dimensions.
    """
    if p == "nuc":
        return _nuclear_norm(input if dtype is None else input.to(dtype), dim, keepdim)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"norm: only the strings 'fro' and 'nuc' are valid, got {p!r}; for other norms give a number")
    return _power_norm(input, p=2.0 if p in (None, "fro") else float(p), dim=dim, keepdim=keepdim, dtype=dtype)


def _nuclear_norm(input: Tensor, dim: Dim, keepdim: bool) -> Tensor:
    """The sum of the singular values of the matrices that two dimensions make."""
    rows, columns = _two(dim, input.ndim)
    rest = [d for d in range(input.ndim) if d not in (rows, columns)]
    total = _singular_sum(input.permute([*rest, rows, columns]))
    shape = [1 if d in (rows, columns) else size for d, size in enumerate(input.shape)]
    result: Tensor = total.reshape(shape) if keepdim else total
    return result


def _two(dim: Dim, ndim: int) -> tuple[int, int]:
    """The two dimensions of the matrices, counted from the front."""
    dims = tuple(range(ndim)) if dim is None else axes(dim)
    if not isinstance(dims, tuple) or len(dims) != 2:
        raise RuntimeError(f"norm: the nuclear norm is that of matrices: name two dimensions with dim, got {dim} of {ndim}")
    return range(ndim)[dims[0]], range(ndim)[dims[1]]


@op(promote=only_floating)
def _singular_sum(input: Array) -> Array:
    r"""y = Σ_k σ_k, with A = U Σ Vᵀ.   dσ_k = u_kᵀ dA v_k   ⇒   Ā = ȳ Σ_k u_k v_kᵀ = ȳ U Vᵀ"""
    return np.sum(np.linalg.svd(input, compute_uv=False), axis=-1)


@_singular_sum.vjp("input")
def _(g: Array, input: Array) -> Array:
    return np.expand_dims(g, (-2, -1)) * _polar.kernel(input)


@op
def _polar(input: Array) -> Array:
    r"""P = U Vᵀ, with A = U Σ Vᵀ: the gradient of Σ σ, so that its Jacobian, a Hessian, is symmetric.

    With W = Uᵀ dA V:  dP = U ((W − Wᵀ)_ij / (σ_i + σ_j)) Vᵀ + (I − U Uᵀ) dA V Σ⁻¹ Vᵀ + U Σ⁻¹ Uᵀ dA (I − V Vᵀ)
    """
    u, _, vt = np.linalg.svd(input, full_matrices=False)
    return u @ vt


@_polar.vjp("input")
def _(g: Array, input: Array) -> Array:
    u, s, vt = np.linalg.svd(input, full_matrices=False)
    ut, v = np.swapaxes(u, -1, -2), np.swapaxes(vt, -1, -2)
    w = ut @ g @ v
    turned = u @ ((w - np.swapaxes(w, -1, -2)) / (s[..., :, None] + s[..., None, :])) @ vt
    below = (g @ v - u @ w) / s[..., None, :] @ vt
    beside = u @ ((ut @ g - w @ vt) / s[..., :, None])
    return turned + below + beside


def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """Return the p-norm (Σ |a_i − b_i|ᵖ)^{1/p} of the difference of two tensors, which are broadcast."""
    return _power_norm(input - other, p=float(p), dim=None)


@op
def _by_products(x1: Array, x2: Array) -> Array:
    r"""d_ij = |a_i − b_j| from d² = |a_i|² + |b_j|² − 2 ⟨a_i, b_j⟩: one matrix product instead of P R differences.

    d̄_ij contributes d̄_ij (a_i − b_j)/d_ij to ā_i. With W = D̄/D (0 where D is):   Ā = diag(W 1) A − W B,   B̄ = diag(Wᵀ 1) B − Wᵀ A
    """
    a, b = (x.astype(np.float64, copy=False) for x in (x1, x2))  # what cancels would be most of float32's digits
    lengths = [np.einsum("...i,...i->...", x, x) for x in (a, b)]
    squares = np.asarray(np.matmul(-2 * a, np.swapaxes(b, -1, -2)))
    squares += lengths[0][..., :, None]
    squares += lengths[1][..., None, :]
    np.sqrt(np.maximum(squares, 0, out=squares), out=squares)
    return squares.astype(x1.dtype, copy=False)


@_by_products.vjp("x1")
def _(g: Array, x1: Array, x2: Array, out: Array) -> Array:
    return _pulled_apart(g, x1, x2, out)


@_by_products.vjp("x2")
def _(g: Array, x1: Array, x2: Array, out: Array) -> Array:
    return _pulled_apart(np.swapaxes(g, -1, -2), x2, x1, np.swapaxes(out, -1, -2))


def _pulled_apart(g: Array, a: Array, b: Array, distances: Array) -> Array:
    near = distances == 0
    weights = np.where(near, 0.0, g / np.where(near, 1.0, distances))
    return np.sum(weights, axis=-1, keepdims=True) * a - np.matmul(weights, b)


_MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")
_MANY = 25  # rows from which on PyTorch, too, multiplies by default


def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = _MODES[0]) -> Tensor:
    """Return the p-norm distances d_ij = (Σ_k |x1_ik − x2_jk|ᵖ)^{1/p} of all pairs of rows: (…, P, M), (…, R, M) → (…, P, R).

    For p = 2 they may come from one matrix product: always with "use_mm_for_euclid_dist", never with
    "donot_use_mm_for_euclid_dist", and by default if P or R is above 25. That is far faster, but near points lose digits
    of float64 (in which it is computed).
    Raises RuntimeError unless both have at least two dimensions and the same last size, or for a negative p; ValueError for
    another mode.
    """
    if compute_mode not in _MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode; there are {', '.join(_MODES)}")
    if x1.ndim < 2 or x2.ndim < 2:
        raise RuntimeError(f"cdist only supports at least 2D tensors, got {x1.ndim}D and {x2.ndim}D")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}")
    if p < 0:
        raise RuntimeError(f"cdist only supports non-negative p values, got {p}")
    many = max(x1.shape[-2], x2.shape[-2]) > _MANY
    multiplied = compute_mode == _MODES[1] or (compute_mode == _MODES[0] and many)
    if p == 2 and multiplied and x1.dtype == x2.dtype and x1.is_floating_point():
        return _by_products(x1, x2)
    return _power_norm(x1.unsqueeze(-2) - x2.unsqueeze(-3), p=float(p), dim=-1)
