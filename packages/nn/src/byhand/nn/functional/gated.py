"""Activations that weigh their input by a gate between 0 and 1: silu, gelu, mish, hardswish, glu."""

from __future__ import annotations

from typing import Any

import numpy as np
from byhand.tensor import Tensor, op, sigmoid
from byhand.tensor._blocks import elementwise
from byhand.tensor._errors import ShapeError
from byhand.tensor._graph import Array
from byhand.tensor._promotion import only_floating

from ._forms import applied
from .sigmoids import softplus

__all__ = ["glu", "hardswish", "mish", "silu"]


# ---------------------------------------------------------------------- silu


@op(promote=only_floating)
def _silu(input: Array) -> Array:
    r"""y = x σ(x) = x/(1 + e⁻ˣ).   dy/dx = σ + x σ (1 − σ) = σ (1 + x (1 − σ))"""
    return elementwise(_silu_kernel, input)


def _silu_kernel(x: Array, out: Array) -> None:
    np.negative(x, out=out)
    np.exp(out, out=out)
    out += 1
    np.divide(x, out, out=out)


@_silu.vjp("input")
def _(g: Array, input: Array) -> Any:
    return _silu_backward.kernel(g, input)


@op
def _silu_backward(g: Array, input: Array) -> Array:
    r"""y = g s (1 + x (1 − s)), s = σ(x).   ∂y/∂x = g s (1 − s) (2 + x (1 − 2s))"""
    return elementwise(_silu_backward_kernel, g, input)


def _silu_backward_kernel(g: Array, x: Array, out: Array) -> None:
    np.negative(x, out=out)
    np.exp(out, out=out)
    out += 1
    s = np.asarray(1 / out)
    np.subtract(1, s, out=out)
    out *= x
    out += 1
    out *= s
    out *= g


@_silu_backward.vjp("g")
def _(u: Array, input: Array) -> Any:
    return _silu_backward.kernel(u, input)


@_silu_backward.vjp("input")
def _(u: Array, g: Array, input: Array) -> Array:
    s = sigmoid.kernel(input)
    return u * g * (s * (1 - s) * (2 + input * (1 - 2 * s)))


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    r"""y = x σ(x), also called swish. Elfwing, Uchibe and Doya, arXiv:1702.03118."""
    return applied(_silu, input, inplace)


# ---------------------------------------------------------------------- mish, hardswish, glu


@op(promote=only_floating)
def _mish(input: Array) -> Array:
    r"""y = x t, t = tanh(ln(1 + eˣ)).   dy/dx = t + x (1 − t²) σ(x)"""
    gate = softplus.kernel(input)
    np.tanh(gate, out=gate)
    gate *= input
    return gate


@_mish.vjp("input")
def _(g: Array, input: Array) -> Array:
    t = np.tanh(softplus.kernel(input))
    return g * (t + input * (1 - t * t) * sigmoid.kernel(input))


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    r"""y = x tanh(ln(1 + eˣ)). Misra, arXiv:1908.08681."""
    return applied(_mish, input, inplace)


@op(promote=only_floating)
def _hardswish(input: Array) -> Array:
    r"""y = x min(max(x + 3, 0), 6)/6.   dy/dx = 0 where x ≤ −3, x/3 + ½ between, 1 where x ≥ 3"""
    return input * np.clip(input + 3, 0, 6) / 6


@_hardswish.vjp("input")
def _(g: Array, input: Array) -> Array:
    inside = np.logical_and(input > -3, input < 3)
    return g * ((np.clip(input, -3, 3) / 3 + 0.5) * inside) + g * (input >= 3)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    r"""y = x relu6(x + 3)/6: silu with a gate of straight pieces. Howard et al., "MobileNetV3", arXiv:1905.02244."""
    return applied(_hardswish, input, inplace)


@op(promote=only_floating)
def glu(input: Array, dim: int = -1) -> Array:
    r"""y = a σ(b), where a and b are the halves of the input along `dim`.   ā = ȳ σ,   b̄ = ȳ a σ (1 − σ),   σ = σ(b)

    Dauphin, Fan, Auli and Grangier, arXiv:1612.08083. Raises RuntimeError if there are no halves.
    """
    if input.ndim == 0:
        raise ShapeError("glu does not support scalars because halving size must be even; unsqueeze the input.")
    size = input.shape[dim] if -input.ndim <= dim < input.ndim else 0
    if size % 2:
        raise ShapeError(f"Halving dimension must be even, but dimension {dim % input.ndim} is size {size}.")
    a, b = _halves(input, dim)
    y = sigmoid.kernel(b)
    y *= a
    return y


def _halves(x: Any, dim: int) -> tuple[Any, Any]:
    rank = len(x.shape)
    if not -rank <= dim < rank:
        raise np.exceptions.AxisError(dim, rank)
    half = x.shape[dim] // 2
    before = (slice(None),) * (dim % rank)
    return x[(*before, slice(0, half))], x[(*before, slice(half, None))]


@glu.vjp("input")
def _(g: Array, input: Array, dim: int) -> Array:
    a, b = _halves(input, dim)
    s = sigmoid.kernel(b)
    return np.concatenate([g * s, g * a * (s * (1 - s))], axis=dim)
