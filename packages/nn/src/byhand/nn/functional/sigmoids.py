"""Activations that rise from one level to another, or integrals of such: sigmoid, tanh and their kin."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from byhand.tensor import Tensor, op, sigmoid, tanh
from byhand.tensor._blocks import elementwise
from byhand.tensor._graph import Array
from byhand.tensor._promotion import floating, only_floating

from ._forms import applied

__all__ = ["hardsigmoid", "logsigmoid", "sigmoid", "softplus", "softsign", "tanh"]


@op(promote=only_floating)
def _hardsigmoid(input: Array) -> Array:
    r"""y = min(max(x + 3, 0), 6)/6.   dy/dx = 1/6 where −3 < x < 3, else 0"""
    return np.clip(input + 3, 0, 6) / 6


@_hardsigmoid.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g / 6 * np.logical_and(input > -3, input < 3)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    r"""y = relu6(x + 3)/6: a sigmoid of three straight pieces."""
    return applied(_hardsigmoid, input, inplace)


@op(promote=only_floating)
def softplus(input: Array, beta: float = 1, threshold: float = 20) -> Array:
    r"""y = ln(1 + e^{βx})/β, and y = x where βx > threshold.   dy/dx = σ(βx), or 1

    ln(1 + eᶻ) = max(z, 0) + ln(1 + e^{−|z|}), which does not overflow.
    """
    return elementwise(partial(_softplus, beta=beta, threshold=threshold), input)


def _softplus(x: Array, out: Array, *, beta: float, threshold: float) -> None:
    z = np.asarray(x * beta)
    np.abs(z, out=out)
    np.negative(out, out=out)
    np.exp(out, out=out)
    np.log1p(out, out=out)
    out += z.clip(0, math.inf)
    out /= beta
    above = z > threshold
    if above.any():
        np.copyto(out, x, where=above)


@softplus.vjp("input")
def _(g: Array, input: Array, beta: float, threshold: float) -> Array:
    z = input * beta
    return np.where(z > threshold, g, g * sigmoid.kernel(z))


@op(promote=only_floating)
def logsigmoid(input: Array) -> Array:
    r"""y = ln σ(x) = −ln(1 + e^{−x}) = min(x, 0) − ln(1 + e^{−|x|}).   dy/dx = 1 − σ(x) = σ(−x)"""
    return elementwise(_log_sigmoid, input)


def _log_sigmoid(x: Array, out: Array) -> None:
    np.abs(x, out=out)
    np.negative(out, out=out)
    np.exp(out, out=out)
    np.log1p(out, out=out)
    np.subtract(x.clip(-math.inf, 0), out, out=out)


@logsigmoid.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * sigmoid.kernel(-input)


@op(promote=floating)
def softsign(input: Array) -> Array:
    r"""y = x/(1 + |x|).   dy/dx = 1/(1 + |x|)²"""
    return input / (1 + np.abs(input))


@softsign.vjp("input")
def _(g: Array, input: Array) -> Array:
    below = 1 + np.abs(input)
    return g / (below * below)
