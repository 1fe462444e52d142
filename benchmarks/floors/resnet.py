"""W5 by hand: convolutions of `convolution`, and batch normalisation over tiled rows: inner loops of 16 channels are slow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..workloads.weights import drawn, generator
from .convolution import Convolution, Transposed
from .linear import Linear, Pair
from .losses import CrossEntropy
from .optimisers import Momentum

Array = np.ndarray[Any, Any]
BATCH = 64
LONG = 2048  # numbers in a tiled row
BLOCK = 32  # rows
BLOCKS = ((16, 16, 32, 1), (16, 32, 32, 2), (32, 64, 16, 2))  # channels in and out, size, stride
NORMS = (16, 16, 16, 32, 32, 64, 64)  # channels of each, in order


def resnet8() -> Callable[[], float]:
    """A convolution, three blocks of two, the mean over all places, a layer; momentum with decay."""
    rng = generator()
    shapes = [(16, 3, 3, 3), *[shape for a, b, _, s in BLOCKS for shape in _shapes(a, b, s)], (10, 64)]
    weights = [_by_tap(w) if w.ndim == 4 else w for w in (drawn(rng, shape) for shape in shapes)]
    x, target = rng.normal(size=(BATCH, 3, 32, 32)).astype(np.float32), rng.integers(0, 10, BATCH)
    ones, zeros = [np.ones(c, np.float32) for c in NORMS], [np.zeros(c, np.float32) for c in NORMS]
    flat = Momentum([*weights, np.zeros(10, np.float32), *ones, *zeros], decay=1e-4)
    pairs, count = list(zip(flat.parameters, flat.gradients)), len(weights)
    kernels, scales = iter(pairs[: count - 1]), zip(pairs[count + 1 : count + 8], pairs[count + 8 :])
    head, loss = Linear(BATCH, pairs[count - 1], pairs[count]), CrossEntropy(target, 10)
    stem = Stem(x, next(kernels), next(scales))
    blocks, before = [], stem.out
    for channels, outputs, size, stride in BLOCKS:
        blocks.append(Block(before, channels, outputs, size, stride, kernels, scales))
        before = blocks[-1].out
    places, of_last = before.shape[1] * before.shape[2], np.empty_like(before)

    def step() -> float:
        stem.forward()
        for block in blocks:
            block.forward()
        logits = head.forward(before.reshape(BATCH, places, 64).mean(axis=1))
        value = loss(logits)

        of_last[...] = (head.backward(logits) / places)[:, None, None]
        g = of_last
        for block in reversed(blocks):
            g = block.backward(g)
        stem.backward(g)
        flat.step()
        return value

    return step


def _shapes(a: int, b: int, stride: int) -> list[tuple[int, int, int, int]]:
    return [(b, a, 3, 3), (b, b, 3, 3), *([] if stride == 1 else [(b, a, 1, 1)])]


def _by_tap(w: Array) -> Array:
    return np.ascontiguousarray(w.transpose(2, 3, 1, 0)).reshape(-1, len(w))


def _padded(x: Array) -> tuple[Array, Array]:
    """Room with a border of zeros, and its inside."""
    n, height, width, channels = x.shape
    room = np.zeros((n, height + 2, width + 2, channels), np.float32)
    return room, room[:, 1:-1, 1:-1]


class Stem:
    """The first convolution, its norm and ReLU."""

    def __init__(self, x: Array, weight: Any, scale: Any) -> None:
        room, inner = _padded(np.empty((BATCH, 32, 32, 3)))
        inner[...] = x.transpose(0, 2, 3, 1)
        self.convolution, self.of_w = Convolution(room, weight[0], 16, 3), weight[1]
        self.norm = Norm(self.convolution.out, *scale)
        self.out = self.norm.out

    def forward(self) -> None:
        """relu(norm(conv(x)))"""
        self.convolution.forward()
        self.norm.forward()
        np.maximum(self.out, 0, out=self.out)

    def backward(self, g: Array) -> None:
        """The gradients of weights, scale and shift."""
        g *= self.out > 0
        self.convolution.weight_gradient(self.norm.backward(g), self.of_w)


class Block:
    """relu(norm₂(conv₂(relu(norm₁(conv₁(x))))) + short(x)), where short is a convolution of 1 × 1 where shapes change."""

    def __init__(self, x: Array, channels: int, outputs: int, size: int, stride: int, weights: Any, scales: Any) -> None:
        self.x = x
        room, self.inner = _padded(np.empty((BATCH, size, size, channels)))
        (w1, self.of_w1), (w2, self.of_w2) = next(weights), next(weights)
        self.conv1 = Convolution(room, w1, outputs, 3, stride)
        self.norm1 = Norm(self.conv1.out, *next(scales))
        between, self.between = _padded(self.conv1.out)
        self.conv2 = Convolution(between, w2, outputs, 3)
        self.norm2 = Norm(self.conv2.out, *next(scales))
        self.out = self.norm2.out
        self.back1, self.back2 = Transposed(self.conv1), Transposed(self.conv2)
        self.of_between = np.empty_like(self.conv1.out)
        self.w_short, self.of_short = (None, None) if stride == 1 else next(weights)

    def forward(self) -> None:
        """From what stands in x."""
        self.inner[...] = self.x
        self.conv1.forward()
        np.maximum(self.norm1.forward(), 0, out=self.between)
        self.conv2.forward()
        out = self.norm2.forward()
        if self.w_short is None:
            out += self.x
        else:
            self.corners = np.ascontiguousarray(self.x[:, ::2, ::2]).reshape(-1, self.x.shape[3])
            out += (self.corners @ self.w_short).reshape(out.shape)
        np.maximum(out, 0, out=out)

    def backward(self, g: Array) -> Array:
        """x̄; the weights' gradients are left where the update reads them."""
        g *= self.out > 0
        self.back2.g[...] = self.norm2.backward(g.copy())
        self.conv2.weight_gradient(self.back2.g, self.of_w2)
        np.multiply(self.back2()[:, 1:-1, 1:-1], self.between > 0, out=self.of_between)
        self.back1.g[...] = self.norm1.backward(self.of_between)
        self.conv1.weight_gradient(self.back1.g, self.of_w1)
        of_x = np.ascontiguousarray(self.back1()[:, 1:-1, 1:-1])
        if self.w_short is None:
            of_x += g
        else:
            rows = g.reshape(-1, g.shape[3])
            np.matmul(self.corners.T, rows, out=self.of_short)
            of_x[:, ::2, ::2] += (rows @ self.w_short.T).reshape(*g.shape[:3], -1)
        return of_x


class Norm:
    """y = w x̂ + b over all places of the batch, channel by channel;   x̄ = w r (ȳ − b̄/m − x̂ w̄/m),   w̄ = Σ ȳ x̂,   b̄ = Σ ȳ"""

    def __init__(self, x: Array, scale: Pair, shift: Pair) -> None:
        (self.w, self.of_w), (self.b, self.of_b) = scale, shift
        self.channels, self.repeats, self.count = x.shape[3], LONG // x.shape[3], x.size // x.shape[3]
        self.x, self.out = x.reshape(-1, LONG), np.empty_like(x)
        self.centred, self.ones = np.empty_like(self.x), np.ones(len(self.x), np.float32)
        self.scratch = np.empty((BLOCK, LONG), np.float32)
        self.running_mean, self.running_var = np.zeros(self.channels, np.float32), np.ones(self.channels, np.float32)

    def _by_channel(self, tiled: Array) -> Array:
        return tiled.reshape(self.repeats, self.channels).sum(axis=0)

    def _blocks(self) -> Iterator[tuple[slice, Array]]:
        for i in range(0, len(self.x), BLOCK):
            block = slice(i, min(i + BLOCK, len(self.x)))
            yield block, self.scratch[: block.stop - i]

    def forward(self) -> Array:
        """y, and the running statistics."""
        mean = self._by_channel(self.ones @ self.x) / self.count
        tiled, squares = np.tile(mean, self.repeats), np.zeros(LONG, np.float32)
        for block, s in self._blocks():
            h = np.subtract(self.x[block], tiled, out=self.centred[block])
            squares += self.ones[: len(h)] @ np.multiply(h, h, out=s)
        var = self._by_channel(squares) / self.count
        self.r = 1 / np.sqrt(var + 1e-5)
        factor, shift = np.tile(self.r * self.w, self.repeats), np.tile(self.b, self.repeats)
        out = self.out.reshape(-1, LONG)
        for block, _ in self._blocks():
            y = np.multiply(self.centred[block], factor, out=out[block])
            y += shift
        self.running_mean += 0.1 * (mean - self.running_mean)
        self.running_var += 0.1 * (var * (self.count / (self.count - 1)) - self.running_var)
        return self.out

    def backward(self, g: Array) -> Array:
        """x̄, in place of ȳ."""
        rows, products = g.reshape(-1, LONG), np.zeros(LONG, np.float32)
        self.of_b[...] = self._by_channel(self.ones @ rows)
        for block, s in self._blocks():
            products += self.ones[: len(s)] @ np.multiply(rows[block], self.centred[block], out=s)
        self.of_w[...] = self._by_channel(products) * self.r
        factor = self.w * self.r
        beside = (factor, -factor * self.r * self.of_w / self.count, -factor * self.of_b / self.count)
        a, b, c = (np.tile(v, self.repeats) for v in beside)
        for block, _ in self._blocks():
            y, h = rows[block], self.centred[block]
            y *= a
            h *= b
            y += h
            y += c
        return g
