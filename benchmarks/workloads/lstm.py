"""W7: a recurrent network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .training import Training
from .weights import filled, generator, numbers


def lstm(torch: Any, nn: Any, F: Any, optim: Any) -> Callable[[], float]:
    """LSTM 128, sequence 64, batch 32, Adam"""
    rng = generator()
    model = nn.ModuleDict({"lstm": nn.LSTM(128, 128), "head": nn.Linear(128, 10)})
    filled(torch, model, rng)
    optimiser = optim.Adam(model.parameters(), lr=1e-3)
    x, target = numbers(torch, rng, 64, 32, 128), torch.tensor(rng.integers(0, 10, 32))

    def loss() -> Any:
        out, _ = model["lstm"](x)
        return F.cross_entropy(model["head"](out[-1]), target)

    return Training(loss, optimiser, [x, target])
