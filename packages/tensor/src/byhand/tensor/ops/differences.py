"""Differences of neighbours, and areas below them."""

from __future__ import annotations

from typing import Any

from .._dtypes import bool_
from .._tensor import Tensor
from . import choices
from .reductions import sum
from .scans import cumsum
from .shapes import cat

__all__ = ["cumulative_trapezoid", "diff", "trapezoid", "trapz"]


def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None
) -> Tensor:
    """Return x_{i+1} − x_i along `dim`, `n` times over (for bool: whether they differ).

    `prepend` and `append` are put before and behind the input first. Raises RuntimeError for 0-d inputs or a negative n.
    """
    if not input.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    parts = [part for part in (prepend, input, append) if part is not None]
    result = cat(parts, dim) if n and len(parts) > 1 else input
    for _ in range(n):
        below, above = _neighbours(result, dim)
        result = choices.logical_xor(above, below) if result.dtype == bool_ else above - below
    return result.clone() if result is input else result


def _neighbours(input: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """All but the last, and all but the first."""
    count = max(input.shape[dim] - 1, 0)
    start = input.shape[dim] - count
    return input.narrow(dim, 0, count), input.narrow(dim, start, count)


def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """Return ∫ y dx by the trapezoidal rule, Σ (x_{i+1} − x_i)(y_i + y_{i+1})/2 (Δx = 1, unless `x` or `dx` is given)."""
    return sum(_areas(y, x, dx, dim), dim)


def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """Return the running ∫ y dx by the trapezoidal rule, up to each but the first of the points."""
    return cumsum(_areas(y, x, dx, dim), dim)


def _areas(y: Tensor, x: Tensor | None, dx: Any, dim: int) -> Tensor:
    """The areas of the trapezoids."""
    if x is not None and dx is not None:
        raise RuntimeError("trapezoid: give x or dx, not both")
    below, above = _neighbours(y, dim)
    width = 1 if dx is None else dx
    if x is not None:
        if x.ndim == 1 and x.shape[0] != y.shape[dim]:
            raise RuntimeError(f"there must be one `x` value for each sample point: got {x.shape[0]} for {y.shape[dim]}")
        behind = y.ndim - 1 - dim % y.ndim  # how many dimensions follow the one that is integrated over
        width = diff(x.reshape(-1, *[1] * behind) if x.ndim == 1 else x, dim=-1 - behind)
    return (below + above) * width / 2


trapz = trapezoid
