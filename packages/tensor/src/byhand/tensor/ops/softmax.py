"""softmax, log_softmax, logsumexp: exponentials made comparable, computed so that nothing overflows.

All three subtract the largest element first: softmax is unchanged by it, and the largest exponent becomes e⁰ = 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._blocks import MANY, in_parts
from .._dtypes import DType
from .._graph import Array
from .._op import op
from .._promotion import floating, only_floating
from .reductions import Dim, reduced_over, spread

__all__ = ["log_softmax", "logsumexp", "softmax"]

_total: Any = np.add.reduce  # np.sum without its wrapper, which costs 1 µs


@op(promote=only_floating)
def softmax(input: Array, dim: int | None = None, *, dtype: DType | None = None) -> Array:
    r"""y_i = e^{x_i} / Σ_j e^{x_j}.   ∂y_i/∂x_j = y_i (δ_ij − y_j)   ⇒   x̄ = y ⊙ (ȳ − Σ_j ȳ_j y_j)"""
    axis = _one(input, dim)
    if dtype is not None:
        input = input.astype(dtype, copy=False)
    y = np.empty_like(input)
    if _in_rows(input, axis):
        in_parts(lambda part: _exponentials(input[part], y[part], -1), *input.shape)
        return y
    _exponentials(input, y, axis)
    return y


def _exponentials(x: Array, y: Array, axis: Any) -> None:
    np.subtract(x, _largest(x, axis), out=y)
    np.exp(y, out=y)
    y /= _total(y, axis=axis, keepdims=True)


@softmax.vjp("input")
def _(g: Array, out: Array, dim: int | None) -> Array:
    return softmax_backward.kernel(g, out, dim=dim)


@op
def softmax_backward(g: Array, y: Array, *, dim: int) -> Array:
    r"""x̄ = y ⊙ (ȳ − Σ_j ȳ_j y_j)"""
    axis = _one(y, dim)
    if _in_rows(y, axis) and _in_rows(g, axis):
        x = np.empty_like(y)
        in_parts(lambda part: _pulled_back(g[part], y[part], x[part]), *y.shape)
        return x
    weighted = g * y
    weighted -= y * _total(weighted, axis=axis, keepdims=True)
    return weighted


def _pulled_back(g: Array, y: Array, x: Array) -> None:
    np.subtract(g, np.vecdot(g, y)[..., None], out=x)
    x *= y


def _in_rows(x: Array, axis: Any) -> bool:
    """Whether the numbers that belong together lie side by side, in an array so large that blocks pay."""
    return x.size >= MANY and x.ndim == 2 and axis in (-1, 1) and x.dtype.kind == "f"


@softmax_backward.vjp("g")
def _(u: Array, y: Array, dim: int) -> Array:
    # The Jacobian y_i (δ_ij − y_j) is symmetric: its transpose acts as it does.
    return y * (u - np.sum(u * y, axis=_one(y, dim), keepdims=True))


@softmax_backward.vjp("y")
def _(u: Array, g: Array, y: Array, dim: int) -> Array:
    # z_i = y_i ȳ_i − y_i Σ_j ȳ_j y_j   ⇒   ∂(u·z)/∂y_k = u_k ȳ_k − u_k Σ_j ȳ_j y_j − ȳ_k Σ_i u_i y_i
    axis = _one(y, dim)
    return u * g - u * np.sum(g * y, axis=axis, keepdims=True) - g * np.sum(u * y, axis=axis, keepdims=True)


@op(promote=only_floating)
def log_softmax(input: Array, dim: int | None = None, *, dtype: DType | None = None) -> Array:
    r"""y_i = x_i − ln Σ_j e^{x_j}.   ∂y_i/∂x_j = δ_ij − softmax_j   ⇒   x̄ = ȳ − e^y Σ_i ȳ_i"""
    y = np.asarray(np.subtract(input, _largest(input, _one(input, dim)), dtype=dtype))
    y -= np.log(np.sum(np.exp(y), axis=_one(input, dim), keepdims=True))
    return y


@log_softmax.vjp("input")
def _(g: Array, out: Array, dim: int | None) -> Array:
    return g - np.exp(out) * np.sum(g, axis=_one(out, dim), keepdims=True)


@op(promote=floating)
def logsumexp(input: Array, dim: Dim, keepdim: bool = False) -> Array:
    r"""y = ln Σ e^{x_i}.   ∂y/∂x_i = e^{x_i} / Σ_j e^{x_j} = e^{x_i − y}"""
    axis = reduced_over(input, dim)
    largest = _largest(input, axis)
    if largest.dtype != object:
        largest = np.where(np.isfinite(largest), largest, 0)  # ∞ − ∞ would be nan
    total = np.log(np.sum(np.exp(input - largest), axis=axis, keepdims=True)) + largest
    return total if keepdim else np.squeeze(total, axis=axis)


@logsumexp.vjp("input")
def _(g: Array, input: Array, out: Array, dim: Dim, keepdim: bool) -> Array:
    shape = input.shape
    return spread(g, shape, dim, keepdim) * np.exp(input - spread(out, shape, dim, keepdim))


def _largest(input: Array, axis: int | tuple[int, ...] | None) -> Array:
    """The maximum; −∞ where there is nothing, so that an empty sum of exponentials has the logarithm −∞."""
    if not input.size:
        return np.asarray(np.maximum.reduce(input, axis=axis, keepdims=True, initial=-np.inf))
    return np.asarray(np.maximum.reduce(input, axis=axis, keepdims=True))


def _one(input: Array, dim: int | None) -> int | None:
    """The axis of a softmax. Where `dim` is left out, PyTorch's legacy choice: 0 for 0, 1 or 3 dimensions, else 1."""
    if dim is None:
        dim = 0 if input.ndim in (0, 1, 3) else 1
    return reduced_over(input, dim)  # type: ignore[return-value]
