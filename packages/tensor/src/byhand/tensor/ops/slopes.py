"""Derivatives estimated from samples, and lengths cut to a largest one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._tensor import Tensor, wrap
from .choices import where
from .norms import norm
from .shapes import cat, in_range, reshape

__all__ = ["gradient", "renorm"]

IN_PLACE = ("renorm",)


def gradient(
    input: Tensor, *, spacing: Any = None, dim: int | Sequence[int] | None = None, edge_order: int = 1
) -> tuple[Tensor, ...]:
    """Return an estimate of the derivative along each of `dim` (every dimension, if None), right to second order inside.

    `spacing` is the step (1, if None), for all or for each dimension, or the coordinates of the samples in each. At the two
    edges the estimate is of order `edge_order`. Raises RuntimeError if there are too few samples, or not one spacing for each
    dimension.
    """
    if edge_order not in (1, 2):
        raise RuntimeError(f"gradient only supports edge_order=1 and edge_order=2, got {edge_order}")
    rank = input._data.ndim
    dims = range(rank) if dim is None else [in_range(d, rank) for d in ((dim,) if isinstance(dim, int) else dim)]
    spacing = 1 if spacing is None else spacing
    steps = list(spacing) if isinstance(spacing, list | tuple) else [spacing] * len(dims)
    if len(steps) != len(dims):
        raise RuntimeError(f"gradient expected spacing to be a number or one for each of {len(dims)} dims, got {len(steps)}")
    for d in dims:
        if input._data.shape[d] <= edge_order:
            raise RuntimeError(f"gradient expected each dimension size to be at least edge_order+1, got {tuple(input.shape)}")
    return tuple([_slope(input, d, _steps(input, d, step), edge_order) for d, step in zip(dims, steps, strict=True)])


def _steps(input: Tensor, dim: int, spacing: Any) -> Tensor:
    """The distance from each sample to the next, in a shape that broadcasts along the dimension."""
    count = input._data.shape[dim] - 1
    behind = [1] * (input._data.ndim - 1 - dim)
    if isinstance(spacing, Tensor) and spacing._data.ndim:
        if spacing._data.shape != (count + 1,):
            raise RuntimeError(f"gradient expected {count + 1} coordinates along dimension {dim}, got {tuple(spacing.shape)}")
        return reshape(spacing[1:] - spacing[:-1], -1, *behind)
    step = spacing._data.item() if isinstance(spacing, Tensor) else spacing
    return wrap(np.full((count, *behind), step, input._data.dtype if input._data.dtype.kind == "f" else np.float32))


def _slope(f: Tensor, dim: int, h: Tensor, edge_order: int) -> Tensor:
    """The derivative of the parabola through each sample and its neighbours; at the edges of the line, or the next parabola."""
    slopes = (f.narrow(dim, 1, f.shape[dim] - 1) - f.narrow(dim, 0, f.shape[dim] - 1)) / h  # between neighbours
    count, along = slopes.shape[dim], h._data.ndim * -1
    first, last = slopes.narrow(dim, 0, 1), slopes.narrow(dim, count - 1, 1)
    if count == 1:
        return cat([first, last], dim)
    before, after = h.narrow(along, 0, count - 1), h.narrow(along, 1, count - 1)
    left, right = slopes.narrow(dim, 0, count - 1), slopes.narrow(dim, 1, count - 1)
    inside = (left * after + right * before) / (before + after)
    if edge_order == 2:
        bend = (right - left) / (before + after)
        first = first - bend.narrow(dim, 0, 1) * h.narrow(along, 0, 1)
        last = last + bend.narrow(dim, count - 2, 1) * h.narrow(along, count - 1, 1)
    return cat([first, inside, last], dim)


def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """Return the tensor with each slice along `dim` whose p-norm is above `maxnorm` scaled down to it.

    Raises RuntimeError for fewer than two dimensions, for p ≤ 0 and for a negative `maxnorm`.
    """
    if input._data.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {input._data.ndim} dimensions")
    if p <= 0 or maxnorm < 0:
        raise RuntimeError(f"renorm: expected p > 0 and maxnorm >= 0 but got {p} and {maxnorm}")
    others = [d for d in range(input._data.ndim) if d != in_range(dim, input._data.ndim)]
    lengths = norm(input, p, others, True)
    return input * where(lengths > maxnorm, maxnorm / (lengths + 1e-7), 1.0)
