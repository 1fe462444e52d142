"""Activations that draw their input towards zero: hardshrink, softshrink, tanhshrink."""

from __future__ import annotations

import numpy as np
from byhand.tensor import op
from byhand.tensor._graph import Array
from byhand.tensor._promotion import floating, only_floating

__all__ = ["hardshrink", "softshrink", "tanhshrink"]


@op(promote=only_floating)
def hardshrink(input: Array, lambd: float = 0.5) -> Array:
    r"""y = x where |x| > λ, else 0.   dy/dx = 1 or 0"""
    return input * np.logical_not(np.abs(input) <= lambd)


@hardshrink.vjp("input")
def _(g: Array, input: Array, lambd: float) -> Array:
    return g * np.logical_not(np.abs(input) <= lambd)


@op(promote=only_floating)
def softshrink(input: Array, lambd: float = 0.5) -> Array:
    r"""y = x − λ where x > λ, x + λ where x < −λ, else 0: that is, x without x cut at ±λ.   dy/dx = 1 where |x| > λ, else 0

    Raises RuntimeError for a negative λ.
    """
    if not lambd >= 0:
        raise RuntimeError(f"lambda must be in range [0, {np.finfo(input.dtype).max}], but found {lambd}")
    return input - np.clip(input, -lambd, lambd)


@softshrink.vjp("input")
def _(g: Array, input: Array, lambd: float) -> Array:
    return g * np.logical_not(np.abs(input) <= lambd)


@op(promote=floating)
def tanhshrink(input: Array) -> Array:
    r"""y = x − tanh x.   dy/dx = 1 − (1 − tanh² x) = tanh² x"""
    return input - np.tanh(input)


@tanhshrink.vjp("input")
def _(g: Array, input: Array) -> Array:
    t = np.tanh(input)
    return g * (t * t)
