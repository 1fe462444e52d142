"""Several tensors in one step (lerp, addcmul, addcdiv), reciprocals, and choices by sign and by nan.

Every rule here is the chain rule for one number, x̄ = ȳ · dy/dx; broadcasting is undone by the engine.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._graph import Array
from .._op import op
from .._promotion import floating, no_bool_at_all, same
from .._tensor import Tensor
from .pointwise import both_tensors, pow

__all__ = [
    "addcdiv", "addcmul", "clamp_max", "clamp_min", "copysign", "float_power", "fmax", "fmin", "heaviside", "lerp",
    "nan_to_num", "positive", "reciprocal", "rsqrt", "sgn", "signbit",
]  # fmt: skip


@op(promote=same)
def lerp(input: Array, end: Array, weight: Array) -> Array:
    r"""y = a + w (b − a), the point between a (w = 0) and b (w = 1).   ∂y/∂a = 1 − w, ∂y/∂b = w, ∂y/∂w = b − a

    From the middle on y = b − (1 − w)(b − a), so that w = 1 gives b to the last bit.
    """
    way = end - input
    return np.where(np.abs(weight) < 0.5, input + weight * way, end - (1 - weight) * way)


@lerp.vjp("input")
def _(g: Array, weight: Array) -> Array:
    return g * (1 - weight)


@lerp.vjp("end")
def _(g: Array, weight: Array) -> Array:
    return g * weight


@lerp.vjp("weight")
def _(g: Array, input: Array, end: Array) -> Array:
    return g * (end - input)


@op(promote=same)
def addcmul(input: Array, tensor1: Array, tensor2: Array, *, value: Any = 1) -> Array:
    r"""y = a + v b c.   ∂y/∂a = 1, ∂y/∂b = v c, ∂y/∂c = v b"""
    return input + (tensor1 * tensor2 if value == 1 else value * tensor1 * tensor2)


@addcmul.vjp("input")
def _(g: Array) -> Array:
    return g


@addcmul.vjp("tensor1")
def _(g: Array, tensor2: Array, value: Any) -> Array:
    return g * (value * tensor2)


@addcmul.vjp("tensor2")
def _(g: Array, tensor1: Array, value: Any) -> Array:
    return g * (value * tensor1)


@op(promote=same)
def addcdiv(input: Array, tensor1: Array, tensor2: Array, *, value: Any = 1) -> Array:
    r"""y = a + v b / c.   ∂y/∂a = 1, ∂y/∂b = v/c, ∂y/∂c = −v b/c²

    Raises RuntimeError for integers: PyTorch refuses to guess how they should be rounded.
    """
    if input.dtype.kind != "f":
        raise ValueError("integer division with addcdiv is not supported; convert with float() first")
    return input + value * (tensor1 / tensor2)


@addcdiv.vjp("input")
def _(g: Array) -> Array:
    return g


@addcdiv.vjp("tensor1")
def _(g: Array, tensor2: Array, value: Any) -> Array:
    return g * (value / tensor2)


@addcdiv.vjp("tensor2")
def _(g: Array, tensor1: Array, tensor2: Array, value: Any) -> Array:
    return g * (-value * tensor1 / (tensor2 * tensor2))


@op(promote=same)
def clamp_min(input: Array, min: Array) -> Array:
    r"""y = max(x, lower).   dy/dx = 1 where x ≥ lower, else 0; the bound gets the gradient where it cuts"""
    return np.maximum(input, min)


@clamp_min.vjp("input")
def _(g: Array, input: Array, min: Array) -> Array:
    return g * (input >= min)


@clamp_min.vjp("min")
def _(g: Array, input: Array, min: Array) -> Array:
    return g * (input < min)


@op(promote=same)
def clamp_max(input: Array, max: Array) -> Array:
    r"""y = min(x, upper).   dy/dx = 1 where x ≤ upper, else 0; the bound gets the gradient where it cuts"""
    return np.minimum(input, max)


@clamp_max.vjp("input")
def _(g: Array, input: Array, max: Array) -> Array:
    return g * (input <= max)


@clamp_max.vjp("max")
def _(g: Array, input: Array, max: Array) -> Array:
    return g * (input > max)


def float_power(input: Any, exponent: Any) -> Tensor:
    """Return aᵇ, as `pow`, in float64."""
    return pow(_double(input), _double(exponent))


def _double(value: Any) -> Any:
    return value.double() if isinstance(value, Tensor) else float(value)


@op(promote=floating)
def rsqrt(input: Array) -> Array:
    r"""y = x^{−1/2}.   dy/dx = −½ x^{−3/2} = −½ y³"""
    return 1 / np.sqrt(input)


@rsqrt.vjp("input")
def _(g: Array, out: Array) -> Array:
    return g * (-0.5 * out * out * out)


@op(promote=floating)
def reciprocal(input: Array) -> Array:
    r"""y = 1/x.   dy/dx = −1/x² = −y²"""
    return 1 / input


@reciprocal.vjp("input")
def _(g: Array, out: Array) -> Array:
    return g * -(out * out)


@op(promote=no_bool_at_all, view=True)
def positive(input: Array) -> Array:
    r"""y = +x.   dy/dx = 1"""
    return input[...]


@positive.vjp("input")
def _(g: Array) -> Array:
    return g


@op(promote=same)
def fmax(input: Array, other: Array) -> Array:
    r"""y = max(a, b), where a number wins over nan.   The gradient goes to the one chosen, to a where they tie."""
    return np.fmax(*both_tensors(input, other))


@fmax.vjp("input")
def _(g: Array, input: Array, other: Array) -> Array:
    return g * np.logical_or(input >= other, np.isnan(other))


@fmax.vjp("other")
def _(g: Array, input: Array, other: Array) -> Array:
    return g * np.logical_not(np.logical_or(input >= other, np.isnan(other)))


@op(promote=same)
def fmin(input: Array, other: Array) -> Array:
    r"""y = min(a, b), where a number wins over nan.   The gradient goes to the one chosen, to a where they tie."""
    return np.fmin(*both_tensors(input, other))


@fmin.vjp("input")
def _(g: Array, input: Array, other: Array) -> Array:
    return g * np.logical_or(input <= other, np.isnan(other))


@fmin.vjp("other")
def _(g: Array, input: Array, other: Array) -> Array:
    return g * np.logical_not(np.logical_or(input <= other, np.isnan(other)))


@op(promote=same)
def heaviside(input: Array, values: Array) -> Array:
    """y = 0 where x < 0, 1 where x > 0, and `values` where x = 0. It has no gradient (PyTorch defines none)."""
    return np.where(input == 0, values, (input > 0).astype(input.dtype))


@op
def nan_to_num(
    input: Array, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> Array:
    r"""y = x, but `nan` (0) for nan and `posinf`, `neginf` (the dtype's largest and least numbers) for ±∞.

    dy/dx = 1 where x is finite, else 0
    """
    if input.dtype.kind != "f":
        return input.copy()
    return np.nan_to_num(input, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)


@nan_to_num.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * np.isfinite(input)


@op(promote=floating)
def copysign(input: Array, other: Array) -> Array:
    r"""y = |a| with the sign of b (that of −0.0 included).   ∂y/∂a = sign a · sign y (0 at 0), ∂y/∂b = 0"""
    return np.copysign(input, other)


@copysign.vjp("input")
def _(g: Array, input: Array, out: Array) -> Array:
    return g * (np.sign(input) * np.sign(out))


@copysign.vjp("other")
def _(g: Array) -> Array:
    return np.zeros_like(g)


@op
def signbit(input: Array) -> Array:
    """Whether the sign bit is set: x < 0, or x = −0.0."""
    return np.signbit(input) if input.dtype.kind == "f" else input < 0


@op(promote=same)
def sgn(input: Array) -> Array:
    r"""y = −1, 0 or 1: the real case of x/|x|.   dy/dx = 0"""
    return np.sign(input) if input.dtype != bool else input.copy()


@sgn.vjp("input")
def _(g: Array) -> Array:
    return np.zeros_like(g)
