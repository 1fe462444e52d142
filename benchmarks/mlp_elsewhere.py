"""W2 and W3 in HIPS autograd and in tinygrad, from the same weights and data."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .processes import Missing
from .workloads.weights import drawn, generator


class Problem(NamedTuple):
    """An MLP's numbers: its weights and biases, one batch, and what is to be done with them."""

    weights: list[Any]
    biases: list[Any]
    x: Any
    target: Any
    binary: bool
    adam: bool


def problem(workload: str) -> Problem:
    """The numbers of `workloads.mlp`, drawn in the same order."""
    sizes, batch = ([30, 64, 32, 1], 32) if workload == "W2" else ([784, 512, 256, 10], 128)
    rng = generator()
    weights = [drawn(rng, (m, n)) for n, m in pairwise(sizes)]
    biases = [np.zeros(m, np.float32) for m in sizes[1:]]
    x = rng.normal(size=(batch, sizes[0])).astype(np.float32)
    binary = sizes[-1] == 1
    target = rng.integers(0, 2, (batch, 1)).astype(np.float32) if binary else rng.integers(0, 10, batch)
    return Problem(weights, biases, x, target, binary, workload == "W2" or workload == "W3-adam")


def in_autograd(workload: str) -> Callable[[], float]:
    """HIPS autograd: `value_and_grad` of a function of the parameters, and its own Adam's or SGD's formulas."""
    import autograd.numpy as anp
    from autograd import value_and_grad

    given = problem(workload)
    count = len(given.weights)
    rows = np.arange(len(given.x))

    def loss(parameters: list[Any]) -> Any:
        h = given.x
        for i in range(count):
            h = anp.dot(h, parameters[i].T) + parameters[count + i]
            h = anp.maximum(h, 0) if i < count - 1 else h
        if given.binary:
            return anp.mean(anp.maximum(h, 0) - h * given.target + anp.log1p(anp.exp(-anp.abs(h))))
        shifted = h - anp.max(h, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(shifted), axis=1)) - shifted[rows, given.target])

    parameters = [*given.weights, *given.biases]
    update = _adam(parameters) if given.adam else _momentum(parameters)
    evaluate = value_and_grad(loss)

    def step() -> float:
        value, gradients = evaluate(parameters)
        update(gradients)
        return float(value)

    return step


def _adam(parameters: list[Any]) -> Callable[[list[Any]], None]:
    m, v = [np.zeros_like(p) for p in parameters], [np.zeros_like(p) for p in parameters]
    steps = 0

    def update(gradients: list[Any]) -> None:
        nonlocal steps
        steps += 1
        for i, g in enumerate(gradients):
            m[i] = 0.1 * g + 0.9 * m[i]
            v[i] = 0.001 * g**2 + 0.999 * v[i]
            parameters[i] = parameters[i] - 1e-3 * (m[i] / (1 - 0.9**steps)) / (np.sqrt(v[i] / (1 - 0.999**steps)) + 1e-8)

    return update


def _momentum(parameters: list[Any]) -> Callable[[list[Any]], None]:
    velocity = [np.zeros_like(p) for p in parameters]

    def update(gradients: list[Any]) -> None:
        for i, g in enumerate(gradients):
            velocity[i] = 0.9 * velocity[i] + g
            parameters[i] = parameters[i] - 0.01 * velocity[i]

    return update


def in_tinygrad(workload: str) -> Callable[[], float]:
    """tinygrad on the CPU, each step compiled once (`TinyJit`). Raises Missing without the compiler that it calls."""
    compiler = os.environ.get("CC", "clang")
    if shutil.which(compiler) is None:
        raise Missing(f"tinygrad compiles with {compiler}, which is not installed")
    from tinygrad import Context, Tensor, TinyJit
    from tinygrad.helpers import DEV
    from tinygrad.nn.optim import SGD, Adam

    DEV.value = "CPU"
    given = problem(workload)
    weights, biases = [Tensor(w) for w in given.weights], [Tensor(b) for b in given.biases]
    parameters = [*weights, *biases]
    optimiser = Adam(parameters, lr=1e-3) if given.adam else SGD(parameters, lr=0.01, momentum=0.9)
    x, target = Tensor(given.x).is_param_(False), Tensor(given.target).is_param_(False)

    @TinyJit
    @Context(TRAINING=1)
    def train() -> Any:
        optimiser.zero_grad()
        h = x
        for i, (w, b) in enumerate(zip(weights, biases)):
            h = h.linear(w.T, b)
            h = h.relu() if i < len(weights) - 1 else h
        loss = h.binary_crossentropy_logits(target) if given.binary else h.sparse_categorical_crossentropy(target)
        loss.backward()
        return loss.realize(*optimiser.schedule_step())

    return lambda: float(train().item())
