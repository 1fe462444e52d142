r"""The three ops of convolution, each the other two's rule, for any number of dimensions.

With input x, weight w and output y, windows at p, taps at k, and the position q = s p + d k − π over which a tap stands
(stride s, dilation d, padding π; x is zero outside), everything follows from one number that is linear in each of three arrays:

    T(x, w, ȳ) = Σ_{n,o,c,p,k} ȳ_{n,o,p} w_{o,c,k} x_{n,c,sp+dk−π}

    y = ∂T/∂ȳ = convolution(x, w)          x̄ = ∂T/∂x = data_gradient(ȳ, w)          w̄ = ∂T/∂w = weight_gradient(x, ȳ)

Each is linear in both of its arguments. So the gradients of y(x, w), for an upstream gradient ȳ, are ∂T/∂x and ∂T/∂w. Those of
x̄(ȳ, w), for an upstream gradient u in the place of x, are ∂T/∂ȳ = convolution(u, w) and ∂T/∂w = weight_gradient(u, ȳ). Those of
w̄(x, ȳ), for an upstream gradient v in the place of w, are data_gradient(ȳ, v) and convolution(x, v). The three are closed under
differentiation, to every order. A transposed convolution is `data_gradient` used forwards.

With G groups, the channels c of group i meet the outputs o of group i alone, and w has the shape (O, C/G, *K). Each op is told
how large its result is: with strides several sizes lead to the same.
"""

from __future__ import annotations

import math

import numpy as np
from byhand.tensor import op
from byhand.tensor._graph import Array, Shape

from . import _correlation as kernels
from ._checks import alike
from ._patches import Geometry

__all__ = ["convolution", "data_gradient", "weight_gradient"]


def _over_all_but_channels(g: Array) -> Array:
    """Σ_{n,p} g_{n,o,p} as a product with ones: faster than a sum, and channels last in memory need no copy."""
    samples, channels, *sizes = g.shape
    rows = np.reshape(np.moveaxis(g, 1, -1), (samples * math.prod(sizes), channels))
    return np.matmul(np.ones(rows.shape[0], g.dtype), rows)


@op(promote=alike)
def convolution(input: Array, weight: Array, bias: Array | None = None, *, count: Shape, at: Geometry) -> Array:
    """y_{n,o,p} = b_o + Σ_{c,k} x_{n,c,sp+dk−π} w_{o,c,k}   ⇒   b̄_o = Σ_{n,p} ȳ_{n,o,p}"""
    return kernels.correlate(input, weight, bias, count, at)


@convolution.vjp("input")
def _(g: Array, weight: Array, shape: Shape, at: Geometry) -> Array:
    return data_gradient.kernel(g, weight, sizes=shape[2:], at=at)


@convolution.vjp("weight")
def _(g: Array, input: Array, shape: Shape, at: Geometry) -> Array:
    return weight_gradient.kernel(input, g, kernel=shape[2:], at=at)


@convolution.vjp("bias")
def _(g: Array) -> Array:
    return _over_all_but_channels(g)


@op(promote=alike)
def data_gradient(gradient: Array, weight: Array, bias: Array | None = None, *, sizes: Shape, at: Geometry) -> Array:
    """x̄_{n,c,q} = b_c + Σ_{o,p,k: sp+dk−π=q} ȳ_{n,o,p} w_{o,c,k}   ⇒   b̄_c = Σ_{n,q} u_{n,c,q}"""
    return kernels.data_gradient(gradient, weight, bias, sizes, at)


@data_gradient.vjp("gradient")
def _(g: Array, weight: Array, shape: Shape, at: Geometry) -> Array:
    return convolution.kernel(g, weight, count=shape[2:], at=at)


@data_gradient.vjp("weight")
def _(g: Array, gradient: Array, shape: Shape, at: Geometry) -> Array:
    return weight_gradient.kernel(g, gradient, kernel=shape[2:], at=at)


@data_gradient.vjp("bias")
def _(g: Array) -> Array:
    return _over_all_but_channels(g)


@op(promote=alike)
def weight_gradient(input: Array, gradient: Array, *, kernel: Shape, at: Geometry) -> Array:
    """w̄_{o,c,k} = Σ_{n,p} x_{n,c,sp+dk−π} ȳ_{n,o,p}"""
    return kernels.weight_gradient(input, gradient, kernel, at)


@weight_gradient.vjp("input")
def _(g: Array, gradient: Array, shape: Shape, at: Geometry) -> Array:
    return data_gradient.kernel(gradient, g, sizes=shape[2:], at=at)


@weight_gradient.vjp("gradient")
def _(g: Array, input: Array, shape: Shape, at: Geometry) -> Array:
    return convolution.kernel(input, g, count=shape[2:], at=at)
