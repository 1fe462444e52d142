"""A linear layer whose buffers are made once."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]  # a parameter and its gradient


class Linear:
    """y = x wᵀ + b;   w̄ = ȳᵀ x,   b̄ = Σ ȳ,   x̄ = ȳ w"""

    def __init__(self, rows: int, weight: Pair, bias: Pair) -> None:
        (self.w, self.of_w), (self.b, self.of_b) = weight, bias
        outputs, inputs = self.w.shape
        self.y, self.of_x = np.empty((rows, outputs), np.float32), np.empty((rows, inputs), np.float32)
        self.ones = np.ones(rows, np.float32)

    def forward(self, x: Array) -> Array:
        """y"""
        self.x = x
        np.matmul(x, self.w.T, out=self.y)
        self.y += self.b
        return self.y

    def of_parameters(self, g: Array) -> None:
        """w̄ and b̄"""
        np.matmul(g.T, self.x, out=self.of_w)
        np.matmul(self.ones, g, out=self.of_b)

    def backward(self, g: Array) -> Array:
        """w̄, b̄ and x̄"""
        self.of_parameters(g)
        return np.matmul(g, self.w, out=self.of_x)
