"""Powers of a matrix, and products of many in the cheapest order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._tensor import Tensor, wrap
from ..ops.choices import where
from ..ops.products import matmul
from .inverses import inv

__all__ = ["matrix_power", "multi_dot"]


def matrix_power(A: Tensor, n: int) -> Tensor:
    """Return Aⁿ by repeated squaring; for negative n, that of the inverse. Raises LinAlgError if it does not exist."""
    if A._data.ndim < 2 or A._data.shape[-1] != A._data.shape[-2]:
        raise RuntimeError(f"linalg.matrix_power: A must be batches of square matrices, but its shape is {tuple(A.shape)}")
    if n == 0:
        return where(wrap(np.asarray(False)), A, wrap(np.eye(A._data.shape[-1], dtype=A._data.dtype)))  # type: ignore[return-value]
    square, left = (inv(A), -n) if n < 0 else (A, n)
    power = None
    while left:
        if left % 2:
            power = square if power is None else matmul(power, square)
        left //= 2
        square = matmul(square, square) if left else square
    assert power is not None
    return power.clone() if power is A else power


def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """Return the product of two or more matrices in the cheapest order; the first and the last may be vectors.

    The cost of each stretch of factors is the least over the places at which it can be cut (Cormen et al., 15.2).
    Raises RuntimeError for fewer than two factors, or if their sizes do not fit.
    """
    factors = list(tensors)
    if len(factors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(factors)}")
    ends = (0, len(factors) - 1)
    for i, t in enumerate(factors):
        if t._data.ndim != 2 and not (i in ends and t._data.ndim == 1):
            raise RuntimeError(f"multi_dot(): tensor {i} must be a matrix (the ends may be vectors), not {t._data.ndim}-D")
    shapes = [t._data.shape for t in factors]
    sizes = [shapes[0][0] if len(shapes[0]) > 1 else 1, *[shape[0] for shape in shapes[1:]], (*shapes[-1], 1)[1]]
    return _chained(factors, 0, len(factors), _cheapest(sizes))


def _cheapest(sizes: list[int]) -> dict[tuple[int, int], int]:
    """For each stretch i … j of factors, of which factor k is sizes[k] × sizes[k + 1], the best place to cut it."""
    count = len(sizes) - 1
    cost = {(i, i + 1): 0 for i in range(count)}
    cuts = {}
    for length in range(2, count + 1):
        for i in range(count - length + 1):
            j = i + length
            cost[i, j], cuts[i, j] = min((cost[i, k] + cost[k, j] + sizes[i] * sizes[k] * sizes[j], k) for k in range(i + 1, j))
    return cuts


def _chained(factors: list[Tensor], i: int, j: int, cuts: dict[tuple[int, int], int]) -> Tensor:
    if j - i == 1:
        return factors[i]
    return matmul(_chained(factors, i, cuts[i, j], cuts), _chained(factors, cuts[i, j], j, cuts))
