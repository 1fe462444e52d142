"""The same weights and data for both libraries."""

from __future__ import annotations

from typing import Any

import numpy as np


def generator() -> np.random.Generator:
    """The source of all numbers of a workload."""
    return np.random.default_rng(0)


def numbers(torch: Any, rng: np.random.Generator, *shape: int) -> Any:
    """A float32 tensor of normal numbers."""
    return torch.tensor(rng.normal(size=shape).astype(np.float32))


def drawn(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Weights ~ N(0, 1/fan-in), float32."""
    return (rng.normal(size=shape) * np.prod(shape[1:]) ** -0.5).astype(np.float32)


def filled(torch: Any, model: Any, rng: np.random.Generator) -> Any:
    """The model with weights ~ N(0, 1/fan-in), biases 0; norms keep their ones."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            shape = tuple(parameter.shape)
            if len(shape) > 1:
                parameter.copy_(torch.tensor(drawn(rng, shape)))
            elif "bias" in name:
                parameter.zero_()
    return model
