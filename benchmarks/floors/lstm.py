"""W7 by hand: the gates in one product per step, all weight gradients in one product at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..workloads.weights import drawn, generator
from .linear import Linear
from .losses import CrossEntropy
from .optimisers import Adam

Array = np.ndarray[Any, Any]
TIME, BATCH, WIDTH = 64, 32, 128
SIGMOIDS = 3 * WIDTH  # the gates i, f, o come first, then the candidate g (PyTorch's order is i, f, g, o)


def _reordered(w: Array) -> Array:
    i, f, g, o = np.split(w, 4)
    return np.concatenate([i, f, o, g])


def lstm() -> Callable[[], float]:
    """An LSTM, a layer on its last output, Adam."""
    rng = generator()
    w_x, w_h, w_out = [drawn(rng, shape) for shape in ((4 * WIDTH, WIDTH), (4 * WIDTH, WIDTH), (10, WIDTH))]
    x, target = rng.normal(size=(TIME * BATCH, WIDTH)).astype(np.float32), rng.integers(0, 10, BATCH)
    zeros = np.zeros(4 * WIDTH, np.float32)
    flat = Adam([_reordered(w_x), _reordered(w_h), w_out, zeros, zeros, np.zeros(10, np.float32)])
    w_x, w_h, _, b_x, b_h, _ = flat.parameters
    of_w_x, of_w_h, _, of_b_x, of_b_h, _ = flat.gradients
    pairs = list(zip(flat.parameters, flat.gradients))
    cell, head, loss = Cell(), Linear(BATCH, pairs[2], pairs[5]), CrossEntropy(target, 10)
    ones = np.ones(TIME * BATCH, np.float32)

    def step() -> float:
        gates = cell.gates
        np.matmul(x, w_x.T, out=gates.reshape(-1, 4 * WIDTH))
        np.add(gates, b_x + b_h, out=gates)
        last = cell.forward(np.ascontiguousarray(w_h.T))
        logits = head.forward(last)
        value = loss(logits)

        cell.backward(head.backward(logits), w_h)
        g = cell.of_gates.reshape(-1, 4 * WIDTH)
        np.matmul(g.T, x, out=of_w_x)
        np.matmul(g.T, cell.h[:-1].reshape(-1, WIDTH), out=of_w_h)
        np.matmul(ones, g, out=of_b_x)
        of_b_h[...] = of_b_x
        flat.step()
        return value

    return step


class Cell:
    """i, f, o = σ(…), g = tanh(…);   c ← f c + i g,   h = o tanh c"""

    def __init__(self) -> None:
        self.gates = np.empty((TIME, BATCH, 4 * WIDTH), np.float32)
        self.h, self.c = np.zeros((2, TIME + 1, BATCH, WIDTH), np.float32)
        self.tanh_c = np.empty((TIME, BATCH, WIDTH), np.float32)
        self.of_gates = np.empty_like(self.gates)
        self.product, self.scratch = np.empty((BATCH, 4 * WIDTH), np.float32), np.empty((BATCH, WIDTH), np.float32)

    def forward(self, w: Array) -> Array:
        """Run through time; the gates hold x's part at first and their values afterwards."""
        h, c, scratch = self.h, self.c, self.scratch
        for t in range(TIME):
            gates = self.gates[t]
            gates += np.matmul(h[t], w, out=self.product)
            sigmoids = gates[:, :SIGMOIDS]
            sigmoids *= 0.5  # σ(z) = ½ (1 + tanh ½z): one tanh for all
            np.tanh(gates, out=gates)
            sigmoids *= 0.5
            sigmoids += 0.5
            i, f, o, g = (gates[:, k : k + WIDTH] for k in range(0, 4 * WIDTH, WIDTH))
            np.multiply(f, c[t], out=c[t + 1])
            c[t + 1] += np.multiply(i, g, out=scratch)
            np.tanh(c[t + 1], out=self.tanh_c[t])
            np.multiply(o, self.tanh_c[t], out=h[t + 1])
        return h[TIME]

    def backward(self, of_h: Array, w: Array) -> None:
        """Back through time; h̄ is that of the last output and is used up."""
        of_c = np.zeros((BATCH, WIDTH), np.float32)
        self._slopes()
        scratch = self.scratch
        for t in reversed(range(TIME)):
            i, f, o, g = (self.gates[t][:, k : k + WIDTH] for k in range(0, 4 * WIDTH, WIDTH))
            slopes = self.of_gates[t]
            of_i, of_f, of_o, of_g = (slopes[:, k : k + WIDTH] for k in range(0, 4 * WIDTH, WIDTH))
            tanh_c = self.tanh_c[t]
            of_o *= np.multiply(of_h, tanh_c, out=scratch)
            np.multiply(tanh_c, tanh_c, out=scratch)
            np.subtract(1, scratch, out=scratch)
            scratch *= o
            scratch *= of_h
            of_c += scratch
            of_i *= np.multiply(of_c, g, out=scratch)
            of_f *= np.multiply(of_c, self.c[t], out=scratch)
            of_g *= np.multiply(of_c, i, out=scratch)
            of_c *= f
            np.matmul(slopes, w, out=of_h)

    def _slopes(self) -> None:
        """The slopes of all gates at once: s (1 − s) and 1 − g²."""
        for gates, out in zip(self.gates, self.of_gates):
            np.multiply(gates, gates, out=out)
            np.subtract(gates[:, :SIGMOIDS], out[:, :SIGMOIDS], out=out[:, :SIGMOIDS])
            np.subtract(1, out[:, SIGMOIDS:], out=out[:, SIGMOIDS:])
