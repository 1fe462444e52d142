"""Distances between vectors: dist of two, cdist of all pairs; both are p-norms of differences."""

from __future__ import annotations

import math

import numpy as np

from .._graph import Array
from .._op import op
from .._promotion import only_floating
from .._tensor import Tensor
from .reductions import Dim, reduced_over, spread

__all__ = ["cdist", "dist"]


@op(promote=only_floating)
def _power_norm(input: Array, *, p: float, dim: Dim) -> Array:
    r"""y = (Σ |x_i|ᵖ)^{1/p}; for p = ∞ (−∞) the largest (smallest) |x_i|, for p = 0 the number of x_i that are not 0.

    yᵖ = Σ |x_i|ᵖ   ⇒   ∂y/∂x_i = sign x_i (|x_i|/y)^{p−1}, and 0 where y = 0 or (the pole of p < 1) x_i = 0;
    for p = ±∞ sign x_i, shared among those whose |x_i| is y; for p = 0 it is 0
    """
    axis, size = reduced_over(input, dim), np.abs(input)
    if p == 0:
        return np.sum((size != 0).astype(input.dtype), axis=axis)
    if math.isinf(p):
        return np.max(size, axis=axis, initial=0) if p > 0 else np.min(size, axis=axis)
    return np.sum(size**p, axis=axis) ** (1 / p)


@_power_norm.vjp("input")
def _(g: Array, input: Array, out: Array, p: float, dim: Dim) -> Array:
    g, y = spread(g, input.shape, dim, False), spread(out, input.shape, dim, False)
    size = np.abs(input)
    if p == 0:
        return g * 0
    if math.isinf(p):
        attains = (size == y).astype(g.dtype)
        return g * np.sign(input) * attains / np.sum(attains, axis=dim, keepdims=True)
    if p == 1:
        return g * np.sign(input)
    pole = np.logical_or(y == 0, size == 0)
    ratio = np.where(pole, 1.0, size) / np.where(pole, 1.0, y)
    return g * np.where(pole, 0.0, np.sign(input) * ratio ** (p - 1))


def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """Return the p-norm (Σ |a_i − b_i|ᵖ)^{1/p} of the difference of two tensors, which are broadcast."""
    return _power_norm(input - other, p=float(p), dim=None)


def cdist(
    x1: Tensor,
    x2: Tensor,
    p: float = 2.0,
    compute_mode: str = "use_mm_for_euclid_dist_if_necessary",  # noqa: ARG001 (differences: exact, also for near points)
) -> Tensor:
    """Return the p-norm distances d_ij = (Σ_k |x1_ik − x2_jk|ᵖ)^{1/p} of all pairs of rows: (…, P, M), (…, R, M) → (…, P, R).

    Raises RuntimeError unless both have at least two dimensions and the same last size, or for a negative p.
    """
    if x1.ndim < 2 or x2.ndim < 2:
        raise RuntimeError(f"cdist only supports at least 2D tensors, got {x1.ndim}D and {x2.ndim}D")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}")
    if p < 0:
        raise RuntimeError(f"cdist only supports non-negative p values, got {p}")
    return _power_norm(x1.unsqueeze(-2) - x2.unsqueeze(-3), p=float(p), dim=-1)
