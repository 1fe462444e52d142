"""W4 by hand: channels last, windows in rows, the larger of two as maxima of slices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..workloads.weights import drawn, generator
from .convolution import Convolution, Transposed
from .linear import Linear
from .losses import CrossEntropy
from .optimisers import Adam

Array = np.ndarray[Any, Any]
BATCH = 64


def cnn() -> Callable[[], float]:
    """Two convolutions, pooling, two layers, Adam."""
    rng = generator()
    shapes = [(32, 1, 3, 3), (64, 32, 3, 3), (128, 9216), (10, 128)]
    w1, w2, w3, w4 = (drawn(rng, shape) for shape in shapes)
    images, target = rng.normal(size=(BATCH, 1, 28, 28)).astype(np.float32), rng.integers(0, 10, BATCH)
    flat = Adam([
        w1.transpose(2, 3, 1, 0).reshape(9, 32), w2.transpose(2, 3, 1, 0).reshape(288, 64),
        w3.reshape(128, 64, 12, 12).transpose(0, 2, 3, 1).reshape(128, 9216), w4,
        *[np.zeros(len(w), np.float32) for w in (w1, w2, w3, w4)],
    ])  # fmt: skip
    pairs = list(zip(flat.parameters, flat.gradients))
    (w1, of_w1), (w2, of_w2), _, _, (b1, of_b1), (b2, of_b2) = pairs[:6]
    first = Convolution(images.reshape(BATCH, 28, 28, 1), w1, 32, 3)
    second = Convolution(first.out, w2, 64, 3)
    back, pool, loss = Transposed(second), Pool(second.out), CrossEntropy(target, 10)
    third, fourth = Linear(BATCH, pairs[2], pairs[6]), Linear(BATCH, pairs[3], pairs[7])
    features, ones = pool.out.reshape(BATCH, 9216), np.ones(BATCH * 26 * 26, np.float32)

    def step() -> float:
        first.forward(b1, relu=True)
        second.forward(b2)
        pool.forward()
        np.maximum(features, 0, out=features)  # the larger of two and ReLU may change places
        hidden = third.forward(features)
        np.maximum(hidden, 0, out=hidden)
        logits = fourth.forward(hidden)
        value = loss(logits)

        g = fourth.backward(logits)
        g *= hidden > 0
        g = third.backward(g)
        g *= features > 0
        by_place = g.reshape(-1, 64)
        np.matmul(ones[: len(by_place)], by_place, out=of_b2)
        pool.backward(g.reshape(pool.out.shape), back.g)
        second.weight_gradient(back.g, of_w2)
        g = back()
        g *= first.out > 0
        first.weight_gradient(g, of_w1)
        np.matmul(ones, g.reshape(-1, 32), out=of_b1)
        flat.step()
        return value

    return step


class Pool:
    """The largest of 2 × 2: of neighbours in a line, then of neighbouring lines; of equal ones the first."""

    def __init__(self, x: Array) -> None:
        n, height, width, channels = x.shape
        self.x = x
        self.larger = np.empty((n, height, width // 2, channels), x.dtype)
        self.out = np.empty((n, height // 2, width // 2, channels), x.dtype)
        self.right, self.lower = np.empty(self.larger.shape, np.bool_), np.empty(self.out.shape, np.bool_)
        self.of_larger = np.empty_like(self.larger)

    def forward(self) -> Array:
        """Return the maxima and remember where they were."""
        for n in range(len(self.x)):
            x, larger = self.x[n], self.larger[n]
            np.greater(x[:, 1::2], x[:, ::2], out=self.right[n])
            np.maximum(x[:, 1::2], x[:, ::2], out=larger)
            np.greater(larger[1::2], larger[::2], out=self.lower[n])
            np.maximum(larger[1::2], larger[::2], out=self.out[n])
        return self.out

    def backward(self, g: Array, out: Array) -> None:
        """Write each gradient to where its maximum was, 0 elsewhere."""
        for n in range(len(g)):
            lines, lower, right = self.of_larger[n], self.lower[n], self.right[n]
            np.multiply(g[n], lower, out=lines[1::2])
            np.subtract(g[n], lines[1::2], out=lines[::2])
            np.multiply(lines, right, out=out[n, :, 1::2])
            np.subtract(lines, out[n, :, 1::2], out=out[n, :, ::2])
