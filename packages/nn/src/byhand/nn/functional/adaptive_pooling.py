"""Adaptive pooling: as many windows as are asked for, which share the input out among them.

Of n elements and m windows, window j reaches from ⌊j n/m⌋ to ⌈(j + 1) n/m⌉. Where m divides n, all are n/m long and
stand side by side: plain pooling.
"""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np
from byhand.tensor import Tensor
from byhand.tensor._graph import Array, Shape

from ._sizes import for_each
from ._taps import Taps, along
from ._windows import check_dtype
from .avg_pooling import avg_pool1d, avg_pool2d, avg_pool3d
from .max_pooling import max_pool1d, max_pool2d, max_pool3d, picked

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d",
]  # fmt: skip

_AVERAGES: dict[int, Any] = {1: avg_pool1d, 2: avg_pool2d, 3: avg_pool3d}
_MAXIMA: dict[int, Any] = {1: max_pool1d, 2: max_pool2d, 3: max_pool3d}


def _outputs(name: str, input: Tensor, rank: int, output_size: Any) -> Shape:
    """The numbers of windows; None stands for as many as there are elements. Raises RuntimeError if they do not fit the input."""
    check_dtype(name, input, input.is_floating_point())
    given = for_each(output_size, rank)
    if hasattr(output_size, "__len__") and rank > 1 and input.ndim <= rank:
        raise ValueError(f"{name}: Input dimension should be at least {rank + 1}, but got shape {tuple(input.shape)}")
    if len(given) != rank:
        raise RuntimeError(f"{name}: output_size must be one number or {rank}, but got {output_size}")
    shape = tuple(input.shape)
    if len(shape) not in (rank + 1, rank + 2) or 0 in shape[-rank:] or (len(shape) == rank + 1 and 0 in shape):
        raise RuntimeError(
            f"{name}: Expected {rank + 1}D or {rank + 2}D tensor with non-zero size for non-batch dimensions, but got {shape}"
        )
    outputs = tuple(n if m is None else operator.index(m) for n, m in zip(shape[-rank:], given, strict=True))
    if min(outputs) < 0:
        raise RuntimeError(f"{name}: elements of output_size must be greater than or equal to 0, but got {outputs}")
    return outputs


def _divided(sizes: Shape, outputs: Shape) -> Shape | None:
    """The size of the windows, if they are all alike."""
    if all(m and n % m == 0 for n, m in zip(sizes, outputs, strict=True)):
        return tuple(n // m for n, m in zip(sizes, outputs, strict=True))
    return None


def _reaches(size: int, count: int) -> tuple[Array, Array]:
    """Where each window begins and ends."""
    j = np.arange(count)
    return j * size // max(count, 1), -(-(j + 1) * size // max(count, 1))


def _average(rank: int, input: Tensor, output_size: Any) -> Tensor:
    outputs = _outputs(f"adaptive_avg_pool{rank}d", input, rank, output_size)
    if set(outputs) == {1}:
        return input.mean(tuple(range(-rank, 0)), True)  # type: ignore[no-any-return]
    if kernel := _divided(tuple(input.shape[-rank:]), outputs):
        return _AVERAGES[rank](input, kernel)  # type: ignore[no-any-return]
    for dim, count in enumerate(outputs, input.ndim - rank):
        start, stop = _reaches(input.shape[dim], count)
        place = np.arange(int((stop - start).max(initial=1)))
        index = np.minimum(start[:, None] + place, stop[:, None] - 1)
        weight = np.where(start[:, None] + place < stop[:, None], 1 / (stop - start)[:, None], 0)
        input = along(input, dim, Taps(index, weight.astype(input.dtype), input.shape[dim]))
    return input


def _maximum(rank: int, input: Tensor, output_size: Any, return_indices: bool) -> Any:
    outputs = _outputs(f"adaptive_max_pool{rank}d", input, rank, output_size)
    if kernel := _divided(tuple(input.shape[-rank:]), outputs):
        return _MAXIMA[rank](input, kernel, return_indices=return_indices)
    pair = picked(input, _winners(input._data, outputs), rank)
    return pair if return_indices else pair[0]


def _winners(x: Array, outputs: Shape) -> Array:
    """The flat index of each window's largest element: the first of equal ones, the last nan.

    All windows are looked at together, place by place; where a window is shorter than the longest, its last element comes again.
    """
    rank = len(outputs)
    sizes = x.shape[-rank:]
    reaches = [_reaches(n, m) for n, m in zip(sizes, outputs, strict=True)]
    longest = [int((stop - start).max(initial=0)) for start, stop in reaches]
    best, winner = np.zeros(0), np.zeros((*x.shape[:-rank], *outputs), np.int64)
    for number, offsets in enumerate(itertools.product(*map(range, longest))):
        rows = [np.minimum(start + offset, stop - 1) for (start, stop), offset in zip(reaches, offsets, strict=True)]
        candidate = x[(..., *np.ix_(*rows))]
        flat = np.ravel_multi_index(np.ix_(*rows), sizes)
        if number == 0:
            best, winner[...] = candidate, flat
            continue
        better = (candidate > best) | (candidate != candidate)
        best = np.where(better, candidate, best)
        winner = np.where(better, flat, winner)
    return winner


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """Return the averages of `output_size` windows that share L out:   (N, C, L) → (N, C, output_size), or without N.

    Raises RuntimeError for another number of dimensions, empty ones, and negative sizes.
    """
    return _average(1, input, output_size)


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Return the averages of windows that share (N, C, H, W) out. `output_size`: one number, or two, of which None leaves it."""
    return _average(2, input, output_size)


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """Return the averages of windows that share (N, C, D, H, W) out. `output_size`: one number, or three; None leaves it."""
    return _average(3, input, output_size)


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Return the maxima of `output_size` windows that share L out:   (N, C, L) → (N, C, output_size), or without N.

    With `return_indices` also where they stand. Raises RuntimeError for another number of dimensions, empty ones, negative sizes.
    """
    return _maximum(1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Return the maxima of windows that share (N, C, H, W) out, and with `return_indices` where in H·W they stand.

    `output_size`: one number, or two, of which None leaves a dimension as it is.
    """
    return _maximum(2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Return the maxima of windows that share (N, C, D, H, W) out, and with `return_indices` where in D·H·W they stand.

    `output_size`: one number, or three, of which None leaves a dimension as it is.
    """
    return _maximum(3, input, output_size, return_indices)
