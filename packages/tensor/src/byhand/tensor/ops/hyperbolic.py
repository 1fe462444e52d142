"""The hyperbolic functions and their inverses; tanh, the squashing function, lives among the `elementary` ones.

Every rule here is the chain rule for one number, x̄ = ȳ · dy/dx; the inverse functions' follow from dx/dy = 1/(dy/dx)
and cosh² y − sinh² y = 1.
"""

from __future__ import annotations

import numpy as np

from .._graph import Array
from .._op import op
from .._promotion import floating

__all__ = ["acosh", "arccosh", "arcsinh", "arctanh", "asinh", "atanh", "cosh", "sinh"]


@op(promote=floating)
def sinh(input: Array) -> Array:
    r"""y = (eˣ − e⁻ˣ)/2.   dy/dx = cosh x"""
    return np.sinh(input)


@sinh.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * np.cosh(input)


@op(promote=floating)
def cosh(input: Array) -> Array:
    r"""y = (eˣ + e⁻ˣ)/2.   dy/dx = sinh x"""
    return np.cosh(input)


@cosh.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * np.sinh(input)


@op(promote=floating)
def asinh(input: Array) -> Array:
    r"""y = arsinh x.   sinh y = x ⇒ cosh y dy = dx ⇒ dy/dx = 1/√(x² + 1)"""
    return np.arcsinh(input)


@asinh.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g / np.sqrt(input * input + 1)


@op(promote=floating)
def acosh(input: Array) -> Array:
    r"""y = arcosh x, nan below 1.   cosh y = x ⇒ sinh y dy = dx ⇒ dy/dx = 1/√(x² − 1)"""
    return np.arccosh(input)


@acosh.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g / np.sqrt(input * input - 1)


@op(promote=floating)
def atanh(input: Array) -> Array:
    r"""y = artanh x, nan outside −1 … 1.   tanh y = x ⇒ (1 − tanh² y) dy = dx ⇒ dy/dx = 1/(1 − x²)"""
    return np.arctanh(input)


@atanh.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g / (1 - input * input)


arccosh, arcsinh, arctanh = acosh, asinh, atanh
