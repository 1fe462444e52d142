"""Trigonometry beyond sine and cosine: the tangent, the inverse functions, angles and sides of triangles.

Every rule here is the chain rule for one number, x̄ = ȳ · dy/dx; the inverse functions' follow from dx/dy = 1/(dy/dx).
"""

from __future__ import annotations

import numpy as np

from .._graph import Array
from .._op import op
from .._promotion import floating

__all__ = [
    "acos", "arccos", "arcsin", "arctan", "arctan2", "asin", "atan", "atan2", "deg2rad", "hypot", "rad2deg", "sinc",
    "tan",
]  # fmt: skip

_DEGREE = float(np.pi / 180)


@op(promote=floating)
def tan(input: Array) -> Array:
    r"""y = tan x = sin x / cos x.   dy/dx = (cos² x + sin² x)/cos² x = 1 + y²"""
    return np.tan(input)


@tan.vjp("input")
def _(g: Array, out: Array) -> Array:
    return g * (1 + out * out)


@op(promote=floating)
def asin(input: Array) -> Array:
    r"""y = arcsin x.   sin y = x ⇒ cos y dy = dx ⇒ dy/dx = 1/√(1 − x²)"""
    return np.arcsin(input)


@asin.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g / np.sqrt(1 - input * input)


@op(promote=floating)
def acos(input: Array) -> Array:
    r"""y = arccos x = π/2 − arcsin x.   dy/dx = −1/√(1 − x²)"""
    return np.arccos(input)


@acos.vjp("input")
def _(g: Array, input: Array) -> Array:
    return -g / np.sqrt(1 - input * input)


@op(promote=floating)
def atan(input: Array) -> Array:
    r"""y = arctan x.   tan y = x ⇒ (1 + tan² y) dy = dx ⇒ dy/dx = 1/(1 + x²)"""
    return np.arctan(input)


@atan.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g / (1 + input * input)


@op(promote=floating)
def atan2(input: Array, other: Array) -> Array:
    r"""The angle θ of the point (b, a).   θ = arctan(a/b) + const ⇒ ∂θ/∂a = b/(a² + b²), ∂θ/∂b = −a/(a² + b²)"""
    return np.arctan2(input, other)


@atan2.vjp("input")
def _(g: Array, input: Array, other: Array) -> Array:
    return g * (other / (input * input + other * other))


@atan2.vjp("other")
def _(g: Array, input: Array, other: Array) -> Array:
    return g * (-input / (input * input + other * other))


@op(promote=floating)
def hypot(input: Array, other: Array) -> Array:
    r"""y = √(a² + b²), without overflow.   y² = a² + b² ⇒ ∂y/∂a = a/y, ∂y/∂b = b/y"""
    return np.hypot(input, other)


@hypot.vjp("input")
def _(g: Array, input: Array, out: Array) -> Array:
    return g * (input / out)


@hypot.vjp("other")
def _(g: Array, other: Array, out: Array) -> Array:
    return g * (other / out)


@op(promote=floating)
def sinc(input: Array) -> Array:
    r"""y = sin(πx)/(πx), 1 at 0.   dy/dx = (cos(πx) − y)/x, 0 at 0"""
    return np.sinc(input)


@sinc.vjp("input")
def _(g: Array, input: Array, out: Array) -> Array:
    origin = input == 0
    slope = (np.cos(np.pi * input) - out) / np.where(origin, 1.0, input)
    return g * np.where(origin, 0.0, slope)


@op(promote=floating)
def deg2rad(input: Array) -> Array:
    r"""y = x π/180, degrees as radians.   dy/dx = π/180"""
    return input * _DEGREE


@deg2rad.vjp("input")
def _(g: Array) -> Array:
    return g * _DEGREE


@op(promote=floating)
def rad2deg(input: Array) -> Array:
    r"""y = x 180/π, radians as degrees.   dy/dx = 180/π"""
    return input * (1 / _DEGREE)


@rad2deg.vjp("input")
def _(g: Array) -> Array:
    return g * (1 / _DEGREE)


arccos, arcsin, arctan, arctan2 = acos, asin, atan, atan2
