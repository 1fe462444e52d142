"""The losses' formulas: the value, and the gradient of the logits in place of the logits."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class CrossEntropy:
    """The mean of −ln softmax(z)_t over the rows of z;   z̄ = (softmax(z) − [c = t])/n"""

    def __init__(self, target: Array, classes: int) -> None:
        self.target, self.rows = target, np.arange(len(target))
        self.ones = np.ones(classes, np.float32)
        self.largest, self.total = np.empty((len(target), 1), np.float32), np.empty(len(target), np.float32)

    def __call__(self, z: Array) -> float:
        """Return the loss and leave the gradient in z."""
        n = len(z)
        np.maximum.reduce(z, axis=1, keepdims=True, out=self.largest)
        z -= self.largest
        chosen = z[self.rows, self.target]
        np.exp(z, out=z)
        np.matmul(z, self.ones, out=self.total)
        loss = (float(np.log(self.total).sum()) - float(chosen.sum())) / n
        self.total *= n
        z /= self.total[:, None]
        z[self.rows, self.target] -= 1 / n
        return loss


def binary_cross_entropy(z: Array, target: Array) -> float:
    """The mean of max(z, 0) − z t + ln(1 + e^{−|z|});   z̄ = (1/(1 + e^{−z}) − t)/n, left in z."""
    small = np.exp(-np.abs(z))
    loss = float((np.maximum(z, 0) - z * target + np.log1p(small)).sum()) / z.size
    z *= 0.5
    np.tanh(z, out=z)  # σ(z) = ½ (1 + tanh ½z)
    z *= 0.5
    z += 0.5
    z -= target
    z /= z.size
    return loss
