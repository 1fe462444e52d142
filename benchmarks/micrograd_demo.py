"""The scalar engine beside micrograd, on micrograd's own demo.

An MLP 2-16-16-1 learns to tell two moons apart: 100 points, hinge loss, L2 regularisation, plain gradient descent. A step
is all of it, from wrapping the inputs to updating the parameters. There are two ways to do it in `byhand.scalar`:

- plain: micrograd's own network code, running on our Values;
- fused: our `MLP`, whose neurons are one node each.

All start from the same weights and see the same points, and the first losses must agree.
"""

import random
from collections.abc import Sequence
from math import cos, isclose, pi, sin
from typing import Any

import byhand.scalar
import micrograd.engine
import micrograd.nn

from .interleaved import Row, side_by_side

SIZES = (2, [16, 16, 1])
STEPS = 2  # in a row, so that each library pays in its own time for the garbage it makes


class Demo:
    """A network, the class of its numbers, and the losses it has had."""

    def __init__(self, value: Any, model: Any, weights: Sequence[float]) -> None:
        self.value, self.model = value, model
        self.losses: list[float] = []
        for parameter, weight in zip(model.parameters(), weights, strict=True):
            parameter.data = weight

    def step(self, points: list[list[float]], sides: list[int]) -> None:
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
            p.data -= max(0.1, 1.0 - 0.9 * len(self.losses) / 100) * p.grad
        self.losses.append(float(total_loss.data))


def moons(n: int, noise: float, rng: random.Random) -> tuple[list[list[float]], list[int]]:
    """Two interleaved half circles of n points together, as scikit-learn's `make_moons`, with sides −1 and 1."""
    half = n // 2
    angles = [pi * i / (half - 1) for i in range(half)]
    upper = [((cos(t), sin(t)), -1) for t in angles]
    lower = [((1 - cos(t), 0.5 - sin(t)), 1) for t in angles]
    points = [([x + rng.gauss(0, noise), y + rng.gauss(0, noise)], side) for (x, y), side in upper + lower]
    return [point for point, _ in points], [side for _, side in points]


def micrograd_on_our_values() -> micrograd.nn.MLP:
    """micrograd's MLP with its Values exchanged for ours."""
    model = micrograd.nn.MLP(*SIZES)
    for layer in model.layers:
        for neuron in layer.neurons:
            neuron.w = [byhand.scalar.Value(w.data) for w in neuron.w]
            neuron.b = byhand.scalar.Value(neuron.b.data)
    return model


def beside(name: str, value: Any, model: Any, rounds: int) -> Row:
    """Measure `model` beside micrograd's on the same weights. Raises AssertionError if their first losses disagree."""
    rng = random.Random(1337)
    points, sides = moons(100, 0.1, rng)
    weights = [rng.uniform(-1, 1) for _ in model.parameters()]
    ours = Demo(value, model, weights)
    theirs = Demo(micrograd.engine.Value, micrograd.nn.MLP(*SIZES), weights)
    row = side_by_side(name, lambda: ours.step(points, sides), lambda: theirs.step(points, sides), rounds, STEPS)
    for step, (mine, other) in enumerate(zip(ours.losses[:3], theirs.losses, strict=False)):
        if not isclose(mine, other, rel_tol=1e-9):
            raise AssertionError(f"{name}: the loss of step {step} is {mine!r}, micrograd's is {other!r}")
    return row


def run(rounds: int = 7) -> list[Row]:
    """The demo with micrograd's own network code on our Values, and with our network."""
    return [
        beside("micrograd demo, plain", byhand.scalar.Value, micrograd_on_our_values(), rounds),
        beside("micrograd demo, fused", byhand.scalar.Value, byhand.scalar.MLP(*SIZES), rounds),
    ]


if __name__ == "__main__":
    for row in run():
        times = f"ours {row.ours * 1e3:6.1f} ms   theirs {row.theirs * 1e3:6.1f} ms"
        print(f"{row.name}   {times}   ratio {row.ratio:.3f}, {1 / row.ratio:.1f} times faster")
