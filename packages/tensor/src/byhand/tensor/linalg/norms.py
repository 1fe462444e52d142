"""Norms of vectors and of matrices, and the condition number, which is a quotient of norms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._dtypes import DType, as_dtype
from .._names import numpy_names
from .._tensor import Tensor, wrap
from ..ops.choices import where
from ..ops.norms import norm as vector_or_nuclear
from ..ops.pointwise import abs
from ..ops.reductions import Dim, amax, amin, axes, sum
from ..ops.shapes import in_range, reshape
from .inverses import inv, singular
from .singular import svdvals

__all__ = ["cond", "matrix_norm", "norm", "vector_norm"]


@numpy_names
def vector_norm(input: Tensor, ord: float = 2, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Return (Σ |x_i|ᵖ)^{1/p} with p = `ord` over `dim` (all elements, if None): ∞ gives max |x_i|, −∞ the least, 0 how many ≠ 0.

    With `dtype` the input is converted first. Raises RuntimeError for integers and for a narrower dtype; for a largest or
    smallest of nothing too.
    """
    input = _floating("vector_norm", input, dtype)
    if (ord < 0 or math.isinf(ord)) and not input._data.size:
        _check_not_empty(input, dim, ord)
    return vector_or_nuclear(input, float(ord), axes(dim) if dim is not None else None, keepdim)


def _check_not_empty(input: Tensor, dim: Dim, ord: float) -> None:
    """Raise RuntimeError where the norm of no elements is asked for and has no value."""
    dims = range(input._data.ndim) if dim is None or dim == () or dim == [] else (dim,) if isinstance(dim, int) else dim
    if any(input._data.shape[d] == 0 for d in dims):
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {ord} norm on the dimensions {dim} of shape {tuple(input.shape)}: there is "
            "nothing in them, and this norm of nothing has no value"
        )


def _floating(name: str, input: Tensor, dtype: Any) -> Tensor:
    """The input in `dtype`, once it is sure that both are floating and none is lost."""
    if input._data.dtype.kind != "f":
        raise RuntimeError(f"linalg.{name}: Expected a floating point or complex tensor as input. Got {input.dtype}")
    if dtype is None:
        return input
    wanted: DType = as_dtype(dtype)
    if wanted.kind != "f" or wanted.itemsize < input._data.itemsize:
        raise RuntimeError(f"linalg.{name}: the input ({input.dtype}) should be convertible without narrowing to {wanted}")
    return input.to(wanted)  # type: ignore[no-any-return]


@numpy_names
def matrix_norm(
    input: Tensor, ord: float | str = "fro", dim: tuple[int, int] = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """Return a norm of the matrices that two dimensions make.

    "fro": √Σ a_ij²; "nuc": Σ σ_k; 2 and −2: the largest and the smallest σ_k; 1 and −1: of Σ_i |a_ij|; ∞ and −∞: of Σ_j |a_ij|.
    Raises RuntimeError for any other, for fewer than two dimensions, and for integers.
    """
    input = _floating("matrix_norm", input, dtype)
    if input._data.ndim < 2 or isinstance(dim, int) or len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: needs a matrix and dim, a 2-tuple, but got {tuple(input.shape)} and dim={dim}")
    rows, columns = (in_range(d, input._data.ndim) for d in dim)
    if rows == columns:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got {dim}")
    if ord == "fro":
        return vector_norm(input, 2, (rows, columns), keepdim)
    if ord == "nuc":
        return vector_or_nuclear(input, "nuc", (rows, columns), keepdim)
    if isinstance(ord, str) or math.fabs(ord) not in (1, 2, math.inf):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported; it is 'fro', 'nuc', 1, -1, 2, -2, inf or -inf")
    if math.fabs(ord) == 2:
        return _kept(_extreme(svdvals(input.movedim((rows, columns), (-2, -1))), -1, ord), input, (rows, columns), keepdim)
    summed, over = (rows, columns) if math.fabs(ord) == 1 else (columns, rows)
    return _kept(_extreme(sum(abs(input), summed, True), over, ord), input, (rows, columns), keepdim)


def _extreme(sizes: Tensor, dim: int, ord: float) -> Tensor:
    """The largest along `dim` if `ord` is positive (of none: 0), else the smallest (of none: IndexError)."""
    if ord < 0:
        return amin(sizes, dim)
    return amax(sizes, dim) if sizes._data.shape[dim] else sum(sizes, dim)


def _kept(result: Tensor, input: Tensor, gone: tuple[int, int], keepdim: bool) -> Tensor:
    """The result, with or without dimensions of size 1 in the place of those that are gone."""
    shape = [1 if d in gone else size for d, size in enumerate(input._data.shape) if keepdim or d not in gone]
    return reshape(result, shape)


@numpy_names
def norm(
    input: Tensor, ord: float | str | None = None, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """Return `vector_norm` or `matrix_norm`: of matrices if `dim` names two dimensions, or if `ord` is given for a 2-d input.

    Without `ord`, the 2-norm of all elements in `dim`. Raises RuntimeError if `ord` is given, but not `dim`, beyond 2-d.
    """
    if ord is None:
        return vector_norm(input, 2, dim, keepdim, dtype=dtype)
    if dim is None and input._data.ndim not in (1, 2):
        raise RuntimeError(f"linalg.norm: If dim is not given but ord is, the input must be 1D or 2D, not {input._data.ndim}D.")
    pair = (0, 1) if dim is None and input._data.ndim == 2 else dim
    if not isinstance(pair, int) and pair is not None and len(pair) == 2:
        return matrix_norm(input, ord, (pair[0], pair[1]), keepdim, dtype=dtype)
    if isinstance(ord, str):
        raise RuntimeError(f"linalg.norm: the norm {ord!r} is one of matrices: dim must name two dimensions, got {dim}")
    return vector_norm(input, ord, dim, keepdim, dtype=dtype)


def cond(input: Tensor, p: float | str | None = None) -> Tensor:
    """Return ‖A‖ ‖A⁻¹‖ in the norm `p` of `matrix_norm`; by default, and for 2 (−2), σ₁/σ_k (σ_k/σ₁). ∞ for singular matrices.

    Raises RuntimeError below 2-d, and for the other norms unless the matrices are square.
    """
    if p is None or p in (2, -2):
        values = svdvals(input)
        first, last = values[..., 0], values[..., -1]
        return last / first if p == -2 else first / last
    no_inverse = wrap(singular(input._data))
    unit = wrap(np.eye(input._data.shape[-1], dtype=input._data.dtype))  # stands in, so that the others can be inverted
    regular = where(no_inverse[..., None, None], unit, input) if no_inverse._data.any() else input
    result = matrix_norm(input, p) * matrix_norm(inv(regular), p)
    return result.masked_fill(no_inverse, math.inf)  # type: ignore[no-any-return]
