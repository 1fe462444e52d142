"""The scalar engine beside micrograd, on micrograd's own demo.

An MLP 2-16-16-1 learns to tell two moons apart: 100 points, hinge loss, L2 regularisation, plain gradient descent. A step is
all of it, from wrapping the inputs to updating the parameters. There are two ways to do it in `byhand.scalar`:

- plain: micrograd's own network code, running on our Values;
- fused: our `MLP`, whose neurons are one node each.

All start from the same weights and see the same points, and the first losses must agree.
"""

import gc
import random
from collections.abc import Sequence
from math import cos, isclose, pi, sin
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import byhand.scalar
import micrograd.engine
import micrograd.nn

SIZES = (2, [16, 16, 1])
STEPS = 3  # in a row, so that each library pays in its own time for the garbage it makes


class Row(NamedTuple):
    """A line of the report: seconds per step, and the ratio ours / theirs."""

    name: str
    ours: float
    theirs: float
    ratio: float


class Contender:
    """A network, the class of its numbers, and the measurements taken of it."""

    def __init__(self, value: Any, model: Any, weights: Sequence[float]) -> None:
        self.value, self.model = value, model
        self.losses: list[float] = []
        self.seconds: list[float] = []
        for parameter, weight in zip(model.parameters(), weights, strict=True):
            parameter.data = weight

    def measure(self, points: list[list[float]], sides: list[int]) -> None:
        """Take a few steps, without the garbage of those who came before."""
        gc.collect()
        for _ in range(STEPS):
            start = perf_counter()
            self.losses.append(self.step(points, sides))
            self.seconds.append(perf_counter() - start)

    def step(self, points: list[list[float]], sides: list[int]) -> float:
        """One step of the demo, line by line as in its notebook. Returns the loss."""
        inputs = [list(map(self.value, point)) for point in points]
        scores = list(map(self.model, inputs))
        losses = [(1 + -side * score).relu() for side, score in zip(sides, scores)]
        data_loss = sum(losses) * (1.0 / len(losses))
        reg_loss = 1e-4 * sum(p * p for p in self.model.parameters())
        total_loss = data_loss + reg_loss
        self.model.zero_grad()
        total_loss.backward()
        for p in self.model.parameters():
            p.data -= (1.0 - 0.9 * len(self.losses) / 100) * p.grad
        return float(total_loss.data)


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


def run(rounds: int = 7) -> list[Row]:
    """Measure all in turn, `rounds` times. Raises AssertionError if their losses in the first steps disagree."""
    rng = random.Random(1337)
    points, sides = moons(100, 0.1, rng)
    ours = byhand.scalar.MLP(*SIZES, rng=rng)
    weights = [p.data for p in ours.parameters()]
    theirs = Contender(micrograd.engine.Value, micrograd.nn.MLP(*SIZES), weights)
    plain = Contender(byhand.scalar.Value, micrograd_on_our_values(), weights)
    fused = Contender(byhand.scalar.Value, ours, weights)
    for _ in range(rounds):
        for contender in (theirs, plain, fused):
            contender.measure(points, sides)
    rows = []
    for name, contender in (("micrograd demo, plain", plain), ("micrograd demo, fused", fused)):
        for step, (mine, other) in enumerate(zip(contender.losses[:STEPS], theirs.losses)):
            if not isclose(mine, other, rel_tol=1e-9):
                raise AssertionError(f"{name}: the loss of step {step} is {mine!r}, micrograd's is {other!r}")
        seconds, reference = median(contender.seconds), median(theirs.seconds)
        rows.append(Row(name, seconds, reference, seconds / reference))
    return rows


if __name__ == "__main__":
    for row in run():
        times = f"ours {row.ours * 1e3:6.1f} ms   theirs {row.theirs * 1e3:6.1f} ms"
        print(f"{row.name}   {times}   ratio {row.ratio:.3f}, {1 / row.ratio:.1f} times faster")
