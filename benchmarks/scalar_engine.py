"""The scalar engine beside micrograd, on micrograd's own demo.

An MLP 2-16-16-1 learns to tell two moons apart: 100 points, hinge loss, L2 regularisation, plain gradient descent. A step
is all of it, from wrapping the inputs to updating the parameters. There are two ways to do it in `byhand.scalar`:

- plain: micrograd's own network code, running on our Values;
- fused: our `MLP`, whose neurons are one node each.

All start from the same weights and see the same points.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from math import cos, pi, sin
from typing import Any

SIZES = (2, [16, 16, 1])
class Demo:
    """A network, the class of its numbers, and how many steps it has had."""

    def __init__(self, value: Any, model: Any, weights: Sequence[float]) -> None:
        self.value, self.model, self.steps = value, model, 0
        for parameter, weight in zip(model.parameters(), weights, strict=True):
            parameter.data = weight

    def step(self, points: list[list[float]], sides: list[int]) -> float:
        """One step, line by line as in the demo's notebook."""
        inputs = [list(map(self.value, point)) for point in points]
        scores = list(map(self.model, inputs))
        losses = [(1 + -side * score).relu() for side, score in zip(sides, scores)]
        data_loss = sum(losses) * (1.0 / len(losses))
        reg_loss = 1e-4 * sum(p * p for p in self.model.parameters())
        total_loss = data_loss + reg_loss
        self.model.zero_grad()
        total_loss.backward()
        for p in self.model.parameters():
            p.data -= max(0.1, 1.0 - 0.9 * self.steps / 100) * p.grad
        self.steps += 1
        return float(total_loss.data)


def moons(n: int, noise: float, rng: random.Random) -> tuple[list[list[float]], list[int]]:
    """Two interleaved half circles of n points together, as scikit-learn's `make_moons`, with sides −1 and 1."""
    half = n // 2
    angles = [pi * i / (half - 1) for i in range(half)]
    upper = [((cos(t), sin(t)), -1) for t in angles]
    lower = [((1 - cos(t), 0.5 - sin(t)), 1) for t in angles]
    points = [([x + rng.gauss(0, noise), y + rng.gauss(0, noise)], side) for (x, y), side in upper + lower]
    return [point for point, _ in points], [side for _, side in points]


def _demo(value: Any, model: Any) -> Callable[[], float]:
    rng = random.Random(1337)
    points, sides = moons(100, 0.1, rng)
    demo = Demo(value, model, [rng.uniform(-1, 1) for _ in model.parameters()])
    return lambda: demo.step(points, sides)


def in_micrograd() -> Callable[[], float]:
    """micrograd itself."""
    import micrograd.engine
    import micrograd.nn

    return _demo(micrograd.engine.Value, micrograd.nn.MLP(*SIZES))


def plain() -> Callable[[], float]:
    """micrograd's MLP with its Values exchanged for ours."""
    import byhand.scalar
    import micrograd.nn

    model = micrograd.nn.MLP(*SIZES)
    for layer in model.layers:
        for neuron in layer.neurons:
            neuron.w = [byhand.scalar.Value(w.data) for w in neuron.w]
            neuron.b = byhand.scalar.Value(neuron.b.data)
    return _demo(byhand.scalar.Value, model)


def fused() -> Callable[[], float]:
    """Our own MLP, whose neurons are one node each."""
    import byhand.scalar

    return _demo(byhand.scalar.Value, byhand.scalar.MLP(*SIZES))
