"""The bilinear map of two inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from byhand.tensor import op
from byhand.tensor._errors import ShapeError
from byhand.tensor._graph import Array, Shape

from ._checks import alike

__all__ = ["bilinear"]


def _rows(x: Any) -> Any:
    """All leading dimensions as one."""
    return np.reshape(x, (-1, x.shape[-1]))


def _half(x: Any, weight: Any, contracted: int) -> Any:
    """Σ_i x_ni W_oij (contracted = 1) or Σ_j x_nj W_oij (contracted = 2), as one product:   → (n, o, the other size)."""
    inner = np.moveaxis(weight, contracted, 0)
    product = np.matmul(_rows(x), np.reshape(inner, (inner.shape[0], -1)))
    return np.reshape(product, (-1, weight.shape[0], weight.shape[3 - contracted]))


@op(promote=alike)
def bilinear(input1: Array, input2: Array, weight: Array, bias: Array | None = None) -> Array:
    r"""Y_no = Σ_ij A_ni W_oij B_nj + c_o:   (*, I), (*, J), (O, I, J), (O) → (*, O).

        Ā_ni = Σ_o Ȳ_no (Σ_j W_oij B_nj),   B̄_nj = Σ_o Ȳ_no (Σ_i A_ni W_oij),   W̄_oij = Σ_n Ȳ_no A_ni B_nj,   c̄_o = Σ_n Ȳ_no

    All leading dimensions are rows n. Raises RuntimeError for shapes that do not fit and for different dtypes.
    """
    _check(input1, input2, weight, bias)
    out = np.matmul(_half(input1, weight, 1), _rows(input2)[:, :, None])[:, :, 0]
    if bias is not None:
        out += bias
    return np.reshape(out, (*input1.shape[:-1], weight.shape[0]))


@bilinear.vjp("input1")
def _(g: Any, input2: Any, weight: Any, shape: Shape) -> Any:
    return np.reshape(np.matmul(np.expand_dims(_rows(g), 1), _half(input2, weight, 2)), shape)


@bilinear.vjp("input2")
def _(g: Any, input1: Any, weight: Any, shape: Shape) -> Any:
    return np.reshape(np.matmul(np.expand_dims(_rows(g), 1), _half(input1, weight, 1)), shape)


@bilinear.vjp("weight")
def _(g: Any, input1: Any, input2: Any, shape: Shape) -> Any:
    pairs = np.expand_dims(_rows(g), 2) * np.expand_dims(_rows(input1), 1)  # (n, o, i)
    return np.reshape(np.matmul(np.swapaxes(np.reshape(pairs, (-1, shape[0] * shape[1])), 0, 1), _rows(input2)), shape)


@bilinear.vjp("bias")
def _(g: Any) -> Any:
    return g  # summed to its shape by the engine


def _check(input1: Array, input2: Array, weight: Array, bias: Array | None) -> None:
    if weight.ndim != 3 or not input1.ndim or not input2.ndim:
        raise ShapeError(f"the weight must have the shape (out, in1, in2), not {weight.shape}, and both inputs a dimension.")
    if input1.shape[:-1] != input2.shape[:-1]:
        raise ShapeError(f"the inputs' shapes {input1.shape} and {input2.shape} must agree in all dimensions but the last.")
    for name, x, size in (("input1", input1, weight.shape[1]), ("input2", input2, weight.shape[2])):
        if x.shape[-1] != size:
            raise ShapeError(f"{name} size does not match weight size: got {x.shape[-1]} but expected {size}.")
    if bias is not None and bias.shape != (weight.shape[0],):
        raise ShapeError(f"bias size does not match weight size: got {bias.shape} but expected ({weight.shape[0]},).")
