"""W2 and W3: fully connected networks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from .training import Training
from .weights import filled, generator, numbers


def small(torch: Any, nn: Any, F: Any, optim: Any) -> Callable[[], float]:
    """MLP 30-64-32-1, batch 32, binary cross-entropy, Adam"""
    rng = generator()
    model = _mlp(torch, nn, [30, 64, 32, 1], rng)
    x, target = numbers(torch, rng, 32, 30), torch.tensor(rng.integers(0, 2, (32, 1))).float()
    optimiser = optim.Adam(model.parameters(), lr=1e-3)
    return Training(lambda: F.binary_cross_entropy_with_logits(model(x), target), optimiser, [x, target])


def mnist_sgd(torch: Any, nn: Any, F: Any, optim: Any) -> Callable[[], float]:
    """MLP 784-512-256-10, batch 128, cross-entropy, SGD with momentum"""
    return _mnist(torch, nn, F, lambda parameters: optim.SGD(parameters, lr=0.01, momentum=0.9))


def mnist_adam(torch: Any, nn: Any, F: Any, optim: Any) -> Callable[[], float]:
    """MLP 784-512-256-10, batch 128, cross-entropy, Adam"""
    return _mnist(torch, nn, F, lambda parameters: optim.Adam(parameters, lr=1e-3))


def _mnist(torch: Any, nn: Any, F: Any, optimiser: Callable[..., Any]) -> Callable[[], float]:
    rng = generator()
    model = _mlp(torch, nn, [784, 512, 256, 10], rng)
    x, target = numbers(torch, rng, 128, 784), torch.tensor(rng.integers(0, 10, 128))
    return Training(lambda: F.cross_entropy(model(x), target), optimiser(model.parameters()), [x, target])


def _mlp(torch: Any, nn: Any, sizes: list[int], rng: Any) -> Any:
    layers: list[Any] = []
    for n, m in pairwise(sizes):
        layers += [nn.Linear(n, m), nn.ReLU()]
    return filled(torch, nn.Sequential(*layers[:-1]), rng)
