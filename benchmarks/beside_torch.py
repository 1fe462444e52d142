"""Small workloads, each written once against PyTorch's names and run on both libraries from the same weights and data.

The losses of the first steps must agree, or the row does not count.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import isclose
from typing import Any

import byhand.nn
import byhand.nn.functional
import byhand.optim
import byhand.tensor
import numpy as np
import torch

from .interleaved import Row, side_by_side

Step = Callable[[], float]
_OURS = (byhand.tensor, byhand.nn, byhand.nn.functional, byhand.optim)
_THEIRS = (torch, torch.nn, torch.nn.functional, torch.optim)


def one_op(torch: Any, _nn: Any, _F: Any, _optim: Any, data: np.random.Generator) -> Step:
    """One multiplication of 8 × 8 matrices, forward and backward."""
    x = torch.tensor(data.normal(size=(8, 8)).astype(np.float32), requires_grad=True)
    y = torch.tensor(data.normal(size=(8, 8)).astype(np.float32))
    g = torch.ones_like(y)

    def step() -> float:
        x.grad = None
        z = x * y
        z.backward(g)
        return float(x.grad[0, 0])

    return step


def small_mlp(torch: Any, nn: Any, F: Any, optim: Any, data: np.random.Generator) -> Step:
    """MLP 30-64-32-1, batch 32, binary cross-entropy, Adam."""
    return _mlp(torch, nn, F, optim, data, [30, 64, 32, 1], 32, "bce")


def mnist_mlp(torch: Any, nn: Any, F: Any, optim: Any, data: np.random.Generator) -> Step:
    """MLP 784-512-256-10, batch 128, cross-entropy, Adam."""
    return _mlp(torch, nn, F, optim, data, [784, 512, 256, 10], 128, "ce")


def _mlp(torch: Any, nn: Any, F: Any, optim: Any, data: np.random.Generator, sizes: list[int], batch: int, loss: str) -> Step:
    layers: list[Any] = []
    for n, m in pairwise(sizes):
        layers += [nn.Linear(n, m), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    for p in model.parameters():
        p.data = torch.tensor((data.normal(size=tuple(p.shape)) / np.sqrt(p.shape[-1])).astype(np.float32))
    optimiser = optim.Adam(model.parameters(), lr=1e-3)
    x = torch.tensor(data.normal(size=(batch, sizes[0])).astype(np.float32))
    classes = torch.tensor(data.integers(0, max(sizes[-1], 2), size=batch))
    target = classes.float().reshape(-1, 1) if loss == "bce" else classes

    def step() -> float:
        optimiser.zero_grad()
        out = model(x)
        value = F.binary_cross_entropy_with_logits(out, target) if loss == "bce" else F.cross_entropy(out, target)
        value.backward()
        optimiser.step()
        return float(value.detach())

    return step


def run(rounds: int = 9) -> list[Row]:
    """Measure every workload on both libraries. Raises AssertionError where their first losses disagree."""
    torch.set_num_threads(2)
    rows = []
    for build, repeat in ((one_op, 2000), (small_mlp, 200), (mnist_mlp, 20)):
        ours = build(*_OURS, np.random.default_rng(0))
        theirs = build(*_THEIRS, np.random.default_rng(0))
        for number in range(3):
            mine, other = ours(), theirs()
            if not isclose(mine, other, rel_tol=1e-4):
                raise AssertionError(f"{build.__name__}: step {number} gives {mine!r}, PyTorch's {other!r}")
        rows.append(side_by_side(build.__doc__ or "", ours, theirs, rounds, repeat))
    return rows
