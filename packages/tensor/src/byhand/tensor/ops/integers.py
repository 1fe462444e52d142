"""Whole numbers: common divisors and multiples, places as coordinates; and the parts of floating ones: neighbours, exponents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .._errors import ShapeError
from .._graph import Array
from .._op import op
from .._promotion import same
from .._tensor import Tensor
from .pointwise import mul, pow
from .rounding import div, remainder

__all__ = ["frexp", "gcd", "lcm", "ldexp", "nextafter", "unravel_index"]

IN_PLACE = ("gcd", "lcm", "ldexp", "nextafter")


@op(promote=same)
def gcd(input: Array, other: Array) -> Array:
    """The greatest common divisor, element by element; that of 0 and 0 is 0. Raises NotImplementedError but for integers."""
    return np.gcd(_whole(input), other)


@op(promote=same)
def lcm(input: Array, other: Array) -> Array:
    """The least common multiple, element by element. Raises NotImplementedError but for integers."""
    return np.lcm(_whole(input), other)


def _whole(input: Array) -> Array:
    if input.dtype.kind not in "iu":
        raise NotImplementedError(f"divisors and multiples are implemented for integers, not for {input.dtype}")
    return input


def unravel_index(indices: Tensor, shape: int | Sequence[int]) -> tuple[Tensor, ...]:
    """Return the coordinates, in a tensor of `shape`, of places counted in row-major order; negative ones count from the end.

    Raises TypeError unless the places are integers, ValueError for a negative size.
    """
    if indices._data.dtype.kind not in "iu":
        raise TypeError(f"unravel_index: expected 'indices' to be of integer dtype, but got {indices.dtype}")
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    if any(size < 0 for size in sizes):
        raise ValueError(f"unravel_index: 'shape' cannot have negative values, but got {sizes}")
    steps = [math.prod(sizes[d + 1 :]) for d in range(len(sizes))]
    return tuple([remainder(div(indices, step, rounding_mode="floor"), n) for step, n in zip(steps, sizes, strict=True)])


@op(promote=same)
def nextafter(input: Array, other: Array) -> Array:
    r"""y = x ± ε, the floating number that follows x in the direction of `other`.   dy/dx = 1; which direction is constant"""
    if input.dtype.kind != "f":
        raise NotImplementedError(f"nextafter is implemented for floating tensors, not for {input.dtype}")
    return np.nextafter(input, other)


@nextafter.vjp("input")
def _(g: Array) -> Array:
    return g


@nextafter.vjp("other")
def _(g: Array) -> Array:
    return np.zeros_like(g)


def ldexp(input: Tensor, other: Any) -> Tensor:
    """Return x · 2ᵉ, element by element, in a floating dtype."""
    return mul(input, pow(2.0, other))


class Mantissa(NamedTuple):
    """What `frexp` returns: x = mantissa · 2^exponent, with ½ ≤ |mantissa| < 1."""

    mantissa: Tensor
    exponent: Tensor


@op(outputs=("mantissa", "exponent"))
def _frexp(input: Array) -> tuple[Array, Array]:
    r"""x = m 2ᵉ.   e is constant between powers of 2   ⇒   x̄ = m̄ / 2ᵉ"""
    if input.dtype.kind != "f":
        raise ShapeError(f"frexp only supports floating-point dtypes, not {input.dtype}.")
    mantissa, exponent = np.frexp(input)
    return mantissa, exponent.astype(np.int32)


@_frexp.vjp("input")
def _(g: tuple[Array, Array], exponent: Array) -> Array:
    return g[0] / 2.0 ** exponent.astype(g[0].dtype)


def frexp(input: Tensor) -> Mantissa:
    """Return the mantissa and the exponent (int32) of floating numbers. Raises RuntimeError for others."""
    return Mantissa(*_frexp(input))
