"""Running sums, products and extremes: y_i depends on x_0 … x_i. Their gradients run the other way."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._dtypes import DType
from .._graph import Array
from .._op import op
from .._promotion import floating, summing
from .._tensor import Tensor
from .indexing import gather
from .reductions import Extreme, reduced_over

__all__ = ["cummax", "cummin", "cumprod", "cumsum", "logcumsumexp"]
IN_PLACE = ("cumprod", "cumsum")


def _axis(input: Array, dim: int) -> int:
    """NumPy's axis for `dim`, of an array that counts as 1-d if it is 0-d."""
    return 0 if reduced_over(input, dim) is None else dim


@op(promote=summing)
def cumsum(input: Array, dim: int, *, dtype: DType | None = None) -> Array:
    r"""y_i = Σ_{j≤i} x_j.   x_j is part of y_j, y_{j+1}, …   ⇒   x̄_j = Σ_{i≥j} ȳ_i"""
    return np.cumsum(input, axis=_axis(input, dim), dtype=dtype).reshape(input.shape)


@cumsum.vjp("input")
def _(g: Array, dim: int) -> Array:
    return _sums_from_the_end.kernel(g, dim=dim)


@op
def _sums_from_the_end(g: Array, *, dim: int) -> Array:
    r"""y_j = Σ_{i≥j} g_i: the transpose of `cumsum`, which is its own rule in turn.   ḡ = cumsum(ȳ)"""
    if not g.ndim:
        return g.copy()
    return np.flip(np.cumsum(np.flip(g, dim), axis=dim), dim)


@_sums_from_the_end.vjp("g")
def _(u: Array, dim: int) -> Array:
    return cumsum.kernel(u, dim)


@op(promote=summing)
def cumprod(input: Array, dim: int, *, dtype: DType | None = None) -> Array:
    r"""y_i = Π_{j≤i} x_j.   ∂y_i/∂x_k = Π_{j<k} x_j · Π_{k<j≤i} x_j for i ≥ k: no division, so that zeros are no special case

    x̄_k = Π_{j<k} x_j · s_k,   s_k = Σ_{i≥k} ȳ_i Π_{k<j≤i} x_j = ȳ_k + x_{k+1} s_{k+1}
    """
    return np.cumprod(input, axis=_axis(input, dim), dtype=dtype).reshape(input.shape)


@cumprod.vjp("input")
def _(g: Array, input: Array, out: Array, dim: int) -> Array:
    if not len(input.shape) or not input.shape[dim]:
        return g * 1
    x, y = np.moveaxis(input, dim, 0), np.moveaxis(out, dim, 0)
    s = _horner(np.moveaxis(g, dim, 0), x[1:])
    before = np.concatenate([np.ones_like(y[:1]), y[:-1]])
    return np.moveaxis(before * s, 0, dim)


def _horner(g: Array, factors: Array) -> Array:
    """s_k = g_k + f_k s_{k+1}, from the last to the first: Horner's scheme."""
    s = [g[-1]]
    for k in range(len(g) - 2, -1, -1):
        s.append(g[k] + factors[k] * s[-1])
    return np.stack(s[::-1])


@op(promote=floating)
def logcumsumexp(input: Array, dim: int) -> Array:
    r"""y_i = ln Σ_{j≤i} e^{x_j}, without overflow.   ∂y_i/∂x_k = e^{x_k − y_i} for i ≥ k

    x̄_k = e^{x_k − y_k} s_k,   s_k = Σ_{i≥k} ȳ_i e^{y_k − y_i} = ȳ_k + e^{y_k − y_{k+1}} s_{k+1}: no exponent is above 0
    """
    return np.logaddexp.accumulate(np.atleast_1d(input), axis=_axis(input, dim)).reshape(input.shape)


@logcumsumexp.vjp("input")
def _(g: Array, input: Array, out: Array, dim: int) -> Array:
    if not len(input.shape) or not input.shape[dim]:
        return g * 1
    y = np.moveaxis(out, dim, 0)
    s = _horner(np.moveaxis(g, dim, 0), np.exp(y[:-1] - y[1:]))
    return np.exp(input - out) * np.moveaxis(s, 0, dim)


def cummax(input: Tensor, dim: int) -> Extreme:
    """Return the largest of x_0 … x_i for each i, and its index (the last one's, where several tie); nan is the largest."""
    return _running(input, dim, np.maximum)


def cummin(input: Tensor, dim: int) -> Extreme:
    """Return the smallest of x_0 … x_i for each i, and its index (the last one's, where several tie); nan is the smallest."""
    return _running(input, dim, np.minimum)


def _running(input: Tensor, dim: int, extreme: Any) -> Extreme:
    """The running extremes, gathered from the input so that the gradient finds the way back."""
    indices = _running_index(input, dim=dim, extreme=extreme)
    return Extreme(gather(input, dim, indices), indices)


@op
def _running_index(input: Array, *, dim: int, extreme: Any) -> Array:
    """The index of the last element so far that attains the running extreme."""
    axis = _axis(input, dim)
    x = np.moveaxis(np.atleast_1d(input), axis, -1)
    attains = np.logical_or(x == extreme.accumulate(x, axis=-1), x != x)
    places = np.where(attains, np.arange(x.shape[-1]), 0)
    return np.moveaxis(np.maximum.accumulate(places, axis=-1), -1, axis).reshape(input.shape)
