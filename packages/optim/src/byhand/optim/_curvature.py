"""What L-BFGS knows of the curvature: the last changes of place and gradient, and the Newton direction they make."""

from __future__ import annotations

from typing import Any

import numpy as np
from byhand.tensor import Tensor
from byhand.tensor._tensor import wrap

from ._bundle import Array, State

CURVED = 1e-10  # a change y · s of less than this says nothing


class Curvature:
    """Pairs s = θₖ₊₁ − θₖ and y = ∇fₖ₊₁ − ∇fₖ, oldest first.

    If f were quadratic with Hessian B, y = Bs. BFGS takes the inverse Hessian nearest to the last guess with Hy = s:

        H ← (1 − ρsyᵀ) H (1 − ρysᵀ) + ρssᵀ,     ρ = 1 / (yᵀs)

    The limited-memory form keeps the pairs instead of H and starts from H₀ = (yᵀs / yᵀy) I of the newest one.
    Nocedal and Wright, *Numerical Optimization* (2nd ed., 2006), equations 6.17 and 7.20.

    Args:
        state: an optimiser's, in PyTorch's format: `old_dirs` (y), `old_stps` (s), `ro` (ρ), `H_diag` (H₀) and `al`,
            the α of the last recursion.
        most: how many pairs are kept.
    """

    def __init__(self, state: State, most: int) -> None:
        self.most = most
        self.changes = plain(state.get("old_dirs") or [])
        self.steps = plain(state.get("old_stps") or [])
        self.inverses = plain(state.get("ro") or [])
        self.scale: Any = plain(state.get("H_diag", 1))
        self.alphas: list[Any] | None = plain(state.get("al"))

    def learn(self, step: Array, change: Array) -> None:
        """Add a pair, if the loss curves upwards between its ends; forget the oldest if there are too many."""
        curvature = np.dot(change, step)
        if curvature > CURVED:
            for kept in (self.changes, self.steps, self.inverses):
                del kept[: max(0, len(kept) - self.most + 1)]
            self.changes.append(change)
            self.steps.append(step)
            self.inverses.append(1.0 / curvature)
            self.scale = curvature / np.dot(change, change)

    def newton(self, gradient: Array) -> Array:
        """Return −H∇f by the two-loop recursion, algorithm 7.4."""
        pairs = range(len(self.changes))
        self.alphas = [None] * max(self.most, len(pairs))
        d = -gradient
        for i in reversed(pairs):
            self.alphas[i] = np.dot(self.steps[i], d) * self.inverses[i]
            d -= self.alphas[i] * self.changes[i]
        d *= self.scale
        for i in pairs:
            beta = np.dot(self.changes[i], d) * self.inverses[i]
            d += (self.alphas[i] - beta) * self.steps[i]
        return d

    def state(self) -> State:
        """Return all of it in PyTorch's format."""
        al = {} if self.alphas is None else {"al": self.alphas}
        names = al | {"old_dirs": self.changes, "old_stps": self.steps, "ro": self.inverses, "H_diag": self.scale}
        return {name: wrapped(value) for name, value in names.items()}


def plain(value: Any) -> Any:
    """Return the array or the number in a tensor; the like of each item of a list; anything else as it is."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value._data[()] if isinstance(value, Tensor) else value


def wrapped(value: Any) -> Any:
    """Return an array, or a number of NumPy's, as a tensor; the like of each item of a list; anything else as it is."""
    if isinstance(value, list):
        return [wrapped(item) for item in value]
    return wrap(np.asarray(value)) if isinstance(value, np.ndarray | np.generic) else value
