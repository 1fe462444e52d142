"""Adam: steps of a size that does not depend on the size of the gradient."""

from __future__ import annotations

import numpy as np
from byhand.tensor import Tensor

from ._bundle import Array
from ._groups import Group, Params, check_betas, check_rate
from .optimizer import Optimizer, decayed, descent


class Adam(Optimizer):
    """Running means of the gradient and of its square, both corrected for having started at 0:

        m ← β₁m + (1 − β₁)g         m̂ = m / (1 − β₁ᵗ)
        v ← β₂v + (1 − β₂)g²        v̂ = v / (1 − β₂ᵗ)
        θ ← θ − γ m̂ / (√v̂ + ε)

    Kingma and Ba, *Adam: A Method for Stochastic Optimization* (ICLR 2015), algorithm 1. g is the gradient, negated if
    `maximize`, plus λθ. With `amsgrad` v̂ uses the largest v so far (Reddi, Kale and Kumar, *On the Convergence of Adam
    and Beyond*, ICLR 2018). With `decoupled_weight_decay` λ stays out of g and θ ← (1 − γλ)θ comes first: `AdamW`.

    Args:
        params: tensors, (name, tensor) pairs, or groups.
        lr: γ, a number or a tensor of one element.
        betas: (β₁, β₂), each in [0, 1); numbers, or tensors of one element.
        eps: ε.
        weight_decay: λ.
        amsgrad: never let the denominator's v shrink.
        maximize: go up instead of down.
        decoupled_weight_decay: shrink θ itself rather than add to its gradient.
        foreach, fused: choose between PyTorch's implementations, which agree; here there is one.
        capturable, differentiable: must be False.

    Raises ValueError for options outside these ranges.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        options = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "decoupled_weight_decay": decoupled_weight_decay,
            "foreach": foreach, "capturable": capturable, "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        """Raise ValueError if an option of the group is wrong."""
        check_rate(group)
        check_rate(group, "eps", "epsilon value")
        check_betas(group)
        if isinstance(group["betas"][0], Tensor) != isinstance(group["betas"][1], Tensor):
            raise ValueError(f"betas must be either both floats or both Tensors, but are {group['betas']}")
        check_rate(group, "weight_decay", "weight_decay value")

    def slots(self, group: Group) -> dict[str, float]:
        """Return `step` (t), `exp_avg` (m), `exp_avg_sq` (v) and, for `amsgrad`, `max_exp_avg_sq`."""
        slots = {"step": 0.0, "exp_avg": 0.0, "exp_avg_sq": 0.0}
        return slots | {"max_exp_avg_sq": 0.0} if group["amsgrad"] else slots

    def update(self, group: Group, step: int, param: Array, grad: Array, state: dict[str, Array], scratch: Array) -> None:
        """Change a flat stretch of `param` and `state` in place, by the formula above.

        The corrections are drawn out of the arrays: m̂ / (√v̂ + ε) = c · m / (√v + ε√(1 − β₂ᵗ)), c = √(1 − β₂ᵗ) / (1 − β₁ᵗ).
        """
        lr, beta1, beta2 = map(float, (group["lr"], *group["betas"]))
        g = (decayed if group["decoupled_weight_decay"] else descent)(group, param, grad, scratch)
        m, v, t = state["exp_avg"], state["exp_avg_sq"], scratch[1]
        np.subtract(g, m, out=t)
        t *= 1 - beta1
        m += t
        v *= beta2
        np.multiply(g, g, out=t)
        t *= 1 - beta2
        v += t
        if group["amsgrad"]:
            v = np.maximum(state["max_exp_avg_sq"], v, out=state["max_exp_avg_sq"])
        correction = (1 - beta2**step) ** 0.5
        np.sqrt(v, out=t)
        t += group["eps"] * correction
        np.divide(m, t, out=t)
        t *= lr * correction / (1 - beta1**step)
        param -= t
