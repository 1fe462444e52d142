"""Powers of a matrix, its exponential, and products of many matrices in the cheapest order."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .._tensor import Tensor, wrap
from ..ops.choices import where
from ..ops.products import matmul
from .inverses import inv, solve

__all__ = ["matrix_exp", "matrix_power", "multi_dot"]


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


# Coefficients of Padé's approximation p₁₃(A)/p₁₃(−A) of e^A, right to float64's last digits for ‖A‖₁ ≤ 5.4 (Higham, 2005).
_PADE = [math.comb(13, k) * math.factorial(26 - k) / math.factorial(26) for k in range(14)]
_PADE_RADIUS = 5.4


def matrix_exp(input: Tensor) -> Tensor:
    """Return e^A = Σ Aᵏ/k!, by Padé's approximation of e^{A/2ˢ}, squared s times (N. J. Higham, 2005).

    Raises RuntimeError unless A is a batch of square floating matrices.
    """
    a = input._data
    if a.ndim < 2 or a.shape[-1] != a.shape[-2] or a.dtype.kind != "f":
        raise RuntimeError(f"linalg.matrix_exp: A must be batches of square floating matrices, got {a.shape} {a.dtype}")
    if a.dtype != np.float64:  # squaring doubles errors
        return matrix_exp(input.double()).to(a.dtype)  # type: ignore[no-any-return]
    size = float(np.abs(a).sum(-2).max(initial=0))
    squarings = max(0, math.ceil(math.log2(size / _PADE_RADIUS))) if 0 < size < math.inf else 0
    scaled = input * 0.5**squarings
    square = matmul(scaled, scaled)
    unit = wrap(np.eye(a.shape[-1], dtype=a.dtype))
    even, odd, power = unit * _PADE[0], unit * _PADE[1], square
    for k in range(2, 14, 2):
        even, odd = even + power * _PADE[k], odd + power * _PADE[k + 1]
        power = matmul(power, square)
    odd = matmul(scaled, odd)
    result = solve(even - odd, even + odd)
    for _ in range(squarings):
        result = matmul(result, result)
    return result


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
