"""Sampling an image at positions that a grid names, and the grids of affine maps.

Both gradients come from composition: the positions are a piecewise linear function of the grid, the weights a polynomial of the
positions, and the result a weighted sum of elements.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np
from byhand.tensor import Tensor, expand, gather, matmul, reshape
from byhand.tensor._graph import Array
from byhand.tensor._tensor import wrap

__all__ = ["affine_grid", "grid_sample"]

_MODES = ("bilinear", "nearest", "bicubic")
_PADDINGS = ("zeros", "border", "reflection")
Taps = list[tuple[Array, Any]]  # along one dimension: the elements' places, and their weights (a tensor, or None for 1)


def grid_sample(
    input: Tensor, grid: Tensor, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Tensor:
    r"""Return the input at the positions of the grid:   (N, C, H, W), (N, H', W', 2) → (N, C, H', W'); with D likewise.

    Positions (x, y) or (x, y, z) are between −1 and 1; these are the outer edges of the input, or the centres of its corners with
    `align_corners`. `mode`: "bilinear" (also in three dimensions), "nearest", or "bicubic" (in two). `padding_mode`: what lies
    outside is 0, the nearest edge, or the reflection at the edges.

    Raises ValueError for another mode, RuntimeError for shapes or dtypes that do not fit.
    """
    if mode not in _MODES:
        raise ValueError(f"grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'")
    if padding_mode not in _PADDINGS:
        raise ValueError(
            f"grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: '{padding_mode}'"
        )
    if align_corners is None:
        _warn_of_default()
    rank = input.ndim - 2
    _check(input, grid, rank, mode)
    outside: Callable[[Array, int], tuple[Array, Array]] = _OUTSIDE[padding_mode, bool(align_corners)]
    along = []
    for dim in range(rank):
        size = input.shape[2 + dim]
        half = size / 2 - 0.5 if align_corners else size / 2
        position = grid[..., rank - 1 - dim] * half + (size / 2 - 0.5)
        along.append(_TAPS[mode](position, size, outside))
    return _summed(input, along, tuple(grid.shape[1:-1]))


def _warn_of_default() -> None:
    warnings.warn(
        "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify "
        "align_corners=True if the old behavior is desired. See the documentation of grid_sample for details.",
        stacklevel=3,
    )


def _check(input: Tensor, grid: Tensor, rank: int, mode: str) -> None:
    given = f"input {tuple(input.shape)} {input.dtype} and grid {tuple(grid.shape)} {grid.dtype}"
    if rank not in (2, 3) or grid.ndim != input.ndim or grid.shape[-1] != rank or grid.shape[0] != input.shape[0]:
        raise RuntimeError(f"grid_sample(): expected (N, C, H, W) with (N, H', W', 2), or the same with D and 3, but got {given}")
    if input.dtype != grid.dtype:
        raise RuntimeError(f"grid_sample(): expected input and grid to have the same dtype, but got {given}")
    if 0 in input.shape[2:]:
        raise RuntimeError(f"grid_sample(): expected input to have non-empty spatial dimensions, but got {given}")
    if mode == "bicubic" and rank == 3:
        raise RuntimeError(f"grid_sample(): bicubic interpolation only supports 4D input, but got {given}")


def _linear(position: Tensor, size: int, outside: Callable[[Array, int], tuple[Array, Array]]) -> Taps:
    """The elements below and above, weighted by 1 − t and t."""
    place, slope = outside(position._data, size)
    inside = position * wrap(slope) + wrap(place - np.where(slope, position._data * slope, 0))
    below = np.floor(place)
    t = inside - wrap(below)
    return [(below, 1 - t), (below + 1, t)]


def _nearest(position: Tensor, size: int, outside: Callable[[Array, int], tuple[Array, Array]]) -> Taps:
    """The nearest element; of two, the even one."""
    return [(np.rint(outside(position._data, size)[0]), None)]


def _cubic(position: Tensor, size: int, outside: Callable[[Array, int], tuple[Array, Array]]) -> Taps:
    """Four elements, weighted by Keys' cubic with a = −¾; each of them may be the reflection of one outside."""
    a, below = -0.75, np.floor(position._data)
    t = position - wrap(below)
    near = [lambda x: ((a + 2) * x - (a + 3)) * x * x + 1, lambda x: ((a * x - 5 * a) * x + 8 * a) * x - 4 * a]
    weights = [near[1](t + 1), near[0](t), near[0](1 - t), near[1](2 - t)]
    return [(outside(below + offset, size)[0], weight) for offset, weight in zip(range(-1, 3), weights, strict=True)]


_TAPS = {"bilinear": _linear, "nearest": _nearest, "bicubic": _cubic}


def _as_is(position: Array, size: int) -> tuple[Array, Array]:  # noqa: ARG001 (as the others)
    """Outside, the position stays where it is: its weights will be 0."""
    return position, np.ones_like(position)


def _clipped(position: Array, size: int) -> tuple[Array, Array]:
    """Outside, the position is that of the edge, and does not move with the grid."""
    inside = (position > 0) & (position < size - 1)
    return np.clip(position, 0, size - 1), inside.astype(position.dtype)


def _reflected(low: float, high: float, position: Array, size: int) -> tuple[Array, Array]:
    """Outside of low … high, the position is reflected until it is inside, then clipped."""
    if low == high:
        return np.zeros_like(position), np.zeros_like(position)
    span = high - low
    distance = np.abs(position - low)
    odd = np.floor(distance / span) % 2 == 1
    rest = np.fmod(distance, span)
    clipped, slope = _clipped(np.where(odd, span - rest + low, rest + low).astype(position.dtype), size)
    return clipped, slope * np.where(odd, -1, 1).astype(position.dtype) * np.where(position < low, -1, 1).astype(position.dtype)


# What happens to positions outside: the position to take, and its slope.
_OUTSIDE: dict[tuple[str, bool], Any] = {
    ("zeros", False): _as_is,
    ("zeros", True): _as_is,
    ("border", False): _clipped,
    ("border", True): _clipped,
    ("reflection", False): lambda position, size: _reflected(-0.5, size - 0.5, position, size),
    ("reflection", True): lambda position, size: _reflected(0, size - 1, position, size),
}


def _summed(input: Tensor, along: list[Taps], outputs: tuple[int, ...]) -> Tensor:
    """Σ over one tap for each dimension of the product of their weights times the element; 0 for elements outside."""
    batch, channels, *sizes = input.shape
    flat = reshape(input, (batch, channels, math.prod(sizes)))
    total: Any = None
    for taps in itertools.product(*along):
        places = [place for place, _ in taps]
        inside = reduce(np.logical_and, [(place >= 0) & (place < size) for place, size in zip(places, sizes, strict=True)])
        whole = [np.where(inside, place, 0).astype(np.int64) for place in places]
        index = wrap(np.ravel_multi_index(whole, sizes).reshape(batch, 1, math.prod(outputs)))
        found = reshape(gather(flat, 2, expand(index, (batch, channels, math.prod(outputs)))), (batch, channels, *outputs))
        term = found.masked_fill(wrap(~inside[:, None]), 0)
        for _, weight in taps:
            term = term if weight is None else term * weight.unsqueeze(1)
        total = term if total is None else total + term
    return total  # type: ignore[no-any-return]


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    r"""Return for each pixel of an image of `size` (N, C, H, W) the position θ (x, y, 1)ᵀ:   (N, 2, 3) → (N, H, W, 2).

    In three dimensions (N, 3, 4) → (N, D, H, W, 3). For `align_corners` see `grid_sample`.
    Raises ValueError for shapes that do not fit, NotImplementedError for another number of dimensions.
    """
    if align_corners is None:
        _warn_of_default()
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    rank = len(size) - 2
    if rank not in (2, 3):
        raise NotImplementedError(f"affine_grid only supports 4D and 5D sizes, for 2D and 3D transforms. Got size {size}.")
    if theta.ndim != 3 or tuple(theta.shape[1:]) != (rank, rank + 1):
        raise ValueError(
            f"Expected a batch of {rank}D affine matrices of shape Nx{rank}x{rank + 1} for size {size}. Got {theta.shape}."
        )
    if align_corners and min(size[2:]) == 1:
        warnings.warn("affine_grid of a single pixel with align_corners=True stands at its centre", stacklevel=2)
    elif min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    axes = []
    for count in size[2:]:
        edge = 0.0 if count == 1 else 1.0 if align_corners else (count - 1) / count
        axes.append(np.linspace(-edge, edge, count))
    points = np.stack([*np.meshgrid(*axes, indexing="ij")[::-1], np.ones(tuple(size[2:]))], -1).astype(theta.dtype)
    rows = matmul(wrap(points.reshape(-1, rank + 1)), theta.transpose(1, 2))
    return reshape(rows, (size[0], *size[2:], rank))
