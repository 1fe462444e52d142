"""gelu: the input, weighed by the chance that a normal number is smaller. Hendrycks and Gimpel, arXiv:1606.08415."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from byhand.tensor import Tensor, op
from byhand.tensor._blocks import elementwise
from byhand.tensor._graph import Array
from byhand.tensor._promotion import only_floating
from byhand.tensor.ops.special import erf

__all__ = ["gelu"]

_DENSITY = 1 / math.sqrt(2 * math.pi)
_K, _C = math.sqrt(2 / math.pi), 0.044715

# erf(x/√2) = tanh(x p(x²)), p of degree 6, lowest power first: the polynomial with the smallest largest error of x Φ(x), 7e-8,
# found by Lawson's reweighted least squares on artanh(erf(x/√2)), 0 < x < 7. It grows without bound, so the tanh tends to 1.
_ARTANH_ERF = (
    0.797884216115094, 0.036334283514959695, -3.3129994003763896e-05, -5.5240158442240386e-05, 3.969109458306295e-06,
    -1.3344640947651995e-07, 1.80561641820198e-09,
)  # fmt: skip


# ---------------------------------------------------------------------- with Φ itself


@op(promote=only_floating)
def _gelu_erf(input: Array) -> Array:
    r"""y = x Φ(x), Φ(x) = ½ (1 + erf(x/√2)).   dy/dx = Φ + x φ, where φ = Φ' = e^{−x²/2}/√(2π)

    In float32 erf comes from NumPy's tanh: as fast a way as there is without an erf, and nearer to the truth than PyTorch's.
    Φ is not kept for the backward pass, it is y/x again: the next layer mostly keeps y anyway, so a graph holds one array less.
    """
    if input.dtype == np.float32:
        return elementwise(_through_tanh, input)
    cdf = erf.kernel(input * math.sqrt(0.5))
    cdf += 1
    cdf *= 0.5
    return input * cdf


def _through_tanh(x: Array, out: Array) -> None:
    square, cdf = np.multiply(x, x, out=out), np.empty_like(x)
    np.multiply(square, _ARTANH_ERF[-1], out=cdf)
    for coefficient in _ARTANH_ERF[-2:0:-1]:
        cdf += coefficient
        cdf *= square
    cdf += _ARTANH_ERF[0]
    cdf *= x
    np.tanh(cdf, out=cdf)
    cdf *= 0.5
    cdf += 0.5
    np.multiply(x, cdf, out=out)


@_gelu_erf.vjp("input")
def _(g: Array, input: Array, out: Array | None = None) -> Any:
    return _gelu_erf_backward.kernel(g, input, out)


@op
def _gelu_erf_backward(g: Array, input: Array, known: Array | None) -> Array:
    r"""y = g (Φ + x φ(x)), where Φ = z/x if z = x Φ(x) is known.   ∂y/∂x = g φ (2 − x²), since φ' = −x φ

    z is a function of x, whose share is counted there: through z itself nothing flows.
    """
    return elementwise(_erf_slope, g, input, _gelu_erf.kernel(input) if known is None else known)


def _erf_slope(g: Array, x: Array, known: Array, out: Array) -> None:
    slope = np.multiply(x, x)
    np.divide(known, x, out=out)
    np.copyto(out, 0.5, where=slope == 0)  # there the quotient has no digits, and Φ no others
    slope *= -0.5
    np.exp(slope, out=slope)
    slope *= x
    slope *= _DENSITY
    out += slope
    out *= g


@_gelu_erf_backward.vjp("g")
def _(u: Array, input: Array, known: Array | None) -> Any:
    return _gelu_erf_backward.kernel(u, input, known)


@_gelu_erf_backward.vjp("input", "known")
def _(u: Array, g: Array, input: Array) -> tuple[Array, None]:
    square = input * input
    return u * g * (np.exp(square * -0.5) * _DENSITY * (2 - square)), None


# ---------------------------------------------------------------------- with a tanh in place of erf


@op(promote=only_floating)
def _gelu_tanh(input: Array) -> Array:
    r"""y = ½ x (1 + t), t = tanh(v), v = k (x + c x³), k = √(2/π), c = 0.044715.

    dy/dx = ½ (1 + t) + ½ x (1 − t²) v',   v' = k (1 + 3 c x²)
    """
    return elementwise(_half_tanh, input)


def _half_tanh(x: Array, out: Array) -> None:
    """½ x (1 + tanh(x (k + k c x²)))"""
    _gate(x, out)
    out += 1
    out *= 0.5
    out *= x


def _gate(x: Array, out: Array) -> None:
    np.multiply(x, x, out=out)
    out *= _K * _C
    out += _K
    out *= x
    np.tanh(out, out=out)


@_gelu_tanh.vjp("input")
def _(g: Array, input: Array) -> Any:
    return _gelu_tanh_backward.kernel(g, input)


@op
def _gelu_tanh_backward(g: Array, input: Array) -> Array:
    r"""y = ½ g ((1 + t) + x (1 − t²) v').   ∂y/∂x = g (1 − t²) (v' − x t v'² + ½ x v''),   v'' = 6 k c x"""
    return elementwise(_tanh_slope, g, input)


def _tanh_slope(g: Array, x: Array, out: Array) -> None:
    """½ g (1 + t) (1 + x (1 − t) v')"""
    slope = np.asarray(x * x)
    slope *= 3 * _K * _C
    slope += _K
    slope *= x
    _gate(x, out)
    slope *= np.subtract(1, out)
    slope += 1
    out += 1
    out *= 0.5
    out *= slope
    out *= g


@_gelu_tanh_backward.vjp("g")
def _(u: Array, input: Array) -> Any:
    return _gelu_tanh_backward.kernel(u, input)


@_gelu_tanh_backward.vjp("input")
def _(u: Array, g: Array, input: Array) -> Array:
    square = input * input
    t = np.tanh(_K * input * (1 + _C * square))
    slope = _K * (1 + 3 * _C * square)
    return u * g * ((1 - t * t) * (slope - input * t * slope * slope + 3 * _K * _C * square))


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    r"""y = x Φ(x), Φ the normal distribution function; with `approximate="tanh"`, Φ by a tanh.

    Raises RuntimeError for any other `approximate`.
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"approximate argument must be either none or tanh, got {approximate!r}.")
    return _gelu_erf(input) if approximate == "none" else _gelu_tanh(input)
