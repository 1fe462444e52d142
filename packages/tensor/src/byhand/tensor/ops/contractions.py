"""Products of vectors, matrices and tensors. All of them come down to `matmul`, and so do their gradients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._errors import ShapeError
from .._graph import Array
from .._op import op
from .._promotion import same
from .._tensor import Tensor
from .pointwise import add, mul
from .products import matmul
from .reductions import sum
from .shapes import in_range, permute, reshape, unsqueeze

__all__ = [
    "addbmm", "addmm", "addmv", "addr", "baddbmm", "bmm", "cross", "dot", "ger", "inner", "kron", "mm", "mv", "outer",
    "tensordot", "vdot",
]  # fmt: skip

IN_PLACE = ("addbmm", "addmm", "addmv", "addr", "baddbmm")


def _ranks(name: str, tensors: Sequence[Tensor], ranks: Sequence[int]) -> None:
    """Raise RuntimeError unless each tensor has its number of dimensions."""
    for i, (tensor, rank) in enumerate(zip(tensors, ranks, strict=True), 1):
        if tensor._data.ndim != rank:
            raise RuntimeError(f"{name}: argument {i} must be {rank}-D, but it has shape {tuple(tensor.shape)}")


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """Return the product A B of two matrices. Raises RuntimeError for other numbers of dimensions; see `matmul`."""
    _ranks("mm", (input, mat2), (2, 2))
    return matmul(input, mat2)


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """Return the products A_b B_b of two batches of matrices, (b, n, m) and (b, m, p)."""
    _ranks("bmm", (input, mat2), (3, 3))
    if len(input._data) != len(mat2._data):
        raise RuntimeError(f"bmm: the batches differ in size: {len(input._data)} and {len(mat2._data)}")
    return matmul(input, mat2)


def mv(input: Tensor, vec: Tensor) -> Tensor:
    """Return the product A x of a matrix and a vector."""
    _ranks("mv", (input, vec), (2, 1))
    return matmul(input, vec)


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """Return Σ_i x_i y_i for two vectors. Raises RuntimeError for others, or for different sizes or dtypes."""
    _ranks("dot", (input, tensor), (1, 1))
    return matmul(input, tensor)


def vdot(input: Tensor, other: Tensor) -> Tensor:
    """Return Σ_i x̄_i y_i for two vectors: for real numbers, `dot`."""
    return dot(input, other)


def inner(input: Tensor, other: Tensor) -> Tensor:
    """Return the sums of products over the last dimension of both: y_{i…j…} = Σ_k a_{i…k} b_{j…k}; numbers just scale."""
    if not (input._data.ndim and other._data.ndim):
        return mul(input, other)
    if input._data.shape[-1] != other._data.shape[-1]:
        raise RuntimeError(f"inner(): the last dimension must match, but got {list(input.shape)} and {list(other.shape)}")
    return tensordot(input, other, ([-1], [-1]))


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Return the matrix x_i y_j of two vectors."""
    _ranks("outer", (input, vec2), (1, 1))
    return mul(unsqueeze(input, 1), vec2)


def _added(name: str, input: Tensor, product: Tensor, beta: float, alpha: float) -> Tensor:
    """β A + α P; where β = 0, A plays no part, not even its nan."""
    if input._data.dtype != product._data.dtype:
        raise RuntimeError(f"{name}: self and the factors must have the same dtype, but got {input.dtype} and {product.dtype}")
    if product._data.dtype.kind in "iub":  # as PyTorch does: the fraction falls away
        beta, alpha = (product._data.dtype.type(c) for c in (beta, alpha))
    if alpha != 1:
        product = mul(product, alpha)
    if beta == 0:
        return product + input.new_zeros(input.shape)  # type: ignore[no-any-return]
    result = add(input if beta == 1 else mul(input, beta), product)
    if result._data.shape != product._data.shape:
        raise RuntimeError(f"{name}: {list(input.shape)} does not broadcast to the product's shape {list(product.shape)}")
    return result


def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """Return β M + α A B, M broadcast."""
    return _added("addmm", input, mm(mat1, mat2), beta, alpha)


def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """Return β y + α A x, y broadcast."""
    return _added("addmv", input, mv(mat, vec), beta, alpha)


def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """Return β M + α x yᵀ, M broadcast; dtypes are promoted."""
    product = outer(vec1, vec2)
    if input.dtype.kind in "iub" and any(isinstance(c, float) for c in (beta, alpha)):
        raise RuntimeError("addr: for integral input tensors, beta and alpha must not be floating point numbers")
    dtype = np.result_type(input.dtype, product.dtype)
    return _added("addr", input.to(dtype), product.to(dtype), beta, alpha)


def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """Return β M_b + α A_b B_b, M broadcast."""
    return _added("baddbmm", input, bmm(batch1, batch2), beta, alpha)


def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """Return β M + α Σ_b A_b B_b, M broadcast."""
    product = sum(bmm(batch1, batch2), 0)
    return _added("addbmm", input, product.to(batch1.dtype), beta, alpha)


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """Return the sums of products over dimensions of both: the last `dims` of a and the first of b, or the two lists given.

    Both become matrices, so that it is one product. Raises RuntimeError if the sizes differ.
    """
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0 or dims > min(a._data.ndim, b._data.ndim):
            raise RuntimeError(f"tensordot expects 0 <= dims <= the rank of both tensors, but got dims={dims}")
        dims = (range(a._data.ndim - dims, a._data.ndim), range(dims))
    summed_a, summed_b = ([in_range(d, t._data.ndim) for d in ds] for t, ds in zip((a, b), dims, strict=True))
    a, b = _summed_beside_ones(a, summed_a, b, summed_b), _summed_beside_ones(b, summed_b, a, summed_a)
    sizes = [a._data.shape[d] for d in summed_a]
    if sizes != [b._data.shape[d] for d in summed_b]:
        raise RuntimeError(
            f"contracted dimensions need to match, but got {list(a.shape)} along {summed_a} and {list(b.shape)} along {summed_b}"
        )
    free_a = [d for d in range(a._data.ndim) if d not in summed_a]
    free_b = [d for d in range(b._data.ndim) if d not in summed_b]
    shape = [a._data.shape[d] for d in free_a] + [b._data.shape[d] for d in free_b]
    left, inside = math.prod(shape[: len(free_a)]), math.prod(sizes)
    rows = reshape(permute(a, free_a + summed_a), left, inside)
    columns = reshape(permute(b, summed_b + free_b), inside, math.prod(shape[len(free_a) :]))
    return reshape(matmul(rows, columns), shape)


def _summed_beside_ones(a: Tensor, of_a: list[int], b: Tensor, of_b: list[int]) -> Tensor:
    """a, summed over the dimensions whose partner in b has size 1: there b is broadcast."""
    gone = [d for d, partner in zip(of_a, of_b, strict=True) if b._data.shape[partner] == 1 != a._data.shape[d]]
    return sum(a, gone, True, dtype=a.dtype) if gone else a


def kron(input: Tensor, other: Tensor) -> Tensor:
    """Return Kronecker's product, y_{i n + k} = a_i b_k along each dimension: each element of `input` times all of `other`."""
    rank = max(input._data.ndim, other._data.ndim)
    a, b = ((1,) * (rank - t._data.ndim) + t._data.shape for t in (input, other))
    left = reshape(input, [size for n in a for size in (n, 1)])
    right = reshape(other, [size for n in b for size in (1, n)])
    return reshape(mul(left, right), [m * n for m, n in zip(a, b, strict=True)])


@op(promote=same)
def _cross(input: Array, other: Array, *, dim: int) -> Array:
    r"""y = a × b.   ⟨ȳ, da × b⟩ = ⟨b × ȳ, da⟩, ⟨ȳ, a × db⟩ = ⟨ȳ × a, db⟩   ⇒   ā = b × ȳ,   b̄ = ȳ × a"""
    if input.shape[dim] != 3 or other.shape[dim] != 3:
        raise ShapeError(f"inputs dimension {dim} must have length 3, got {input.shape[dim]} and {other.shape[dim]}.")
    return np.cross(input, other, axis=dim)


@_cross.vjp("input")
def _(g: Array, other: Array, dim: int) -> Array:
    return _cross.kernel(other, g, dim=dim)


@_cross.vjp("other")
def _(g: Array, input: Array, dim: int) -> Array:
    return _cross.kernel(g, input, dim=dim)


def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """Return the cross product of vectors along `dim` (the first dimension of size 3, if None), broadcast over the others."""
    if input._data.ndim != other._data.ndim:
        raise RuntimeError(f"cross: inputs must have equally many dimensions, got {input._data.ndim} and {other._data.ndim}")
    if dim is None:
        dim = next((d for d, size in enumerate(input._data.shape) if size == 3), None)
        if dim is None:
            raise RuntimeError(f"no dimension of size 3 in input, shape {tuple(input.shape)}")
    return _cross(input, other, dim=in_range(dim, input._data.ndim) - input._data.ndim)


# PyTorch's other name
ger = outer
