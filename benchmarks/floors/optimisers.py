"""All parameters in one flat array, updated in blocks that fit the processor's cache."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
BLOCK = 2**16


class Flat:
    """Parameters and gradients as views of two flat arrays: gradients are computed where the update reads them."""

    def __init__(self, parameters: Sequence[Array]) -> None:
        self.value = np.concatenate([p.reshape(-1) for p in parameters])
        self.gradient = np.zeros_like(self.value)
        self.scratch = np.empty(min(BLOCK, self.value.size), self.value.dtype)
        self.parameters = list(_views(self.value, parameters))
        self.gradients = list(_views(self.gradient, parameters))
        self.blocks = [slice(i, min(i + BLOCK, self.value.size)) for i in range(0, self.value.size, BLOCK)]

    def clip(self, largest: float) -> None:
        """Scale the gradients so that their common norm is `largest` at most."""
        norm = math.sqrt(np.dot(self.gradient, self.gradient))
        if norm + 1e-6 > largest:
            self.gradient *= largest / (norm + 1e-6)


def _views(flat: Array, arrays: Sequence[Array]) -> Iterator[Array]:
    start = 0
    for a in arrays:
        yield flat[start : start + a.size].reshape(a.shape)
        start += a.size


class Adam(Flat):
    """Adam, and AdamW where weights decay. The moments are kept divided by 1 − β, which saves three passes of thirteen:

    with M = m/(1−β₁), V = v/(1−β₂), c_i = 1 − β_iᵗ and ρ = √(c₂/(1−β₂)):   p ← p − s M/(√V + ε'),   s = η ρ (1−β₁)/c₁,   ε' = ε ρ
    """

    def __init__(self, parameters: Sequence[Array], rate: float = 1e-3, decay: float = 0.0) -> None:
        super().__init__(parameters)
        self.first, self.second, self.steps = np.zeros_like(self.value), np.zeros_like(self.value), 0
        self.rate, self.decay = rate, decay

    def step(self) -> None:
        """Update the parameters from the gradients."""
        self.steps += 1
        root = math.sqrt((1 - 0.999**self.steps) / (1 - 0.999))
        size, epsilon = self.rate * 0.1 / (1 - 0.9**self.steps) * root, 1e-8 * root
        for block in self.blocks:
            p, g, m, v = self.value[block], self.gradient[block], self.first[block], self.second[block]
            t = self.scratch[: p.size]
            m *= 0.9
            m += g
            np.multiply(g, g, out=t)
            v *= 0.999
            v += t
            np.sqrt(v, out=t)
            t += epsilon
            np.divide(m, t, out=t)
            t *= size
            if self.decay:
                p *= 1 - self.rate * self.decay
            p -= t


class Momentum(Flat):
    """Gradient descent with momentum:   u ← μ u + g + λ p,   p ← p − η u"""

    def __init__(self, parameters: Sequence[Array], rate: float = 0.01, momentum: float = 0.9, decay: float = 0.0) -> None:
        super().__init__(parameters)
        self.velocity = np.zeros_like(self.value)
        self.rate, self.momentum, self.decay = rate, momentum, decay

    def step(self) -> None:
        """Update the parameters from the gradients."""
        for block in self.blocks:
            p, g, u = self.value[block], self.gradient[block], self.velocity[block]
            t = self.scratch[: p.size]
            u *= self.momentum
            u += g
            if self.decay:
                np.multiply(p, self.decay, out=t)
                u += t
            np.multiply(u, self.rate, out=t)
            p -= t
