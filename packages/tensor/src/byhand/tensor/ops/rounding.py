"""Rounding, and the divisions that round: floor, ceil, round, trunc, frac; remainder, fmod, floor_divide, div.

What rounds is constant between its jumps, so its derivative is 0; a remainder a − n b keeps that of a, and −n for b.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._graph import Array
from .._op import op
from .._promotion import no_bool_at_all
from .._tensor import Tensor
from . import pointwise

__all__ = [
    "ceil", "div", "divide", "fix", "floor", "floor_divide", "fmod", "frac", "remainder", "round", "trunc",
]  # fmt: skip


@op(promote=no_bool_at_all)
def floor(input: Array) -> Array:
    r"""y = ⌊x⌋, the largest integer that is not above x.   dy/dx = 0"""
    return _rounded(np.floor, input)


@floor.vjp("input")
def _(g: Array) -> Array:
    return np.zeros_like(g)


@op(promote=no_bool_at_all)
def ceil(input: Array) -> Array:
    r"""y = ⌈x⌉, the smallest integer that is not below x.   dy/dx = 0"""
    return _rounded(np.ceil, input)


@ceil.vjp("input")
def _(g: Array) -> Array:
    return np.zeros_like(g)


@op(promote=no_bool_at_all)
def trunc(input: Array) -> Array:
    r"""y = x without its fraction, towards 0.   dy/dx = 0"""
    return _rounded(np.trunc, input)


@trunc.vjp("input")
def _(g: Array) -> Array:
    return np.zeros_like(g)


@op(promote=no_bool_at_all)
def round(input: Array, *, decimals: int = 0) -> Array:
    r"""y = x to the nearest multiple of 10⁻ᵈ, to the even one where two are equally near.   dy/dx = 0"""
    return _rounded(lambda x: np.round(x, decimals), input)


@round.vjp("input")
def _(g: Array) -> Array:
    return np.zeros_like(g)


def _rounded(function: Any, input: Array) -> Array:
    """Integers are round already, and NumPy would make them floating."""
    return function(input) if input.dtype.kind == "f" else input.copy()


@op
def frac(input: Array) -> Array:
    r"""y = x − trunc x.   dy/dx = 1"""
    if input.dtype.kind != "f":
        raise NotImplementedError(f"frac is not implemented for {input.dtype}: whole numbers have no fraction")
    return input - np.trunc(input)


@frac.vjp("input")
def _(g: Array) -> Array:
    return g


@op(promote=no_bool_at_all)
def remainder(input: Array, other: Array) -> Array:
    r"""y = a − ⌊a/b⌋ b, of b's sign.   ∂y/∂a = 1, ∂y/∂b = −⌊a/b⌋

    Raises RuntimeError for integers divided by 0.
    """
    return np.remainder(input, _divisor(other))


@remainder.vjp("input")
def _(g: Array) -> Array:
    return g


@remainder.vjp("other")
def _(g: Array, input: Array, other: Array) -> Array:
    return g * -np.floor(input / other)


@op(promote=no_bool_at_all)
def fmod(input: Array, other: Array) -> Array:
    r"""y = a − trunc(a/b) b, of a's sign.   ∂y/∂a = 1, ∂y/∂b = −trunc(a/b)

    Raises RuntimeError for integers divided by 0.
    """
    return np.fmod(input, _divisor(other))


@fmod.vjp("input")
def _(g: Array) -> Array:
    return g


@fmod.vjp("other")
def _(g: Array, input: Array, other: Array) -> Array:
    return g * -np.trunc(input / other)


@op(promote=no_bool_at_all)
def floor_divide(input: Array, other: Array) -> Array:
    r"""y = ⌊a/b⌋, in the inputs' dtype.   ∂y/∂a = ∂y/∂b = 0

    Raises RuntimeError for integers divided by 0.
    """
    return np.floor_divide(input, _divisor(other))


@floor_divide.vjp("input")
def _(g: Array) -> Array:
    return np.zeros_like(g)


@floor_divide.vjp("other")
def _(g: Array) -> Array:
    return np.zeros_like(g)


@op(promote=no_bool_at_all)
def _trunc_divide(input: Array, other: Array) -> Array:
    r"""y = a/b without its fraction, in the inputs' dtype.   ∂y/∂a = ∂y/∂b = 0"""
    if np.result_type(input, other).kind == "f":
        return np.trunc(input / other)
    quotient = np.floor_divide(input, _divisor(other))
    return quotient + np.logical_and(quotient < 0, quotient * other != input)


@_trunc_divide.vjp("input")
def _(g: Array) -> Array:
    return np.zeros_like(g)


@_trunc_divide.vjp("other")
def _(g: Array) -> Array:
    return np.zeros_like(g)


def _divisor(other: Any) -> Any:
    """The divisor itself. Raises ValueError, which users see as RuntimeError, if it is an integer 0."""
    if np.asarray(other).dtype.kind in "iu" and not np.all(other):
        raise ValueError("ZeroDivisionError: an integer is divided by 0; convert to floating with float() first")
    return other


def div(input: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """Return a / b: exact, or rounded towards 0 (`rounding_mode="trunc"`) or downwards (`"floor"`) in the inputs' dtype.

    Raises RuntimeError for another rounding mode, and where integers are divided by 0 and rounded.
    """
    if rounding_mode is None:
        return pointwise.true_divide(input, other)
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found {rounding_mode!r}")
    return floor_divide(input, other) if rounding_mode == "floor" else _trunc_divide(input, other)


divide, fix = div, trunc
