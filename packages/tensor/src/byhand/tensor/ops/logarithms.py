"""Logarithms and exponentials to other bases, near zero, of sums, and of odds.

Every rule here is the chain rule for one number, x̄ = ȳ · dy/dx.
"""

from __future__ import annotations

import math

import numpy as np

from .._graph import Array
from .._op import op
from .._promotion import floating

__all__ = ["exp2", "expm1", "log10", "log1p", "log2", "logaddexp", "logaddexp2", "logit", "xlogy"]

_LN2, _LN10 = math.log(2), math.log(10)


@op(promote=floating)
def exp2(input: Array) -> Array:
    r"""y = 2ˣ = e^{x ln 2}.   dy/dx = y ln 2"""
    return np.exp2(input)


@exp2.vjp("input")
def _(g: Array, out: Array) -> Array:
    return g * (out * _LN2)


@op(promote=floating)
def expm1(input: Array) -> Array:
    r"""y = eˣ − 1, exact for small x.   dy/dx = eˣ = y + 1"""
    return np.expm1(input)


@expm1.vjp("input")
def _(g: Array, out: Array) -> Array:
    return g * (out + 1)


@op(promote=floating)
def log1p(input: Array) -> Array:
    r"""y = ln(1 + x), exact for small x.   dy/dx = 1/(1 + x)"""
    return np.log1p(input)


@log1p.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g / (1 + input)


@op(promote=floating)
def log2(input: Array) -> Array:
    r"""y = log₂ x = ln x / ln 2.   dy/dx = 1/(x ln 2)"""
    return np.log2(input)


@log2.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g / (input * _LN2)


@op(promote=floating)
def log10(input: Array) -> Array:
    r"""y = log₁₀ x = ln x / ln 10.   dy/dx = 1/(x ln 10)"""
    return np.log10(input)


@log10.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g / (input * _LN10)


@op(promote=floating)
def logaddexp(input: Array, other: Array) -> Array:
    r"""y = ln(eᵃ + eᵇ), without overflow.   ∂y/∂a = eᵃ/(eᵃ + eᵇ) = 1/(1 + e^{b−a}), and likewise for b"""
    return np.logaddexp(input, other)


@logaddexp.vjp("input")
def _(g: Array, input: Array, other: Array) -> Array:
    return g / (1 + np.exp(other - input))


@logaddexp.vjp("other")
def _(g: Array, input: Array, other: Array) -> Array:
    return g / (1 + np.exp(input - other))


@op(promote=floating)
def logaddexp2(input: Array, other: Array) -> Array:
    r"""y = log₂(2ᵃ + 2ᵇ), without overflow.   ∂y/∂a = 2ᵃ/(2ᵃ + 2ᵇ) = 1/(1 + 2^{b−a}), and likewise for b"""
    return np.logaddexp2(input, other)


@logaddexp2.vjp("input")
def _(g: Array, input: Array, other: Array) -> Array:
    return g / (1 + np.exp2(other - input))


@logaddexp2.vjp("other")
def _(g: Array, input: Array, other: Array) -> Array:
    return g / (1 + np.exp2(input - other))


@op(promote=floating)
def xlogy(input: Array, other: Array) -> Array:
    r"""y = a ln b, and 0 where a = 0 (its limit) unless b is nan.   ∂y/∂a = ln b (0 where a = 0 and b ≤ 0), ∂y/∂b = a/b"""
    limit = np.logical_and(np.equal(input, 0), ~np.isnan(other))
    return np.where(limit, 0.0, input * np.log(other))


@xlogy.vjp("input")
def _(g: Array, input: Array, other: Array) -> Array:
    if isinstance(other, float):
        other = np.full_like(g, other)
    limit = np.logical_and(input == 0, other <= 0)
    return g * np.where(limit, 0.0, np.log(np.where(limit, 1.0, other)))


@xlogy.vjp("other")
def _(g: Array, input: Array, other: Array) -> Array:
    return g * (input / other)


@op(promote=floating)
def logit(input: Array, eps: float | None = None) -> Array:
    r"""y = ln(p/(1 − p)), the log odds of p, which is x kept within ε … 1 − ε (if ε is given; else nan outside 0 … 1).

    dy/dp = 1/p + 1/(1 − p) = 1/(p (1 − p)); where ε cuts, 0
    """
    p = input if eps is None else np.clip(input, eps, 1 - eps)
    return np.log(p / (1 - p))


@logit.vjp("input")
def _(g: Array, input: Array, eps: float | None) -> Array:
    low = 0.0 if eps is None else eps
    inside = np.logical_and(input >= low, input <= 1 - low)
    slope = 1 / (input * (1 - input))
    return g * np.where(inside, slope, float("nan") if eps is None else 0.0)
