"""Convolutions with the channels last: windows become the rows of a matrix, a block of samples at a time, and are multiplied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

Array = np.ndarray[Any, Any]
BLOCK = 2**20  # numbers in a block's matrix
SHORT = 16  # numbers in a run


class Convolution:
    """A convolution with weights (K·K·C, O) of padded samples (N, H, W, C), whose buffers are made once."""

    def __init__(self, x: Array, weight: Array, outputs: int, kernel: int, stride: int = 1) -> None:
        n, height, width, self.channels = x.shape
        self.x, self.weight, self.kernel, self.stride = x, weight, kernel, stride
        self.out = np.empty((n, (height - kernel) // stride + 1, (width - kernel) // stride + 1, outputs), x.dtype)
        per_sample = self.out.shape[1] * self.out.shape[2]
        self.samples = min(n, max(1, BLOCK // (per_sample * len(weight))))
        self.rows = np.empty((self.samples * per_sample, len(weight)), x.dtype)

    def _blocks(self) -> Iterator[slice]:
        n = len(self.x)
        for i in range(0, n, self.samples):
            yield slice(i, min(i + self.samples, n))

    def _windows(self, block: slice) -> Array:
        """The windows of a block of samples as rows: for each line of the kernel one copy of whole runs, K·C numbers long.

        Where they are shorter than `SHORT`, the matrix is filled column by column and lies in memory that way.
        """
        x, s = self.x[block], self.stride
        n, height, width = len(x), *self.out.shape[1:3]
        run = self.kernel * self.channels
        if run < SHORT:
            columns = self.rows.reshape(-1)[: n * height * width * len(self.weight)].reshape(len(self.weight), n, height, width)
            for tap, (i, j, c) in enumerate(np.ndindex(self.kernel, self.kernel, self.channels)):
                columns[tap] = x[:, i : i + s * height : s, j : j + s * width : s, c]
            return columns.reshape(len(self.weight), -1).T
        rows = self.rows[: n * height * width]
        target = rows.reshape(n, height, width, self.kernel, run)
        a, b, c, d = x.strides
        for i in range(self.kernel):
            target[:, :, :, i] = as_strided(x[:, i:], (n, height, width, run), (a, b * s, c * s, d))
        return rows

    def forward(self, bias: Array | None = None, relu: bool = False) -> Array:
        """y = windows · weight + b"""
        for block in self._blocks():
            y = self.out[block].reshape(-1, self.out.shape[3])
            np.matmul(self._windows(block), self.weight, out=y)
            if bias is not None:
                lines = y.reshape(-1, self.out.shape[2] * len(bias))
                lines += np.tile(bias, self.out.shape[2])  # NumPy's inner loops are long that way
            if relu:
                np.maximum(y, 0, out=y)
        return self.out

    def weight_gradient(self, g: Array, out: Array) -> None:
        """w̄ = windowsᵀ · ȳ"""
        out[...] = 0
        for block in self._blocks():
            out += self._windows(block).T @ g[block].reshape(-1, g.shape[3])


class Transposed:
    """The gradient of a convolution's input, written into `out`, which is as the padded input is."""

    def __init__(self, forward: Convolution) -> None:
        k, (n, height, width, outputs) = forward.kernel, forward.out.shape
        self.forward, self.inner = forward, slice(k - 1, -(k - 1) if k > 1 else None)
        self.room = np.zeros((n, height + 2 * (k - 1), width + 2 * (k - 1), outputs), forward.x.dtype)
        self.g = self.room[:, self.inner, self.inner]  # where the upstream gradient is to be put
        self.flipped = np.empty((k * k * outputs, forward.channels), forward.x.dtype)
        if forward.stride == 1:
            self.out = np.empty(forward.x.shape, forward.x.dtype)
            self.convolution = Convolution(self.room, self.flipped, forward.channels, k)
            self.convolution.out = self.out
        else:
            self.out = np.zeros(forward.x.shape, forward.x.dtype)

    def __call__(self) -> Array:
        """x̄: with stride 1 the padded gradient convolved with the reversed kernel, otherwise products added in their places."""
        f = self.forward
        k = f.kernel
        if f.stride == 1:
            taps = f.weight.reshape(k, k, f.channels, -1)
            self.flipped.reshape(k, k, -1, f.channels)[...] = taps[::-1, ::-1].transpose(0, 1, 3, 2)
            return self.convolution.forward()
        self.out[...] = 0
        _, height, width, outputs = f.out.shape
        for block in f._blocks():
            g = self.g[block].reshape(-1, outputs)
            taps = (g @ f.weight.T).reshape(-1, height, width, k, k, f.channels)
            for i in range(k):
                for j in range(k):
                    lines, columns = slice(i, i + f.stride * height, f.stride), slice(j, j + f.stride * width, f.stride)
                    self.out[block, lines, columns] += taps[:, :, :, i, j]
        return self.out
