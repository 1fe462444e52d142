"""RAdam: Adam that waits until it knows how large the gradients are."""

from __future__ import annotations

import numpy as np
from byhand.tensor import Tensor

from ._bundle import Array
from ._groups import Group, Params, check_betas, check_rate
from .optimizer import Optimizer, decayed, descent


class RAdam(Optimizer):
    """Adam, with m̂ and v̂ as there, times the rectification r, once the variance of v̂ can be estimated; momentum till then:

        ρ∞ = 2 / (1 − β₂) − 1           ρ = ρ∞ − 2tβ₂ᵗ / (1 − β₂ᵗ)
        r² = (ρ − 4)(ρ − 2)ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)ρ)
        θ ← θ − γ r m̂ / (√v̂ + ε′)      if ρ > 5, with ε′ = ε / √(1 − β₂ᵗ) as in PyTorch
        θ ← θ − γ m̂                     otherwise

    Liu, Jiang, He, Chen, Liu, Gao and Han, *On the Variance of the Adaptive Learning Rate and Beyond* (ICLR 2020),
    algorithm 2. g is the gradient, negated if `maximize`, plus λθ; or, with `decoupled_weight_decay`, θ ← (1 − γλ)θ first.

    Args:
        params: tensors, (name, tensor) pairs, or groups.
        lr: γ, a number or a tensor of one element.
        betas: (β₁, β₂), each in [0, 1).
        eps: ε.
        weight_decay: λ.
        decoupled_weight_decay: shrink θ itself rather than add to its gradient.
        maximize: go up instead of down.
        foreach: chooses between PyTorch's implementations, which agree; here there is one.
        capturable, differentiable: must be False.

    Raises ValueError for options outside these ranges.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        options = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay,
            "foreach": foreach, "capturable": capturable, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        """Raise ValueError if an option of the group is wrong."""
        check_rate(group)
        check_rate(group, "eps", "epsilon value")
        check_betas(group)
        check_rate(group, "weight_decay", "weight_decay value")

    def slots(self, group: Group) -> dict[str, float]:  # noqa: ARG002
        """Return `step` (t), `exp_avg` (m) and `exp_avg_sq` (v)."""
        return {"step": 0.0, "exp_avg": 0.0, "exp_avg_sq": 0.0}

    def update(self, group: Group, step: int, param: Array, grad: Array, state: dict[str, Array], scratch: Array) -> None:
        """Change a flat stretch of `param` and `state` in place, by the formula above."""
        beta1, beta2 = group["betas"]
        g = (decayed if group["decoupled_weight_decay"] else descent)(group, param, grad, scratch)
        t, m, v = scratch[1], state["exp_avg"], state["exp_avg_sq"]
        np.subtract(g, m, out=t)
        t *= 1 - beta1
        m += t
        np.multiply(g, g, out=t)
        t *= 1 - beta2
        v *= beta2
        v += t
        known = 1 - beta2**step
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * step * beta2**step / known
        size = float(group["lr"]) / (1 - beta1**step)
        if length > 5:
            rectification = ((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)) ** 0.5
            np.sqrt(v, out=t)
            t += group["eps"]
            np.divide(m, t, out=t)
            t *= size * rectification * known**0.5
        else:
            np.multiply(m, size, out=t)
        param -= t
