"""Adadelta: steps in the units of the weights, so that no learning rate is needed."""

from __future__ import annotations

import numpy as np
from byhand.tensor import Tensor

from ._bundle import Array
from ._groups import Group, Params, check_rate
from .optimizer import Optimizer, descent


class Adadelta(Optimizer):
    """The gradient divided by its own recent size and multiplied with that of the steps:

        v ← ρv + (1 − ρ)g²
        Δ = g √(u + ε) / √(v + ε)
        u ← ρu + (1 − ρ)Δ²
        θ ← θ − γΔ

    Zeiler, *ADADELTA: An Adaptive Learning Rate Method* (2012), algorithm 1, where γ = 1. g is the gradient, negated if
    `maximize`, plus λθ.

    Args:
        params: tensors, (name, tensor) pairs, or groups.
        lr: γ, a number or a tensor of one element.
        rho: ρ, in [0, 1].
        eps: ε.
        weight_decay: λ.
        maximize: go up instead of down.
        foreach: chooses between PyTorch's implementations, which agree; here there is one.
        capturable, differentiable: must be False.

    Raises ValueError for options outside these ranges.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        options = {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        """Raise ValueError if an option of the group is wrong."""
        check_rate(group)
        if not 0.0 <= group["rho"] <= 1.0:
            raise ValueError(f"Invalid rho value: {group['rho']}")
        check_rate(group, "eps", "epsilon value")
        check_rate(group, "weight_decay", "weight_decay value")

    def slots(self, group: Group) -> dict[str, float]:  # noqa: ARG002
        """Return `step`, `square_avg` (v) and `acc_delta` (u)."""
        return {"step": 0.0, "square_avg": 0.0, "acc_delta": 0.0}

    def update(self, group: Group, step: int, param: Array, grad: Array, state: dict[str, Array], scratch: Array) -> None:  # noqa: ARG002
        """Change a flat stretch of `param` and `state` in place, by the formula above."""
        rho, eps, v, u = group["rho"], group["eps"], state["square_avg"], state["acc_delta"]
        g, t = descent(group, param, grad, scratch), scratch[1]
        np.multiply(g, g, out=t)
        t *= 1 - rho
        v *= rho
        v += t
        delta = (u + eps) / np.add(v, eps, out=t)
        np.sqrt(delta, out=delta)
        delta *= g
        np.multiply(delta, delta, out=t)
        t *= 1 - rho
        u *= rho
        u += t
        delta *= float(group["lr"])
        param -= delta
