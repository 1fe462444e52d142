"""Activation functions: each of one number, with its slope beside it; softmax and log_softmax are those of `byhand.tensor`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from byhand import tensor
from byhand.tensor import Tensor, log_softmax, op, sigmoid, softmax, tanh
from byhand.tensor._graph import Array
from byhand.tensor._inplace import inplace as inplace_form
from byhand.tensor._promotion import only_floating
from byhand.tensor.ops.special import erf

__all__ = [
    "elu", "gelu", "hardtanh", "leaky_relu", "log_softmax", "logsigmoid", "mish", "relu", "relu6", "selu", "sigmoid",
    "silu", "softmax", "softplus", "softsign", "tanh",
]  # fmt: skip

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


def _applied(function: Any, input: Tensor, inplace: bool, **options: float) -> Tensor:
    """`function(input)`, laid into the input's memory if `inplace`."""
    if inplace:
        function = inplace_form(function, f"{function.__name__.strip('_')}_")
    return function(input, **options)  # type: ignore[no-any-return]


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    r"""y = max(x, 0).   dy/dx = 1 where x > 0, else 0"""
    return input.relu_() if inplace else tensor.relu(input)


@op(promote=only_floating)
def _leaky_relu(input: Array, *, negative_slope: float) -> Array:
    r"""y = x where x > 0, else a x.   dy/dx = 1 or a"""
    return np.where(input > 0, input, input * negative_slope)


@_leaky_relu.vjp("input")
def _(g: Array, input: Array, negative_slope: float) -> Array:
    return np.where(input > 0, g, g * negative_slope)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    r"""y = x where x > 0, else a x, with the small slope a = `negative_slope`."""
    return _applied(_leaky_relu, input, inplace, negative_slope=negative_slope)


@op(promote=only_floating)
def _elu(input: Array, *, alpha: float, scale: float) -> Array:
    r"""y = s x where x > 0, else s α (eˣ − 1).   dy/dx = s, or s α eˣ

    The exponential is taken of min(x, 0): where x is large it would overflow, and is not used.
    """
    return np.where(input > 0, input, np.expm1(np.minimum(input, 0)) * alpha) * scale


@_elu.vjp("input")
def _(g: Array, input: Array, alpha: float, scale: float) -> Array:
    return np.where(input > 0, g * scale, g * (np.exp(np.minimum(input, 0)) * (alpha * scale)))


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    r"""y = x where x > 0, else α (eˣ − 1). Clevert, Unterthiner and Hochreiter, arXiv:1511.07289."""
    return _applied(_elu, input, inplace, alpha=alpha, scale=1.0)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    r"""y = s·elu(x, α), with s and α for which mean 0 and variance 1 are a fixed point. Klambauer et al., arXiv:1706.02515."""
    return _applied(_elu, input, inplace, alpha=SELU_ALPHA, scale=SELU_SCALE)


@op(promote=only_floating)
def _silu(input: Array) -> Array:
    r"""y = x σ(x).   dy/dx = σ + x σ (1 − σ) = σ (1 + x (1 − σ))"""
    return input * (1 / (1 + np.exp(-input)))


@_silu.vjp("input")
def _(g: Array, input: Array) -> Array:
    s = sigmoid.kernel(input)
    return g * (s * (1 + input * (1 - s)))


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    r"""y = x σ(x), also called swish. Elfwing, Uchibe and Doya, arXiv:1702.03118."""
    return _applied(_silu, input, inplace)


@op(promote=only_floating)
def softplus(input: Array, beta: float = 1, threshold: float = 20) -> Array:
    r"""y = ln(1 + e^{βx})/β, and y = x where βx > threshold.   dy/dx = σ(βx), or 1

    ln(1 + eᶻ) = max(z, 0) + ln(1 + e^{−|z|}), which does not overflow.
    """
    z = input * beta
    return np.where(z > threshold, input, (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))) / beta)


@softplus.vjp("input")
def _(g: Array, input: Array, beta: float, threshold: float) -> Array:
    z = input * beta
    return np.where(z > threshold, g, g * sigmoid.kernel(z))


def logsigmoid(input: Tensor) -> Tensor:
    r"""y = ln σ(x) = −ln(1 + e^{−x})."""
    return -softplus(-input, 1, math.inf)


@op(promote=only_floating)
def _mish(input: Array) -> Array:
    r"""y = x t, t = tanh(ln(1 + eˣ)).   dy/dx = t + x (1 − t²) σ(x)"""
    return input * np.tanh(softplus.kernel(input))


@_mish.vjp("input")
def _(g: Array, input: Array) -> Array:
    t = np.tanh(softplus.kernel(input))
    return g * (t + input * (1 - t * t) * sigmoid.kernel(input))


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    r"""y = x tanh(ln(1 + eˣ)). Misra, arXiv:1908.08681."""
    return _applied(_mish, input, inplace)


@op(promote=only_floating)
def softsign(input: Array) -> Array:
    r"""y = x/(1 + |x|).   dy/dx = 1/(1 + |x|)²"""
    return input / (1 + np.abs(input))


@softsign.vjp("input")
def _(g: Array, input: Array) -> Array:
    below = 1 + np.abs(input)
    return g / (below * below)


@op
def _hardtanh(input: Array, *, min_val: float, max_val: float) -> Array:
    r"""y = min(max(x, a), b).   dy/dx = 1 where a < x < b, else 0 (also at a and b, as in PyTorch)"""
    return np.clip(input, min_val, max_val)


@_hardtanh.vjp("input")
def _(g: Array, input: Array, min_val: float, max_val: float) -> Array:
    return g * np.logical_and(input > min_val, input < max_val)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    r"""y = x, cut at `min_val` and `max_val`. Raises ValueError if they are in the wrong order."""
    if min_val > max_val:
        raise ValueError(f"min_val cannot be greater than max_val, got {min_val} and {max_val}")
    return _applied(_hardtanh, input, inplace, min_val=min_val, max_val=max_val)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    r"""y = min(max(x, 0), 6)."""
    return hardtanh(input, 0.0, 6.0, inplace)


@op(promote=only_floating, outputs=("out", "cdf"), public=1)
def _gelu_erf(input: Array) -> tuple[Array, Array]:
    r"""y = x Φ(x), Φ(x) = ½ (1 + erf(x/√2)).   dy/dx = Φ + x φ, where φ = Φ' = e^{−x²/2}/√(2π)"""
    cdf = erf.kernel(input * math.sqrt(0.5))
    cdf += 1
    cdf *= 0.5
    return input * cdf, cdf


@_gelu_erf.remake
def _(input: Array) -> tuple[Array]:
    return ((erf.kernel(input * math.sqrt(0.5)) + 1) * 0.5,)


@_gelu_erf.vjp("input")
def _(g: Array, input: Array, cdf: Array) -> Array:
    return g * (cdf + input * (np.exp(input * input * -0.5) * (1 / math.sqrt(2 * math.pi))))


@op(promote=only_floating)
def _gelu_tanh(input: Array) -> Array:
    r"""y = ½ x (1 + t), t = tanh(u), u = k (x + c x³), k = √(2/π), c = 0.044715.

    dy/dx = ½ (1 + t) + ½ x (1 − t²) u',   u' = k (1 + 3 c x²)
    """
    return 0.5 * input * (1 + np.tanh(_gelu_argument(input)))


@_gelu_tanh.vjp("input")
def _(g: Array, input: Array) -> Array:
    t = np.tanh(_gelu_argument(input))
    slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * (input * input))
    return g * (0.5 * (1 + t) + 0.5 * input * (1 - t * t) * slope)


def _gelu_argument(x: Array) -> Array:
    return math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x))


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    r"""y = x Φ(x), Φ the normal distribution function; with `approximate="tanh"`, Φ by a tanh.

    Hendrycks and Gimpel, "Gaussian error linear units", arXiv:1606.08415. Raises RuntimeError for any other `approximate`.
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"approximate argument must be either none or tanh, got {approximate!r}.")
    return _gelu_erf(input) if approximate == "none" else _gelu_tanh(input)
