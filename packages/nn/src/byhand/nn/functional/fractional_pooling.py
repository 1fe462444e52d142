"""Fractional max pooling: windows of one size, at distances that vary at random so that any number of them fits."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from byhand.tensor import Tensor, rand
from byhand.tensor._graph import Array, Shape

from ._sizes import for_each
from ._windows import check_dtype
from .max_pooling import picked

__all__ = ["fractional_max_pool2d", "fractional_max_pool3d"]


def _starts(samples: Array, size: int, count: int, kernel: int) -> Array:
    """Where each window begins, for each sample u: ⌊(i + u) α⌋ − ⌊u α⌋, α = (n − k)/(m − 1), and the last at n − k.

    Graham, "Fractional max-pooling", arXiv:1412.6071.
    """
    alpha = samples.dtype.type((size - kernel) / (count - 1)) if count > 1 else samples.dtype.type(0)
    i = np.arange(count).astype(samples.dtype)
    starts = np.trunc((i + samples[..., None]) * alpha) - np.trunc(samples[..., None] * alpha)
    starts[..., -1:] = size - kernel
    return starts.astype(np.int64)


def _winners(x: Array, starts: Sequence[Array], kernel: Shape) -> Array:
    """The flat index of the largest element of each window of (N, C, …): the first of equal ones, the last nan."""
    rank, sizes = len(kernel), x.shape[2:]
    rows = x.reshape(*x.shape[:2], math.prod(sizes))
    best, winner = np.zeros(0), np.zeros(0, np.int64)
    for offsets in itertools.product(*map(range, kernel)):
        flat: Array = 0
        for dim, (start, offset) in enumerate(zip(starts, offsets, strict=True)):
            along = np.reshape(start + offset, (*start.shape[:2], *(1,) * dim, start.shape[-1], *(1,) * (rank - 1 - dim)))
            flat = flat * sizes[dim] + along
        candidate = np.take_along_axis(rows, flat.reshape(*flat.shape[:2], math.prod(flat.shape[2:])), -1).reshape(flat.shape)
        if not any(offsets):
            best, winner = candidate, flat
            continue
        better = (candidate > best) | np.isnan(candidate)
        best, winner = np.where(better, candidate, best), np.where(better, flat, winner)
    return winner


def _pooled(
    rank: int, input: Tensor, kernel_size: Any, output_size: Any, output_ratio: Any, return_indices: bool, samples: Any
) -> Any:
    name = f"fractional_max_pool{rank}d"
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    check_dtype(name, input, input.is_floating_point())
    shape, kernel = tuple(input.shape), for_each(kernel_size, rank)
    if len(shape) not in (rank + 1, rank + 2) or 0 in shape[-rank - 1 :]:
        kind = IndexError if len(shape) <= rank else RuntimeError
        raise kind(
            f"{name}: Expected {rank + 1}D or {rank + 2}D input with non-zero sizes after the batch, but got shape {shape}"
        )
    if output_size is None:
        ratios = for_each(output_ratio, rank)
        if len(ratios) != rank:
            raise ValueError(f"{name} requires output_ratio to either be one number or {rank}, but got {output_ratio}")
        output_size = tuple(int(n * ratio) for n, ratio in zip(shape[-rank:], ratios, strict=True))
    outputs = for_each(output_size, rank)
    _check(name, shape, kernel, outputs, rank)
    batch = shape[: -rank - 1] or (1,)
    if samples is None:
        samples = rand(*batch, shape[-rank - 1], rank, dtype=input.dtype)
    _check_samples(name, samples, (*batch, shape[-rank - 1], rank), input)
    order = (1, 0) if rank == 2 else (0, 1, 2)  # PyTorch draws width before height in two dimensions
    starts = [
        _starts(samples._data[: batch[0], ..., place], n, m, k)
        for place, n, m, k in zip(order, shape[-rank:], outputs, kernel, strict=True)
    ]
    winners = _winners(input._data.reshape(*batch, *shape[-rank - 1 :]), starts, kernel)
    pair = picked(input, winners.reshape(*shape[:-rank], *outputs), rank)
    return pair if return_indices else pair[0]


def _check(name: str, shape: Shape, kernel: Shape, outputs: Shape, rank: int) -> None:
    if len(kernel) != rank or len(outputs) != rank:
        raise RuntimeError(
            f"{name}: kernel_size and output_size must either be a single int or {rank}, but got {kernel} and {outputs}"
        )
    for n, m, k in zip(shape[-rank:], outputs, kernel, strict=True):
        if k < 1 or m < 0 or m + k - 1 > n:
            raise RuntimeError(f"{name}: {m} windows of {k} are too large relative to input size {n}, of shape {shape}")


def _check_samples(name: str, samples: Tensor, shape: Shape, input: Tensor) -> None:
    given = tuple(samples.shape)
    if len(given) != 3 or given[0] < shape[0] or given[1:] != shape[1:] or samples.dtype != input.dtype:
        raise RuntimeError(
            f"{name}: Expect _random_samples of shape {shape} and dtype {input.dtype}, but got {given} {samples.dtype}"
        )


def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """Return the largest elements of `output_size` windows in (N, C, H, W) or (C, H, W); or of `output_ratio` times its size.

    Where they begin depends on `_random_samples` (N, C, 2) between 0 and 1, drawn anew unless given. With `return_indices` also
    where the maxima stand.

    Raises ValueError if neither size nor ratio is given, RuntimeError for windows or samples that do not fit.
    """
    return _pooled(2, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)


def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """Return the largest elements of `output_size` windows in (N, C, D, H, W) or (C, D, H, W). See `fractional_max_pool2d`."""
    return _pooled(3, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)
