"""The affine map of a fully connected layer."""

from __future__ import annotations

import math

import numpy as np
from byhand.tensor import op
from byhand.tensor._errors import ShapeError
from byhand.tensor._graph import Array, Shape
from byhand.tensor._sums import over_rows

from ._checks import alike

__all__ = ["linear"]


@op(promote=alike)
def linear(input: Array, weight: Array, bias: Array | None = None) -> Array:
    r"""Y = X Wᵀ + b:   (*, in), (out, in), (out) → (*, out).

    Y_no = Σ_i X_ni W_oi + b_o   ⇒   X̄ = Ȳ W,   W̄_oi = Σ_n Ȳ_no X_ni, that is W̄ = Ȳᵀ X,   b̄_o = Σ_n Ȳ_no

    All leading dimensions are rows n of one matrix, so each product is one GEMM.
    Raises RuntimeError for sizes that do not fit and for different dtypes.
    """
    if weight.ndim not in (1, 2) or not input.ndim or input.shape[-1] != weight.shape[-1]:
        raise ShapeError(
            f"mat1 and mat2 shapes cannot be multiplied ({input.shape} and the transpose of {weight.shape}): the last size "
            f"of the input must be the layer's in_features, {weight.shape[-1] if weight.ndim else 'of a matrix'}."
        )
    if bias is not None and bias.shape not in (weight.shape[:-1], (1,), ()):
        raise ShapeError(f"the bias has shape {bias.shape}; it must be {weight.shape[:-1]}, one number for each output.")
    out = (input if input.ndim == 2 else _rows(input)).dot(weight.T)
    if bias is not None:
        out += bias
    return out if input.ndim == 2 else out.reshape(*input.shape[:-1], *weight.shape[:-1])


@linear.vjp("input")
def _(g: Array, weight: Array) -> Array:
    if len(weight.shape) == 1:
        return np.expand_dims(g, -1) * weight
    return np.dot(g, weight) if len(g.shape) == 2 else np.dot(_rows(g), weight).reshape(*g.shape[:-1], weight.shape[1])


@linear.vjp("weight")
def _(g: Array, input: Array) -> Array:
    if len(g.shape) < len(input.shape):  # the weight is a vector
        return np.matmul(g.reshape(-1), _rows(input))
    return np.dot(_rows(g).T, _rows(input))


@linear.vjp("bias")
def _(g: Array, shape: Shape) -> Array:
    return over_rows(_rows(g)) if shape == g.shape[-1:] else g  # else the engine sums it to its shape


def _rows(x: Array) -> Array:
    """All vectors of the last dimension below each other, as one matrix."""
    return x if len(x.shape) == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
