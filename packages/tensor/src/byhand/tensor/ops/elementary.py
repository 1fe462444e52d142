"""The elementary functions: exponentials, logarithms, roots, trigonometry, and the two classic squashing functions.

Every rule here is the chain rule for one number, x̄ = ȳ · dy/dx.
"""

from __future__ import annotations

import numpy as np

from .._blocks import elementwise
from .._graph import Array
from .._op import op
from .._promotion import floating

__all__ = ["cos", "exp", "log", "sigmoid", "sin", "sqrt", "tanh"]


@op(promote=floating)
def exp(input: Array) -> Array:
    r"""y = eˣ.   dy/dx = eˣ = y"""
    return np.exp(input)


@exp.vjp("input")
def _(g: Array, out: Array) -> Array:
    return g * out


@op(promote=floating)
def log(input: Array) -> Array:
    r"""y = ln x.   dy/dx = 1/x"""
    return np.log(input)


@log.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g / input


@op(promote=floating)
def sqrt(input: Array) -> Array:
    r"""y = √x.   y² = x ⇒ 2y dy = dx ⇒ dy/dx = 1/(2y)"""
    return np.sqrt(input)


@sqrt.vjp("input")
def _(g: Array, out: Array) -> Array:
    return g / (2 * out)


@op(promote=floating)
def sin(input: Array) -> Array:
    r"""y = sin x.   dy/dx = cos x"""
    return np.sin(input)


@sin.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * np.cos(input)


@op(promote=floating)
def cos(input: Array) -> Array:
    r"""y = cos x.   dy/dx = −sin x"""
    return np.cos(input)


@cos.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * -np.sin(input)


@op(promote=floating)
def tanh(input: Array) -> Array:
    r"""y = tanh x.   dy/dx = 1 − tanh² x = 1 − y²"""
    return np.tanh(input)


@tanh.vjp("input")
def _(g: Array, out: Array) -> Array:
    return g * (1 - out * out)


@op(promote=floating)
def sigmoid(input: Array) -> Array:
    r"""y = 1/(1 + e⁻ˣ).   dy/dx = e⁻ˣ/(1 + e⁻ˣ)² = y (1 − y)

    Where e⁻ˣ overflows, 1/(1 + ∞) = 0 is the right limit, and no digit is lost elsewhere: no case is needed.
    """
    return elementwise(_sigmoid, input)


def _sigmoid(x: Array, out: Array) -> None:
    np.negative(x, out=out)
    np.exp(out, out=out)
    out += 1
    np.reciprocal(out, out=out)


@sigmoid.vjp("input")
def _(g: Array, out: Array) -> Array:
    return g * (out * (1 - out))
