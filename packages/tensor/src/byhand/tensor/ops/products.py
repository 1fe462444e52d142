"""Matrix products, of every rank and with broadcasting."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._errors import ShapeError
from .._graph import Array, Shape
from .._op import op

__all__ = ["matmul"]


def _alike(args: list[Any], _: dict[str, Any]) -> list[Any]:
    """PyTorch does not mix dtypes in products; neither do we."""
    dtypes = [a.dtype for a in args if hasattr(a, "dtype")]
    if len(set(dtypes)) > 1:
        names = " and ".join(map(str, dtypes))
        raise RuntimeError(f"expected all matrices of a product to have the same dtype, but got {names}; convert one of them")
    return args


@op(promote=_alike)
def matmul(input: Array, other: Array) -> Array:
    r"""Y = A B over the last two dimensions, broadcast over the others; a vector is a row on the left, a column on the right.

    Y_ij = Σ_k A_ik B_kj   ⇒   Ā_ik = Σ_j Ȳ_ij B_kj, B̄_kj = Σ_i A_ik Ȳ_ij, that is   Ā = Ȳ Bᵀ,   B̄ = Aᵀ Ȳ

    Raises RuntimeError for 0-d inputs, for sizes that do not fit, and for different dtypes.
    """
    if not (isinstance(input, np.ndarray) and isinstance(other, np.ndarray)):
        raise TypeError("both factors of a matrix product must be Tensors; use mul for numbers")
    if input.dtype == bool:
        raise NotImplementedError("matrix products are not implemented for bool; convert with int() or float() first")
    if input.ndim == 0 or other.ndim == 0:
        raise ShapeError("both arguments to matmul need to be at least 1D; use mul for numbers.")
    if input.shape[-1] != other.shape[-2 if other.ndim > 1 else 0]:
        raise ShapeError(
            f"mat1 and mat2 shapes cannot be multiplied ({input.shape} and {other.shape}): the last size of the first, "
            f"{input.shape[-1]}, must equal the {'last but one of the ' if other.ndim > 1 else ''}second, "
            f"{other.shape[-2 if other.ndim > 1 else 0]}."
        )
    if input.ndim == other.ndim == 2:
        return input.dot(other)  # as np.matmul, in a third of the time for small matrices
    if input.ndim > 2 and other.ndim == 2:  # one large product instead of many small ones
        return np.matmul(_rows(input), other).reshape(*input.shape[:-1], other.shape[-1])
    return np.matmul(input, other)


@matmul.vjp("input")
def _(g: Array, shape: Shape, other: Array) -> Array:
    if len(shape) == len(other.shape) == 2:
        return np.dot(g, other.T)
    if len(other.shape) == 1:
        return np.expand_dims(g, -1) * other
    if len(shape) == 1:
        g = np.expand_dims(g, -2)
        return np.squeeze(np.matmul(g, np.swapaxes(other, -1, -2)), -2)
    return np.matmul(g, np.swapaxes(other, -1, -2))


@matmul.vjp("other")
def _(g: Array, input: Array, shape: Shape) -> Array:
    if len(shape) == len(input.shape) == 2:
        return np.dot(input.T, g)
    if len(shape) == 1:
        return np.expand_dims(g, -1) * input
    if len(input.shape) == 1:
        return np.expand_dims(input, -1) * np.expand_dims(g, -2)
    if len(shape) == 2 and len(input.shape) > 2:  # sum over the batch inside one product
        return np.matmul(np.swapaxes(_rows(input), 0, 1), _rows(g))
    return np.matmul(np.swapaxes(input, -1, -2), g)


def _rows(batch: Array) -> Array:
    """All matrices of a batch below each other, as one."""
    return np.reshape(batch, (math.prod(batch.shape[:-1]), batch.shape[-1]))
