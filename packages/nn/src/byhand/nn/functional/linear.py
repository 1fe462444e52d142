"""The affine map of a fully connected layer."""

from __future__ import annotations

import numpy as np
from byhand.tensor import op
from byhand.tensor._errors import ShapeError
from byhand.tensor._graph import Array

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
    rows = input if input.ndim == 2 else np.reshape(input, (-1, input.shape[-1]))
    out = np.matmul(rows, weight.T)
    if bias is not None:
        out += bias
    return out if input.ndim == 2 else np.reshape(out, (*input.shape[:-1], *weight.shape[:-1]))


@linear.vjp("input")
def _(g: Array, weight: Array) -> Array:
    return np.matmul(g, weight) if len(weight.shape) == 2 else np.expand_dims(g, -1) * weight


@linear.vjp("weight")
def _(g: Array, input: Array, shape: tuple[int, ...]) -> Array:
    rows = np.reshape(input, (-1, input.shape[-1]))
    upstream = np.reshape(g, (rows.shape[0], *shape[:-1]))
    return np.matmul(np.swapaxes(upstream, 0, -1), rows) if len(shape) == 2 else np.matmul(upstream, rows)


@linear.vjp("bias")
def _(g: Array, shape: tuple[int, ...]) -> Array:
    if len(g.shape) != 2 or shape != g.shape[1:]:
        return g  # summed to its shape by the engine
    return np.matmul(np.ones(g.shape[0], g.dtype), g)  # Σ_n as a product: faster than a sum over the first dimension
