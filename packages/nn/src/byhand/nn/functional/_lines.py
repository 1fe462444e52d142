"""Convolutions walked along the first dimension: windows are gathered along all others, and its taps are added up as products.

A line is what an image holds at one position of its first dimension (a row of pixels, in two dimensions). With the windows along
the other dimensions gathered, as rows of taps · channels, a convolution is

    y_p = Σ_k rows_{sp+dk} w_k,      w̄_k = Σ_p rowsᵀ_{sp+dk} ȳ_p      (p: the lines of the result, k: taps)

so a number is copied once for each tap of the other dimensions: a 3 × 3 kernel copies a third of what `_patches.matrices` does.
BLAS computes products this small on the thread that calls, so several threads share the samples. Both together: 0.3 to 0.8
of the time with 3 to 64 channels, and equal with more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from byhand.tensor._blocks import in_shares
from byhand.tensor._graph import Shape
from byhand.tensor._threads import blas_spins, worth

from ._patches import FEW_CHANNELS, Geometry, NDArray, blocks, by_group, stretch, windows

SMALL = 1 << 18  # multiplications up to which OpenBLAS leaves a product to the thread that calls
FEW_NUMBERS = 1 << 16  # windows with fewer take less time than the calls
BLOCK = 1 << 20  # bytes of rows gathered at a time: with half or twice as many equal, with an eighth 1.1 to 1.6 times the time
WORTH = 1 << 25  # multiplications from which a second thread pays


class Lines:
    """The windows over each line of `x` (N, *S, C), and which lines the taps of the first dimension meet."""

    def __init__(self, x: NDArray, kernel: Shape, count: Shape, at: Geometry, together: int) -> None:
        self.x, self.kernel, self.count, self.at, self.together = x, kernel, count, at, together
        self.sizes = math.prod(count[1:]), at.groups, math.prod(kernel[1:]) * x.shape[-1] // at.groups
        self.reach = at.dilation[0] * (kernel[0] - 1)  # how many more lines the last tap meets

    def blocks(self, share: slice) -> Iterator[tuple[tuple[slice, slice], NDArray]]:
        """Parts of a share, each with its place: samples, and lines of the result; all in the same memory.

        A part holds the rows that its lines need, (samples, lines, rows, groups, taps · channels).
        """
        at, products = self.at, self.count[0] // self.together
        x = np.ascontiguousarray(stretch(self.x[share], at.padding, at.extent(self.kernel, self.count)))
        across = Geometry(at.stride[1:], at.padding[1:], at.dilation[1:], at.groups)
        view = by_group(windows(x.reshape(-1, *x.shape[2:]), self.kernel[1:], self.count[1:], across), at.groups)
        view = view.reshape(*x.shape[:2], *view.shape[1:])  # (samples, lines, *P, G, *K, C/G)
        memory = np.empty(0, x.dtype)
        a_product = self.together * at.stride[0] * math.prod(self.sizes) * x.itemsize
        for samples, chosen in blocks(len(x), products, a_product, BLOCK):
            begin, end, _ = (self.together * n for n in chosen.indices(products))
            part = view[samples, begin * at.stride[0] : (end - 1) * at.stride[0] + 1 + self.reach]
            if memory.size < part.size:
                memory = np.empty(part.size, x.dtype)
            gathered = memory[: part.size]
            gathered.reshape(part.shape)[...] = part
            first, last, _ = samples.indices(len(x))
            place = slice(share.start + first, share.start + last), slice(begin, end)
            yield place, gathered.reshape(*part.shape[:2], *self.sizes)

    def met(self, gathered: NDArray, k: int) -> NDArray:
        """Of the rows gathered, those that tap k meets: matrices (samples, products, groups, rows, taps · channels)."""
        begin = k * self.at.dilation[0]
        return self.matrices(gathered[:, begin : gathered.shape[1] - self.reach + begin : self.at.stride[0]])

    def matrices(self, lines: NDArray) -> NDArray:
        """(samples, lines of the result, …) as one matrix for each product and group; a view, where memory has no gaps."""
        samples, count, groups = lines.shape[0], lines.shape[1] // self.together, self.sizes[1]
        return lines.reshape(samples, count, self.together * self.sizes[0], groups, -1).swapaxes(2, 3)

    def shared_out(self, work: Callable[[slice], Any], outputs: int) -> list[Any]:
        """Call `work` for a share of the samples on each thread, if so many multiplications are worth it."""
        amount = len(self.x) * self.count[0] * math.prod(self.sizes) * outputs
        return in_shares(work, len(self.x), worth(amount, WORTH))


def together(samples: int, weight: Shape, count: Shape, at: Geometry) -> int:
    """How many lines go into one small product, for a weight of the shape (O, C/G, *K); 0 where large ones are better."""
    outputs, channels, first, *kernel = weight
    if not kernel or first == 1 or channels * at.groups <= FEW_CHANNELS:
        return 0
    if samples * math.prod(count) * math.prod(weight[1:]) * at.groups < FEW_NUMBERS:
        return 0
    a_line = math.prod(count[1:]) * math.prod(kernel) * channels * (outputs // at.groups)
    if 2 * a_line > SMALL and blas_spins():  # left to itself, BLAS shares out larger products, and is as fast
        return 0
    most = count[0] if at.stride[0] == 1 else 1  # with strides the lines that a tap meets are no neighbours
    return max([lines for lines in range(1, most + 1) if count[0] % lines == 0 and lines * a_line <= SMALL], default=0)


def together_for_weights(samples: int, weight: Shape, count: Shape, at: Geometry) -> int:
    """The same for the gradient of the weight; 0 also where products have so few rows that adding them up costs more."""
    _, channels, _, *kernel = weight
    lines = together(samples, weight, count, at)
    return lines if 4 * lines * math.prod(count[1:]) >= math.prod(kernel) * channels else 0


def correlate(lines: Lines, weight: NDArray, out: NDArray, beside: NDArray | None) -> None:
    """Fill `out` (N, *P, O) with Σ_k rows_{sp+dk} w_k + b."""
    groups, (channels, taps) = lines.sizes[1], weight.shape[1:3]
    split = weight.reshape(groups, -1, channels, taps, math.prod(weight.shape[3:]))
    factors = split.transpose(3, 0, 4, 2, 1).reshape(taps, groups, -1, split.shape[1])  # of each tap: (G, taps · C/G, O/G)

    def work(share: slice) -> None:
        spare = np.empty(0)
        for part, gathered in lines.blocks(share):
            target = lines.matrices(out[part])
            np.matmul(lines.met(gathered, 0), factors[0], out=target)
            if spare.shape != target.shape:
                spare = np.empty_like(target)
            for k in range(1, taps):
                target += np.matmul(lines.met(gathered, k), factors[k], out=spare)
            if beside is not None:
                rows = out[part].reshape(-1, *beside.shape)
                rows += beside

    lines.shared_out(work, split.shape[1])


def weight_gradient(lines: Lines, g: NDArray, kernel: Shape) -> NDArray:
    """w̄_k = Σ_p rowsᵀ_{sp+dk} ȳ_p for g = ȳ (N, *P, O):   (O, C/G, *K)"""
    _, groups, width = lines.sizes
    taps, outputs = kernel[0], g.shape[-1] // groups

    def work(share: slice) -> NDArray:
        total = np.zeros((taps, groups, width, outputs), g.dtype)
        for part, gathered in lines.blocks(share):
            upstream = lines.matrices(g[part])
            for k in range(taps):
                products = np.matmul(lines.met(gathered, k).swapaxes(-1, -2), upstream)
                total[k] += np.add.reduce(products, axis=(0, 1))
        return total

    total = np.add.reduce(lines.shared_out(work, outputs))
    split = total.reshape(taps, groups, math.prod(kernel[1:]), -1, outputs).transpose(1, 4, 3, 0, 2)
    return np.ascontiguousarray(split).reshape(groups * outputs, -1, *kernel)
