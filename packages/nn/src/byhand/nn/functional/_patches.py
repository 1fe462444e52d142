"""Where a kernel's taps meet an array: the geometry of convolutions, and windows as views of memory.

Inside, arrays have their channels last, (N, *S, C): all numbers that one tap of a kernel multiplies then lie beside each other.
Tensors have them second, (N, C, *S), as in PyTorch; between the two lies only a transposed view, no copy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from byhand.tensor._graph import Shape

NDArray = np.ndarray[Any, Any]

# Bytes of windows gathered for one product. With 1 MiB the products are too short for two threads (1.3–2 times the time),
# with 16 MiB the windows have left the cache when they are read (1.1–1.4 times).
BLOCK = 4 << 20
# Up to so many channels, windows are gathered tap by tap, in long runs along the image, rather than window by window or line by
# line: with 1 channel 0.3 of the time, with 3 equal, with 16 twice.
FEW_CHANNELS = 2


class Geometry(NamedTuple):
    """Tap k of the window at position p stands over q = s p + d k − π, in each dimension."""

    stride: Shape
    padding: Shape  # π: how far the first window reaches beyond the beginning
    dilation: Shape
    groups: int

    def extent(self, kernel: Shape, count: Shape) -> Shape:
        """How long a stretch `count` windows cover: s (P − 1) + d (K − 1) + 1."""
        sizes = zip(self.stride, count, self.dilation, kernel, strict=True)
        return tuple([s * (p - 1) + d * (k - 1) + 1 for s, p, d, k in sizes])


def last(x: NDArray) -> NDArray:
    """(N, C, *S) → (N, *S, C), as a view."""
    return x.transpose(0, *range(2, x.ndim), 1)


def empty(samples: int, channels: int, sizes: Shape, dtype: Any) -> NDArray:
    """An array (N, C, *S) that lies in memory as (N, *S, C) and is nobody's view, so that gradients can be added into it."""
    order = np.empty((2,) * (len(sizes) + 2), dtype)
    return np.empty_like(np.moveaxis(order, -1, 1), shape=(samples, channels, *sizes))


def stretch(x: NDArray, before: Shape, extent: Shape) -> NDArray:
    """The positions −before … extent − before − 1 of `x` (N, *S, C), zero where it has none; a view if it has them all."""
    sizes = x.shape[1:-1]
    begins = [max(0, -b) for b in before]
    ends = [max(begin, min(size, e - b)) for begin, size, b, e in zip(begins, sizes, before, extent, strict=True)]
    inside = x[(slice(None), *map(slice, begins, ends))]
    if inside.shape[1:-1] == extent:
        return inside
    few = x.shape[-1] <= FEW_CHANNELS
    out = np.zeros_like(x, order="K" if few else "C", shape=(x.shape[0], *extent, x.shape[-1]))
    target = [slice(begin + b, end + b) for begin, end, b in zip(begins, ends, before, strict=True)]
    out[(slice(None), *target)] = inside
    return out


def windows(x: NDArray, kernel: Shape, count: Shape, at: Geometry) -> NDArray:
    """The windows (N, *P, *K, C) over `x` (N, *S, C), which begins where the first of them does. A view: nothing is copied."""
    sample, *steps, channel = x.strides
    across = [s * step for s, step in zip(at.stride, steps, strict=True)]
    along = [d * step for d, step in zip(at.dilation, steps, strict=True)]
    shape = (x.shape[0], *count, *kernel, x.shape[-1])
    return np.lib.stride_tricks.as_strided(x, shape, (sample, *across, *along, channel), writeable=False)


def by_group(view: NDArray, groups: int) -> NDArray:
    """Windows (N, *P, *K, C) with the channels of each group together, (N, *P, G, *K, C/G): a view."""
    rank = (view.ndim - 2) // 2
    split = view.reshape(*view.shape[:-1], groups, view.shape[-1] // groups)
    return split.transpose(*range(1 + rank), 1 + 2 * rank, *range(1 + rank, 1 + 2 * rank), 2 + 2 * rank)


def blocks(samples: int, lines: int, bytes_a_line: int, block: int) -> Iterator[tuple[slice, slice]]:
    """Cut `samples` of `lines` each into parts of about `block` bytes: several samples, or some lines of one."""
    fitting = max(1, block // max(bytes_a_line, 1))
    if fitting >= lines:
        step = fitting // max(lines, 1)
        yield from [(slice(n, n + step), slice(None)) for n in range(0, samples, step)]
        return
    for n in range(samples):
        yield from [(slice(n, n + 1), slice(line, line + fitting)) for line in range(0, lines, fitting)]


def matrices(x: NDArray, kernel: Shape, count: Shape, at: Geometry) -> Iterator[tuple[tuple[slice, slice], NDArray]]:
    """The windows over `x` (N, *S, C) as matrices (groups, rows, taps · channels of a group), block by block.

    Each comes with its place: samples, and lines of the first dimension. The memory of all blocks is the same.
    """
    groups, channels = at.groups, x.shape[-1] // at.groups
    x = stretch(x, at.padding, at.extent(kernel, count))
    few = x.shape[-1] <= FEW_CHANNELS
    if not few:
        x = np.ascontiguousarray(x)
    taps = math.prod(kernel)
    if taps == math.prod(at.stride) == 1 and not few:
        yield (slice(None), slice(None)), x.reshape(-1, groups, channels).transpose(1, 0, 2)
        return
    view, rank = by_group(windows(x, kernel, count, at), groups), len(kernel)
    first = rank + 2 if few else 0  # where the samples stand
    if few:
        view = view.transpose(*range(1 + rank, view.ndim), *range(1 + rank))
    width = taps * channels
    memory = np.empty(0, x.dtype)
    for place in blocks(x.shape[0], count[0], math.prod(count[1:]) * groups * width * x.itemsize, BLOCK):
        part = view[(slice(None),) * first + place]
        if memory.size < part.size:
            memory = np.empty(part.size, x.dtype)
        gathered = memory[: part.size]
        gathered.reshape(part.shape)[...] = part
        if few:
            yield place, gathered.reshape(groups, width, -1).transpose(0, 2, 1)
        else:
            yield place, gathered.reshape(-1, groups, width).transpose(1, 0, 2)
