"""Adamax: Adam with the largest gradient in place of the root mean square."""

from __future__ import annotations

import numpy as np
from byhand.tensor import Tensor

from ._bundle import Array
from ._groups import Group, Params, check_betas, check_rate
from .optimizer import Optimizer, descent


class Adamax(Optimizer):
    """Adam in the infinity norm, whose u needs no correction for having started at 0:

        m ← β₁m + (1 − β₁)g
        u ← max(β₂u, |g| + ε)
        θ ← θ − γ / (1 − β₁ᵗ) · m / u

    Kingma and Ba, *Adam: A Method for Stochastic Optimization* (ICLR 2015), algorithm 2, with ε as in PyTorch. g is the
    gradient, negated if `maximize`, plus λθ.

    Args:
        params: tensors, (name, tensor) pairs, or groups.
        lr: γ, a number or a tensor of one element.
        betas: (β₁, β₂), each in [0, 1).
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
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        options = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "foreach": foreach, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        """Raise ValueError if an option of the group is wrong."""
        check_rate(group)
        check_rate(group, "eps", "epsilon value")
        check_betas(group)
        check_rate(group, "weight_decay", "weight_decay value")

    def slots(self, group: Group) -> dict[str, float]:  # noqa: ARG002
        """Return `step` (t), `exp_avg` (m) and `exp_inf` (u)."""
        return {"step": 0.0, "exp_avg": 0.0, "exp_inf": 0.0}

    def update(self, group: Group, step: int, param: Array, grad: Array, state: dict[str, Array], scratch: Array) -> None:
        """Change a flat stretch of `param` and `state` in place, by the formula above."""
        beta1, beta2 = group["betas"]
        g, t, m, u = descent(group, param, grad, scratch), scratch[1], state["exp_avg"], state["exp_inf"]
        np.subtract(g, m, out=t)
        t *= 1 - beta1
        m += t
        np.abs(g, out=t)
        t += group["eps"]
        u *= beta2
        np.maximum(u, t, out=u)
        np.divide(m, u, out=t)
        t *= float(group["lr"]) / (1 - beta1**step)
        param -= t
