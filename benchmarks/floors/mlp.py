"""W2 and W3 by hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..mlp_elsewhere import problem
from .linear import Linear
from .losses import CrossEntropy, binary_cross_entropy
from .optimisers import Adam, Flat, Momentum

Array = np.ndarray[Any, Any]


def small() -> Callable[[], float]:
    """W2."""
    return _mlp("W2", Adam)


def mnist_sgd() -> Callable[[], float]:
    """W3 with momentum."""
    return _mlp("W3-sgd", Momentum)


def mnist_adam() -> Callable[[], float]:
    """W3 with Adam."""
    return _mlp("W3-adam", Adam)


def _mlp(workload: str, optimiser: Callable[[list[Array]], Any]) -> Callable[[], float]:
    given = problem(workload)
    count = len(given.weights)
    flat: Flat = optimiser([*given.weights, *given.biases])
    pairs = list(zip(flat.parameters, flat.gradients))
    layers = [Linear(len(given.x), *both) for both in zip(pairs[:count], pairs[count:])]
    masks = [np.empty(layer.y.shape, np.bool_) for layer in layers[:-1]]
    loss = partial(binary_cross_entropy, target=given.target) if given.binary else CrossEntropy(given.target, 10)

    def step() -> float:
        h = given.x
        for layer, mask in zip(layers, masks):
            h = layer.forward(h)
            np.greater(h, 0, out=mask)
            np.maximum(h, 0, out=h)
        g = layers[-1].forward(h)
        value = loss(g)
        for layer, mask in zip(layers[:0:-1], masks[::-1]):
            g = layer.backward(g)
            g *= mask
        layers[0].of_parameters(g)
        flat.step()
        return value

    return step
