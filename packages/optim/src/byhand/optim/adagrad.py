"""Adagrad: each weight's step divided by the size of all its gradients so far."""

from __future__ import annotations

import numpy as np
from byhand.tensor import Tensor

from ._bundle import Array
from ._groups import Group, Params, check_rate
from .optimizer import Optimizer, descent


class Adagrad(Optimizer):
    """θ ← θ − γₜ g / (√s + ε), where s ← s + g² and γₜ = γ / (1 + (t − 1)η)

    Duchi, Hazan and Singer, *Adaptive Subgradient Methods for Online Learning and Stochastic Optimization* (JMLR 2011),
    section 1.3 with diagonal matrices. g is the gradient, negated if `maximize`, plus λθ.

    Args:
        params: tensors, (name, tensor) pairs, or groups.
        lr: γ, a number or a tensor of one element.
        lr_decay: η.
        weight_decay: λ.
        initial_accumulator_value: what s starts from.
        eps: ε.
        maximize: go up instead of down.
        foreach, fused: choose between PyTorch's implementations, which agree; here there is one.
        differentiable: must be False.

    Raises ValueError for a negative number.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        options = {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "maximize": maximize,
            "foreach": foreach, "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        """Raise ValueError if an option of the group is wrong."""
        check_rate(group)
        for name in ("lr_decay", "weight_decay", "initial_accumulator_value"):
            check_rate(group, name, f"{name} value")
        check_rate(group, "eps", "epsilon value")

    def add_param_group(self, param_group: Group) -> None:
        """Add a group; its state exists from now on, as in PyTorch, and not only from the first step."""
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        for p in group["params"]:
            self.begin(p, self.slots(group))

    def slots(self, group: Group) -> dict[str, float]:
        """Return `step` (t) and `sum` (s)."""
        return {"step": 0.0, "sum": group["initial_accumulator_value"]}

    def update(self, group: Group, step: int, param: Array, grad: Array, state: dict[str, Array], scratch: Array) -> None:
        """Change a flat stretch of `param` and `state` in place, by the formula above."""
        g, t, s = descent(group, param, grad, scratch), scratch[1], state["sum"]
        s += np.multiply(g, g, out=t)
        np.sqrt(s, out=t)
        t += group["eps"]
        np.divide(g, t, out=t)
        t *= float(group["lr"]) / (1 + (step - 1) * group["lr_decay"])
        param -= t
