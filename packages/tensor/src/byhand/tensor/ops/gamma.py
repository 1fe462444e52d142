"""Γ and its logarithmic derivatives: lgamma = ln |Γ|, digamma = ψ = d/dx ln Γ, polygamma = ψ⁽ⁿ⁾."""

from __future__ import annotations

import functools
import math

import numpy as np

from .._graph import Array
from .._op import op
from .._promotion import floating
from .._tensor import Tensor

__all__ = ["digamma", "lgamma", "polygamma"]

_FAR = 15  # from here on eight terms of the asymptotic series give all digits of float64
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)  # B₂, B₄, …, B₁₆


@op(promote=floating)
def lgamma(input: Array) -> Array:
    r"""y = ln |Γ(x)|, ∞ at 0, −1, −2, ….   dy/dx = Γ′(x)/Γ(x) = ψ(x)"""
    return np.asarray(np.frompyfunc(_log_gamma, 1, 1)(input)).astype(input.dtype)


@lgamma.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * digamma.kernel(input)


def _log_gamma(x: float) -> float:
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):  # at the poles, and beyond the largest number
        return math.inf


@op(promote=floating)
def digamma(input: Array) -> Array:
    r"""ψ(x) = d/dx ln Γ(x), −∞ at ±0 with its sign, nan at −1, −2, ….   dψ/dx = ψ⁽¹⁾(x)"""
    y = _psi(input, 0)
    return np.where(input == 0, np.copysign(np.inf, -input), np.where((input < 0) & (input == np.floor(input)), np.nan, y))


@digamma.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * _polygamma.kernel(input, n=1)


@op(promote=floating)
def _polygamma(input: Array, *, n: int) -> Array:
    r"""ψ⁽ⁿ⁾(x).   dψ⁽ⁿ⁾/dx = ψ⁽ⁿ⁺¹⁾(x)"""
    return np.where((input <= 0) & (input == np.floor(input)), (-1.0) ** (n + 1) * np.inf, _psi(input, n))


@_polygamma.vjp("input")
def _(g: Array, input: Array, n: int) -> Array:
    return g * _polygamma.kernel(input, n=n + 1)


def polygamma(n: int, input: Tensor) -> Tensor:
    """Return ψ⁽ⁿ⁾(x), the n-th derivative of the digamma function ψ. Raises RuntimeError for a negative n."""
    if n < 0:
        raise RuntimeError(f"polygamma(n, x) does not support negative n, got {n}")
    return digamma(input) if n == 0 else _polygamma(input, n=n)


def _psi(input: Array, n: int) -> Array:
    r"""ψ⁽ⁿ⁾ in double precision.

    Γ(1−x) Γ(x) = π / sin πx   ⇒   ψ⁽ⁿ⁾(x) = (−1)ⁿ ψ⁽ⁿ⁾(1−x) − dⁿ/dxⁿ (π cot πx)   brings x to the right of ½.
    """
    x = np.asarray(input, np.float64)
    left = x < 0.5
    y = _psi_right(np.where(left, 1 - x, x), n)
    cotangent = 1 / np.tan(np.pi * (x - np.round(x)))
    return np.where(left, (-1) ** n * y - _cotangent_derivative(n)(cotangent), y).astype(input.dtype)


@functools.cache
def _cotangent_derivative(n: int) -> np.polynomial.Polynomial:
    r"""dⁿ/dxⁿ (π cot πx) as a polynomial in c = cot πx.   dc/dx = −π (1 + c²)   ⇒   d/dx p(c) = −π (1 + c²) p′(c)"""
    p = np.polynomial.Polynomial([0, np.pi])
    for _ in range(n):
        p = p.deriv() * np.polynomial.Polynomial([-np.pi, 0, -np.pi])
    return p


def _psi_right(x: Array, n: int) -> Array:
    r"""ψ⁽ⁿ⁾ for x ≥ ½: upwards by ψ⁽ⁿ⁾(x) = ψ⁽ⁿ⁾(x+1) − (−1)ⁿ n! / xⁿ⁺¹, then far out the n-th derivative of

    ψ(x) ~ ln x − 1/(2x) − Σ_k B_{2k} / (2k x^{2k})   (Abramowitz and Stegun, 6.3.18 and 6.4.11)
    """
    sign = -((-1) ** n)
    total = np.zeros_like(x)
    for _ in range(_FAR):
        near = x < _FAR
        total = total + np.where(near, sign * math.factorial(n) / x ** (n + 1), 0.0)
        x = np.where(near, x + 1, x)
    series = sign * math.factorial(n) / (2 * x ** (n + 1))
    series = series + (np.log(x) if n == 0 else sign * math.factorial(n - 1) / x**n)
    for k, bernoulli in enumerate(_BERNOULLI, 1):
        series = series + sign * bernoulli * math.factorial(2 * k + n - 1) / (math.factorial(2 * k) * x ** (2 * k + n))
    return total + series
