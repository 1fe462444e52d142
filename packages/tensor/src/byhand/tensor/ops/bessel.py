"""The inverse of erf, the modified Bessel functions I₀ and I₁, and the multivariate Γ."""

from __future__ import annotations

import math

import numpy as np

from .._graph import Array
from .._op import op
from .._promotion import floating
from .._tensor import Tensor
from .gamma import lgamma
from .special import erf, erfc

__all__ = ["erfinv", "i0", "mvlgamma"]

_SLOPE = 2 / math.sqrt(math.pi)
_FAR = 25.0  # from here on the asymptotic series gives all digits of float64


@op(promote=floating)
def erfinv(input: Array) -> Array:
    r"""x with erf x = y; ±∞ at ±1, nan beyond.   dx/dy = 1/erf′(x) = √π/2 e^{x²}

    S. Winitzki's approximation (2008), right to three digits, and three of Halley's steps, each of which trebles the digits.
    """
    y = input.astype(np.float64, copy=False)
    size = np.abs(y)
    logarithm = np.log((1 - size) * (1 + size))
    middle = 2 / (math.pi * 0.147) + logarithm / 2
    x = np.sqrt(np.sqrt(middle * middle - logarithm / 0.147) - middle)
    for _ in range(3):
        miss = np.where(size < 0.5, erf.kernel(x) - size, (1 - size) - erfc.kernel(x))
        step = miss / (_SLOPE * np.exp(-x * x))
        x = x - step / (1 + x * step)
    x = np.where(size < 1, x, np.where(size == 1, np.inf, np.nan))
    return np.asarray(np.copysign(x, y), input.dtype)


@erfinv.vjp("input")
def _(g: Array, out: Array) -> Array:
    return g * (np.exp(out * out) / _SLOPE)


@op(promote=floating)
def i0(input: Array) -> Array:
    r"""I₀(x) = Σ_k (x/2)^{2k} / k!².   dI₀/dx = I₁(x)"""
    return np.asarray(_bessel(np.abs(input.astype(np.float64, copy=False)), 0), input.dtype)


@i0.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * i1.kernel(input)


@op(promote=floating)
def i1(input: Array) -> Array:
    r"""I₁(x) = Σ_k (x/2)^{2k+1} / (k! (k+1)!).   dI₁/dx = I₀(x) − I₁(x)/x, and ½ at 0"""
    x = input.astype(np.float64, copy=False)
    return np.asarray(np.copysign(_bessel(np.abs(x), 1), x), input.dtype)


@i1.vjp("input")
def _(g: Array, input: Array, out: Array) -> Array:
    zero = input == 0
    return g * np.where(zero, 0.5, i0.kernel(input) - out / np.where(zero, 1.0, input))


def _bessel(x: Array, order: int) -> Array:
    """I₀ or I₁ for x ≥ 0: the power series, whose terms are all positive; far out eˣ/√(2πx) Σ_k (−1)ᵏ a_k/xᵏ,

    a_k = Π_{j≤k} (4 order² − (2j−1)²) / (8j)   (Abramowitz and Stegun, 9.6.10 and 9.7.1)
    """
    near, far = np.minimum(x, _FAR), np.maximum(x, _FAR)
    quarter = near * near / 4
    series = term = (near / 2) ** order
    for k in range(1, 60):
        term = term * quarter / (k * (k + order))
        series = series + term
    tail = factor = np.ones_like(far)
    for k in range(1, 30):
        factor = factor * ((2 * k - 1) ** 2 - 4 * order**2) / (8 * k * far)
        tail = tail + factor
    half = np.exp(far / 2)  # eˣ overflows before eˣ/√(2πx) does
    return np.where(x < _FAR, series, half * (half / np.sqrt(2 * math.pi * far)) * tail)


def mvlgamma(input: Tensor, p: int) -> Tensor:
    """Return ln Γ_p(x) = p(p−1)/4 ln π + Σ_{j<p} ln Γ(x − j/2). Raises RuntimeError if p is less than 1."""
    if p < 1:
        raise RuntimeError(f"mvlgamma: p has to be greater than or equal to 1, got {p}")
    total = lgamma(input)
    for j in range(1, p):
        total = total + lgamma(input - j / 2)
    return total + p * (p - 1) / 4 * math.log(math.pi)
