"""NAdam: Adam with Nesterov's momentum."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from byhand.tensor import Tensor

from ._bundle import Array
from ._groups import Group, Params, check_betas, check_rate
from .optimizer import Optimizer, decayed, descent


class NAdam(Optimizer):
    """Adam whose step looks one gradient ahead, with momentum that grows towards β₁:

        μₜ = β₁(1 − ½ · 0.96^(tψ))       Πₜ = μ₁ ⋯ μₜ
        m ← β₁m + (1 − β₁)g
        v ← β₂v + (1 − β₂)g²             v̂ = v / (1 − β₂ᵗ)
        m̂ = μₜ₊₁ m / (1 − Πₜ₊₁) + (1 − μₜ) g / (1 − Πₜ)
        θ ← θ − γ m̂ / (√v̂ + ε)

    Dozat, *Incorporating Nesterov Momentum into Adam* (ICLR workshop 2016), algorithm 8, with m as in PyTorch. g is the
    gradient, negated if `maximize`, plus λθ; or, with `decoupled_weight_decay`, θ ← (1 − γλ)θ first.

    Args:
        params: tensors, (name, tensor) pairs, or groups.
        lr: γ, a number or a tensor of one element.
        betas: (β₁, β₂), each in [0, 1).
        eps: ε.
        weight_decay: λ.
        momentum_decay: ψ.
        decoupled_weight_decay: shrink θ itself rather than add to its gradient.
        maximize: go up instead of down.
        foreach: chooses between PyTorch's implementations, which agree; here there is one.
        capturable, differentiable: must be False.

    Raises ValueError for options outside these ranges.
    """

    numbers: ClassVar[tuple[str, ...]] = ("step", "mu_product")

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        options = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        """Raise ValueError if an option of the group is wrong."""
        check_rate(group)
        check_rate(group, "eps", "epsilon value")
        check_betas(group)
        check_rate(group, "weight_decay", "weight_decay value")
        check_rate(group, "momentum_decay", "momentum_decay value")

    def slots(self, group: Group) -> dict[str, float]:  # noqa: ARG002
        """Return `step` (t), `mu_product` (Π), `exp_avg` (m) and `exp_avg_sq` (v)."""
        return {"step": 0.0, "mu_product": 1.0, "exp_avg": 0.0, "exp_avg_sq": 0.0}

    def update(self, group: Group, step: int, param: Array, grad: Array, state: dict[str, Array], scratch: Array) -> None:
        """Change a flat stretch of `param` and `state` in place, by the formula above."""
        lr, (beta1, beta2) = float(group["lr"]), group["betas"]
        g = (decayed if group["decoupled_weight_decay"] else descent)(group, param, grad, scratch)
        t, m, v = scratch[1], state["exp_avg"], state["exp_avg_sq"]
        np.subtract(g, m, out=t)
        t *= 1 - beta1
        m += t
        np.multiply(g, g, out=t)
        t *= 1 - beta2
        v *= beta2
        v += t
        momentum, following = momenta(group, step)
        product = float(state["mu_product"][0] * np.float32(momentum))
        np.divide(v, 1 - beta2**step, out=t)
        np.sqrt(t, out=t)
        t += group["eps"]
        ahead = m * (lr * following / (1 - product * following))
        ahead += np.multiply(g, lr * (1 - momentum) / (1 - product), out=scratch[0])
        ahead /= t
        param -= ahead

    def advance(self, group: Group, step: int, numbers: dict[str, Array]) -> None:
        """Change Π, of which PyTorch keeps 24 bits."""
        numbers["mu_product"] *= np.float32(momenta(group, step)[0])


def momenta(group: Group, step: int) -> tuple[float, float]:
    """Return μₜ and μₜ₊₁."""
    beta1, decay = group["betas"][0], group["momentum_decay"]
    now, following = (beta1 * (1 - 0.5 * 0.96 ** (t * decay)) for t in (step, step + 1))
    return now, following
