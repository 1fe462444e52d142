"""W0 by hand: what NumPy itself takes for the six operations and their gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..workloads.weights import generator

Array = np.ndarray[Any, Any]


def _given() -> tuple[Array, Array]:
    rng = generator()
    return rng.normal(size=(8, 8)).astype(np.float32), rng.normal(size=(8, 8)).astype(np.float32)


def _softmax(x: Array) -> Array:
    e = np.exp(x - np.maximum.reduce(x, axis=1, keepdims=True))
    e /= np.add.reduce(e, axis=1, keepdims=True)
    return e


def _normalised(x: Array) -> tuple[Array, Array]:
    """(x − μ) r and r, row by row."""
    h = x - np.add.reduce(x, axis=1, keepdims=True) / 8
    r = 1 / np.sqrt(np.vecdot(h, h)[:, None] / 8 + 1e-5)
    h *= r
    return h, r


def forward() -> Callable[[], float]:
    """The six operations."""
    x, w = _given()

    def step() -> float:
        outs = [x * w, x @ w, np.tanh(x), np.add.reduce(x, axis=1), _softmax(x), _normalised(x)[0]]
        return float(outs[0][0, 0])

    return step


def forward_and_backward() -> Callable[[], float]:
    """The six operations and the gradients of x and w, all upstream gradients being one."""
    x, w = _given()
    g, of_rows = np.ones((8, 8), np.float32), np.ones(8, np.float32)

    def step() -> float:
        x * w
        x_bar, w_bar = g * w, g * x
        x @ w
        x_bar += g @ w.T
        w_bar += x.T @ g
        y = np.tanh(x)
        x_bar += g * (1 - y * y)
        np.add.reduce(x, axis=1)
        x_bar += of_rows[:, None]
        y = _softmax(x)
        x_bar += y * (g - np.vecdot(g, y)[:, None])
        y, r = _normalised(x)
        x_bar += r * (g - np.add.reduce(g, axis=1, keepdims=True) / 8 - y * (np.vecdot(g, y)[:, None] / 8))
        return float(x_bar[0, 0])

    return step
