"""Activations with a kink or a bend at one point, on whose sides they go different ways: relu and its kin.

Where a sum has two halves, one for each side, neither needs a case: max(x, 0) is 0 on the left, min(x, 0) on the right.
(`np.where` on a random mask takes ten times as long.)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from byhand import tensor
from byhand.tensor import Tensor, op, rand_like
from byhand.tensor._graph import Array
from byhand.tensor._promotion import only_floating
from byhand.tensor._tensor import wrap

from ._checks import alike
from ._forms import applied

__all__ = [
    "celu", "celu_", "elu", "elu_", "hardtanh", "hardtanh_", "leaky_relu", "leaky_relu_", "prelu", "relu", "relu6",
    "relu_", "rrelu", "rrelu_", "selu", "selu_", "threshold", "threshold_",
]  # fmt: skip

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


# ---------------------------------------------------------------------- straight on both sides


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    r"""y = max(x, 0).   dy/dx = 1 where x > 0, else 0"""
    return input.relu_() if inplace else tensor.relu(input)


@op(promote=only_floating)
def _leaky_relu(input: Array, *, negative_slope: float) -> Array:
    r"""y = x where x > 0, else a x.   dy/dx = 1 or a"""
    return _sloped(input, negative_slope)


@_leaky_relu.vjp("input")
def _(g: Array, input: Array, negative_slope: float) -> Array:
    return _by_side(g, input, negative_slope)


def _sloped(x: Any, slope: Any) -> Any:
    """max(x, 0) + a min(x, 0)"""
    return x.clip(0, math.inf) + x.clip(-math.inf, 0) * slope


def _by_side(g: Any, x: Any, slope: Any) -> Any:
    """The gradient g where x > 0, and a g elsewhere."""
    above = x > 0
    return g * above + g * slope * np.logical_not(above)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    r"""y = x where x > 0, else a x, with the small slope a = `negative_slope`."""
    return applied(_leaky_relu, input, inplace, negative_slope=negative_slope)


@op(promote=alike)
def _prelu(input: Array, weight: Array) -> Array:
    r"""y = x where x > 0, else w x.   ∂y/∂x = 1 or w,   ∂y/∂w = 0 or x"""
    return _sloped(input, weight)


@_prelu.vjp("input")
def _(g: Array, input: Array, weight: Array) -> Array:
    return _by_side(g, input, weight)


@_prelu.vjp("weight")
def _(g: Array, input: Array) -> Array:
    return g * input * (input <= 0)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    r"""y = x where x > 0, else w x, with one learned slope w for all, or one for each channel (dimension 1).

    He, Zhang, Ren and Sun, "Delving deep into rectifiers", arXiv:1502.01852.
    Raises RuntimeError unless w holds one number or as many as there are channels, or for different dtypes.
    """
    if weight.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}")
    if weight.numel() != 1:
        if input.ndim == 0:
            raise RuntimeError("prelu: Not allow zero-dim input tensor with several weights; give a weight of one number")
        channels = input.shape[1] if input.ndim > 1 else 1
        if weight.numel() != channels:
            raise RuntimeError(
                f"prelu: Mismatch of parameter numbers and input channel size. Found parameter numbers = {weight.numel()} "
                f"and channel size = {channels}."
            )
    beside = (1, -1, *(1,) * (input.ndim - 2)) if input.ndim > 1 else (1,) * input.ndim
    return _prelu(input, weight.reshape(beside))


def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    r"""y = x where x > 0, else a x: in training each a is drawn from U(lower, upper), else it is their mean.

    Xu, Wang, Chen and Li, "Empirical evaluation of rectified activations", arXiv:1505.00853.
    Raises RuntimeError for bounds that are not finite or in the wrong order.
    """
    if not (math.isfinite(lower) and math.isfinite(upper)):
        raise RuntimeError(f"rrelu: both bounds must be finite, got {lower} and {upper}")
    if lower > upper:
        raise RuntimeError(f"Lower bound should be less than or equal to the upper bound, got {lower} and {upper}")
    if not training:
        return applied(_leaky_relu, input, inplace, negative_slope=(lower + upper) / 2)
    slopes = rand_like(input)._data * (upper - lower) + lower
    return applied(tensor.mul, input, inplace, other=wrap(np.where(input._data > 0, input._data.dtype.type(1), slopes)))


@op
def _hardtanh(input: Array, *, min_val: float, max_val: float) -> Array:
    r"""y = min(max(x, a), b).   dy/dx = 1 where a < x < b, else 0 (also at a and b, as in PyTorch)"""
    return np.clip(input, *[input.dtype.type(bound) for bound in (min_val, max_val)])


@_hardtanh.vjp("input")
def _(g: Array, input: Array, min_val: float, max_val: float) -> Array:
    return g * np.logical_and(input > min_val, input < max_val)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    r"""y = x, cut at `min_val` and `max_val`. Raises ValueError if they are in the wrong order."""
    if min_val > max_val:
        raise ValueError(f"min_val cannot be greater than max_val, got {min_val} and {max_val}")
    return applied(_hardtanh, input, inplace, min_val=min_val, max_val=max_val)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    r"""y = min(max(x, 0), 6)."""
    return hardtanh(input, 0.0, 6.0, inplace)


@op
def _threshold(input: Array, *, threshold: float, value: float) -> Array:
    r"""y = x where x > t, else v.   dy/dx = 1 or 0"""
    bound, value = input.dtype.type(threshold), input.dtype.type(value)
    return np.where(input <= bound, value, input)


@_threshold.vjp("input")
def _(g: Array, input: Array, threshold: float) -> Array:
    return g * np.logical_not(input <= threshold)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    r"""y = x where x > `threshold`, else `value`."""
    return applied(_threshold, input, inplace, threshold=threshold, value=value)


# ---------------------------------------------------------------------- bent on the left


@op(promote=only_floating)
def _elu(input: Array, *, alpha: float, scale: float, input_scale: float) -> Array:
    r"""y = s x where x > 0, else s α (e^{kx} − 1).   dy/dx = s, or s α k e^{kx}

    The exponential is taken of min(x, 0): where x is large it would overflow, and is not used.
    """
    left = input.clip(-math.inf, 0) * input_scale
    return np.expm1(left) * (alpha * scale) + input.clip(0, math.inf) * scale


@_elu.vjp("input")
def _(g: Array, input: Array, alpha: float, scale: float, input_scale: float) -> Array:
    left = np.exp(np.minimum(input, 0) * input_scale) * (alpha * scale * input_scale)
    return g * (left * (input <= 0)) + g * scale * (input > 0)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    r"""y = x where x > 0, else α (eˣ − 1). Clevert, Unterthiner and Hochreiter, arXiv:1511.07289."""
    return applied(_elu, input, inplace, alpha=alpha, scale=1.0, input_scale=1.0)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    r"""y = x where x > 0, else α (e^{x/α} − 1), whose slope has no jump for any α. Barron, arXiv:1704.07483.

    Raises RuntimeError for α = 0.
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return applied(_elu, input, inplace, alpha=alpha, scale=1.0, input_scale=1 / alpha)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    r"""y = s·elu(x, α), with s and α for which mean 0 and variance 1 are a fixed point. Klambauer et al., arXiv:1706.02515."""
    return applied(_elu, input, inplace, alpha=SELU_ALPHA, scale=SELU_SCALE, input_scale=1.0)


# ---------------------------------------------------------------------- in place


def relu_(input: Tensor) -> Tensor:
    """In-place form of `relu`."""
    return relu(input, inplace=True)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """In-place form of `leaky_relu`."""
    return leaky_relu(input, negative_slope, inplace=True)


def rrelu_(input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False) -> Tensor:
    """In-place form of `rrelu`."""
    return rrelu(input, lower, upper, training, inplace=True)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """In-place form of `hardtanh`."""
    return hardtanh(input, min_val, max_val, inplace=True)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """In-place form of `threshold`."""
    return applied(_threshold, input, True, threshold=threshold, value=value)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """In-place form of `elu`."""
    return elu(input, alpha, inplace=True)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """In-place form of `celu`."""
    return celu(input, alpha, inplace=True)


def selu_(input: Tensor) -> Tensor:
    """In-place form of `selu`."""
    return selu(input, inplace=True)
