"""Element by element: arithmetic, powers, and the larger or smaller of two.

Every rule here is the chain rule for one number, x̄ = ȳ · dy/dx; broadcasting is undone by the engine.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._dtypes import DType
from .._graph import Array
from .._op import op
from .._promotion import floating, no_bool, no_bool_at_all, same

__all__ = [
    "abs", "absolute", "add", "clamp", "clip", "maximum", "minimum", "mul", "multiply", "neg", "negative",
    "pow", "rsub", "sign", "square", "sub", "subtract", "true_divide",
]  # fmt: skip

Number = float | int | bool


@op(promote=same)
def add(input: Array, other: Array, *, alpha: Number = 1) -> Array:
    r"""y = a + α b.   ∂y/∂a = 1, ∂y/∂b = α"""
    return np.add(input, other if alpha == 1 else _scaled(other, alpha))


def _scaled(other: Any, alpha: Number) -> Any:
    """α b, in the dtype of b."""
    if not isinstance(other, np.ndarray):
        return other * alpha
    if other.dtype.kind in "iub" and isinstance(alpha, float):
        raise ValueError(f"for integral tensors, argument alpha must not be a floating point number, got {alpha}")
    return np.asarray(other * alpha).astype(other.dtype, copy=False)


@add.vjp("input")
def _(g: Array) -> Array:
    return g


@add.vjp("other")
def _(g: Array, alpha: Number) -> Array:
    return g if alpha == 1 else g * alpha


@op(promote=no_bool)
def sub(input: Array, other: Array, *, alpha: Number = 1) -> Array:
    r"""y = a − α b.   ∂y/∂a = 1, ∂y/∂b = −α"""
    return np.subtract(input, other if alpha == 1 else _scaled(other, alpha))


@sub.vjp("input")
def _(g: Array) -> Array:
    return g


@sub.vjp("other")
def _(g: Array, alpha: Number) -> Array:
    return g * -alpha


@op(promote=no_bool)
def rsub(input: Array, other: Array, *, alpha: Number = 1) -> Array:
    r"""y = b − α a.   ∂y/∂a = −α, ∂y/∂b = 1"""
    return np.subtract(other, input if alpha == 1 else _scaled(input, alpha))


@rsub.vjp("input")
def _(g: Array, alpha: Number) -> Array:
    return g * -alpha


@rsub.vjp("other")
def _(g: Array) -> Array:
    return g


@op(promote=same)
def mul(input: Array, other: Array) -> Array:
    r"""y = a b.   ∂y/∂a = b, ∂y/∂b = a"""
    return np.multiply(input, other)


@mul.vjp("input")
def _(g: Array, other: Array) -> Array:
    return g * other


@mul.vjp("other")
def _(g: Array, input: Array) -> Array:
    return g * input


@op(promote=floating)
def div(input: Array, other: Array) -> Array:
    r"""y = a / b.   ∂y/∂a = 1/b, ∂y/∂b = −a/b² = −y/b"""
    return np.true_divide(input, other)


@div.vjp("input")
def _(g: Array, other: Array) -> Array:
    return g / other


@div.vjp("other")
def _(g: Array, out: Array, other: Array) -> Array:
    return -g * out / other


@op(promote=no_bool)
def neg(input: Array) -> Array:
    r"""y = −x.   dy/dx = −1"""
    return np.negative(input)


@neg.vjp("input")
def _(g: Array) -> Array:
    return -g


@op(promote=no_bool_at_all)
def pow(input: Array, exponent: Array) -> Array:
    r"""y = aᵇ.   ∂y/∂a = b aᵇ⁻¹ (0 where b = 0), ∂y/∂b = aᵇ ln a (0 where a = 0 and b ≥ 0, the limit)

    Among integers 1/aⁿ is cut off to 0 unless a is 1 or −1. Raises RuntimeError for a negative Python integer there.
    """
    if isinstance(exponent, Number) and exponent == 2:
        return np.multiply(input, input)  # 20 times faster than the general power
    if isinstance(exponent, np.ndarray) and exponent.dtype.kind == "i" and exponent.size and exponent.min() < 0:
        power = np.power(input, np.abs(exponent))  # of 1 and −1 this is the reciprocal too
        return np.where(np.logical_and(exponent < 0, np.abs(input) != 1), 0, power)
    return np.power(input, exponent)


@pow.vjp("input")
def _(g: Array, input: Array, exponent: Array) -> Array:
    if isinstance(exponent, Number):
        return np.zeros_like(g) if exponent == 0 else g * (exponent * np.power(input, exponent - 1))
    return np.where(exponent == 0, 0.0, g * (exponent * np.power(input, exponent - 1)))


@pow.vjp("exponent")
def _(g: Array, input: Array, exponent: Array, out: Array) -> Array:
    if isinstance(input, Number):
        if input == 0:
            return np.where(exponent >= 0, np.zeros_like(g), g * -out)
        return g * (out * float(np.log(input)))
    limit = np.logical_and(input == 0, exponent >= 0)
    return g * np.where(limit, 0.0, out * np.log(np.where(limit, 1.0, input)))


def _as_power(args: list[Any], options: dict[str, Any]) -> list[Any]:
    """As beside the number 2: bool becomes int64."""
    return same([*args, 2], options)[:1]


@op(promote=_as_power)
def square(input: Array) -> Array:
    r"""y = x².   dy/dx = 2x"""
    return np.multiply(input, input)


@square.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * (2 * input)


@op(promote=no_bool_at_all)
def abs(input: Array) -> Array:
    r"""y = |x|.   dy/dx = sign x (0 at 0)"""
    return np.abs(input)


@abs.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * np.sign(input)


@op(promote=same)
def sign(input: Array) -> Array:
    r"""y = −1, 0 or 1.   dy/dx = 0"""
    return np.sign(input) if input.dtype != bool else input.copy()


@sign.vjp("input")
def _(g: Array) -> Array:
    return np.zeros_like(g)


def both_tensors(input: Array, other: Array) -> tuple[Array, Array]:
    """Both inputs. Raises TypeError for a number, as PyTorch does where there are other functions for it."""
    if not (isinstance(input, np.ndarray) and isinstance(other, np.ndarray)):
        raise TypeError("both inputs must be Tensors; use clamp for a bound that is a number")
    return input, other


@op(promote=same)
def maximum(input: Array, other: Array) -> Array:
    r"""y = max(a, b).   The gradient goes to the larger; where they tie, half to each."""
    return np.maximum(*both_tensors(input, other))


@maximum.vjp("input")
def _(g: Array, input: Array, other: Array) -> Array:
    return g * _share(input > other, input == other, g.dtype)


@maximum.vjp("other")
def _(g: Array, input: Array, other: Array) -> Array:
    return g * _share(other > input, input == other, g.dtype)


@op(promote=same)
def minimum(input: Array, other: Array) -> Array:
    r"""y = min(a, b).   The gradient goes to the smaller; where they tie, half to each."""
    return np.minimum(*both_tensors(input, other))


@minimum.vjp("input")
def _(g: Array, input: Array, other: Array) -> Array:
    return g * _share(input < other, input == other, g.dtype)


@minimum.vjp("other")
def _(g: Array, input: Array, other: Array) -> Array:
    return g * _share(other < input, input == other, g.dtype)


def _share(wins: Any, ties: Any, dtype: DType) -> Any:
    """1 where it wins, ½ where it ties, 0 elsewhere."""
    return np.where(ties, dtype.type(0.5), np.where(wins, dtype.type(1), dtype.type(0)))


@op(promote=no_bool_at_all)
def clamp(input: Array, min: Array | None = None, max: Array | None = None) -> Array:
    r"""y = min(max(x, lower), upper).   dy/dx = 1 where lower ≤ x ≤ upper, else 0; a bound that cuts gets the gradient.

    Either bound may be a number, a tensor or None. Raises RuntimeError if both are None.
    """
    if min is None and max is None:
        raise ValueError("at least one of 'min' or 'max' must not be None.")
    if min is not None:
        input = np.maximum(input, min)
    return input if max is None else np.minimum(input, max)


@clamp.vjp("input")
def _(g: Array, input: Array, min: Array | None, max: Array | None) -> Array:
    inside: Array = True
    if min is not None:
        inside = input >= min
    if max is not None:
        inside = np.logical_and(inside, input <= max)
    return g * inside


@clamp.vjp("min")
def _(g: Array, input: Array, min: Array | None, max: Array | None) -> Array:
    cuts = input < min
    return g * (cuts if max is None else np.logical_and(cuts, min < max))


@clamp.vjp("max")
def _(g: Array, input: Array, min: Array | None, max: Array | None) -> Array:
    cuts = input > max if min is None else np.logical_or(input > max, min >= max)
    return g * cuts


# PyTorch's other names
absolute = abs
clip = clamp
divide = true_divide = div
multiply = mul
negative = neg
subtract = sub
