"""(N, C, …) in whatever order it lies in memory, seen as a matrix in which each row, or each column, belongs to one channel.

Per-channel arithmetic is fast where inner loops are long, so which of the two it is depends on the number L of neighbours in
memory that belong to one channel:

    L large    (N·C, L): each row belongs to a channel, and sums over rows are products with ones
    L small    (M/R, R·C·L): each column belongs to a channel, whose number stands there R·L times, with R·C·L near 2,000;
               channels last in memory, and (N, C), are the case L = 1

It is a view, unless the memory has gaps or another order; the result of a kernel has the order of its input.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from byhand.tensor._graph import Array, Shape
from byhand.tensor._sums import ones, over_rows

__all__ = ["Sheet", "sheet_for"]

LONG = 512  # neighbours from which on a row for each channel of each sample is faster
WIDE = 2048  # columns up to which rows are put beside each other


class Sheet(NamedTuple):
    """How the matrix is cut: `outer` × `channels` × `inner` is the order in memory."""

    channels_last: bool
    shape: Shape
    outer: int
    channels: int
    inner: int
    beside: int  # R, or 0 where each row belongs to a channel

    def matrix(self, x: Array) -> Array:
        """Return the matrix for x."""
        ordered = np.moveaxis(x, 1, -1) if self.channels_last else x
        if self.beside:
            return np.reshape(ordered, (self.outer // self.beside, self.beside * self.channels * self.inner))
        return np.reshape(ordered, (self.outer * self.channels, self.inner))

    def tensor(self, matrix: Array) -> Array:
        """Return the view of shape (N, C, …)."""
        if not self.channels_last:
            return np.reshape(matrix, self.shape)
        samples, channels, *window = self.shape
        return np.moveaxis(np.reshape(matrix, (samples, *window, channels)), -1, 1)

    def spread(self, v: Array) -> Array:
        """One number for each channel, repeated so that it broadcasts with the matrix."""
        if self.beside:
            return np.tile(np.repeat(v, self.inner), self.beside)
        return np.tile(v, self.outer)[:, None]

    def gathered(self, sums: Array) -> Array:
        """Add up, for each channel, the sums over columns (or rows) that belong to it."""
        if self.beside:
            return np.add.reduce(np.reshape(sums, (self.beside, self.channels, self.inner)), axis=(0, 2))
        return np.add.reduce(np.reshape(sums, (self.outer, self.channels)), axis=0)

    def total(self, matrix: Array) -> Array:
        """Σ x for each channel."""
        if self.beside:
            return self.gathered(over_rows(matrix))
        return self.gathered(np.matmul(matrix, ones(matrix.shape[1], matrix.dtype)))

    def along(self, a: Array, b: Array) -> Array:
        """Σ a b over a block of rows: for each column, or for each row."""
        return np.einsum("ij,ij->j", a, b) if self.beside else np.vecdot(a, b)

    def joined(self, parts: list[Array]) -> Array:
        """For each channel, the sum of what `along` said of all blocks."""
        if len(parts) == 1:
            return self.gathered(parts[0])
        return self.gathered(np.add.reduce(parts) if self.beside else np.concatenate(parts))

    def part(self, spread: Array, block: slice) -> Array:
        """What of `spread` belongs to a block of rows."""
        return spread if self.beside else spread[block]


def sheet_for(x: Array) -> Sheet:
    """Return how x, of shape (N, C, …), is seen best."""
    samples, channels = x.shape[:2]
    positions = math.prod(x.shape[2:])
    last = x.ndim == 2 or (not x.flags.c_contiguous and np.moveaxis(x, 1, -1).flags.c_contiguous)
    outer, inner = (samples * positions, 1) if last else (samples, positions)
    if inner >= LONG:
        return Sheet(last and x.ndim > 2, x.shape, outer, channels, inner, 0)
    room = max(WIDE // max(channels * inner, 1), 1)
    beside = math.gcd(outer, 1 << room.bit_length() - 1) if outer else 1
    return Sheet(last and x.ndim > 2, x.shape, outer, channels, inner, beside)
