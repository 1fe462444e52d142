"""Products of vectors, diagonals, and matrices made of powers."""

from __future__ import annotations

import numpy as np

from .._tensor import Tensor
from ..ops.contractions import _cross
from ..ops.diagonals import diagonal as diagonal_of
from ..ops.pointwise import mul
from ..ops.rearranging import atleast_1d
from ..ops.reductions import sum
from ..ops.scans import cumprod
from ..ops.shapes import cat, expand, unsqueeze

__all__ = ["cross", "diagonal", "vander", "vecdot"]


def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """Return the cross product of vectors of three numbers along `dim`, broadcast over the others."""
    if input._data.ndim != other._data.ndim:
        raise RuntimeError(
            f"linalg.cross: inputs must have the same number of dimensions, got {input._data.ndim} and {other._data.ndim}"
        )
    return _cross(input, other, dim=dim)


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """Return Σ x_i y_i along `dim`, broadcast over the others. Raises RuntimeError if the dtypes differ."""
    if x._data.dtype != y._data.dtype:
        raise RuntimeError(f"linalg.vecdot: Expected x and y to have the same dtype, but got {x.dtype} and {y.dtype}")
    return sum(mul(x, y), dim)


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Return the diagonals of matrices as the last dimension of a view, as `torch.diagonal` of the last two dimensions."""
    return diagonal_of(A, offset, dim1, dim2)


def vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """Return Vandermonde's matrix: in row i, x_i⁰, x_i¹, … x_iᴺ⁻¹ (as many as there are x, if N is None).

    Raises RuntimeError if N is less than 1, and for 0-d without N.
    """
    size = x._data.shape[-1] if N is None and x._data.ndim else N
    if size is None or size < 1:
        raise RuntimeError(f"linalg.vander: needs N >= 1, and a vector if N is None; got shape {tuple(x.shape)} and N={N}")
    x = atleast_1d(x)
    ones = x.new_ones((*x._data.shape, 1), dtype=np.int64 if x._data.dtype.kind in "bui" else None)
    powers = cumprod(expand(unsqueeze(x, -1), (*x._data.shape, size - 1)), -1)
    return cat([ones, powers], -1)
