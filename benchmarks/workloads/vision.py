"""W4: the convolutional network of PyTorch's MNIST example."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .training import Training
from .weights import filled, generator, numbers


def cnn(torch: Any, nn: Any, F: Any, optim: Any) -> Callable[[], float]:
    """CNN of PyTorch's MNIST example (1.2 M weights), batch 64, Adam"""
    rng = generator()
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(9216, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip
    filled(torch, model, rng)
    optimiser = optim.Adam(model.parameters(), lr=1e-3)
    x, target = numbers(torch, rng, 64, 1, 28, 28), torch.tensor(rng.integers(0, 10, 64))
    return Training(lambda: F.cross_entropy(model(x), target), optimiser, [x, target])
