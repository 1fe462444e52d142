"""ASGD: gradient descent, and the mean of where it has been."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from byhand.tensor import Tensor

from ._bundle import Array
from ._groups import Group, Params, check_rate
from .optimizer import Optimizer, descent


class ASGD(Optimizer):
    """θ ← (1 − aη)θ − ηg, and θ̄ ← θ̄ + μ(θ − θ̄), then η ← γ / (1 + aγt)^α and μ ← 1 / max(1, t − t₀)

    With μ = 1, until t₀ + 1, θ̄ is θ; from then on the mean of the θ since. It is `state[p]["ax"]`, and it is for the user
    to take. Polyak and Juditsky, *Acceleration of Stochastic Approximation by Averaging* (SIAM J. Control Optim. 1992);
    η is Bottou's (*Stochastic Gradient Descent Tricks*, 2012, section 5.2). g is the gradient, negated if `maximize`,
    plus λθ.

    Args:
        params: tensors, (name, tensor) pairs, or groups.
        lr: γ, a number or a tensor of one element.
        lambd: a.
        alpha: α.
        t0: t₀, the step to begin the mean at.
        weight_decay: λ.
        maximize: go up instead of down.
        foreach: chooses between PyTorch's implementations, which agree; here there is one.
        capturable, differentiable: must be False.

    Raises ValueError for a negative lr or weight_decay.
    """

    numbers: ClassVar[tuple[str, ...]] = ("step", "eta", "mu")

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        options = {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay, "maximize": maximize,
            "foreach": foreach, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        """Raise ValueError if an option of the group is wrong."""
        check_rate(group)
        check_rate(group, "weight_decay", "weight_decay value")

    def slots(self, group: Group) -> dict[str, float]:
        """Return `step` (t), `eta` (η), `mu` (μ) and `ax` (θ̄)."""
        return {"step": 0.0, "eta": float(group["lr"]), "mu": 1.0, "ax": 0.0}

    def update(self, group: Group, step: int, param: Array, grad: Array, state: dict[str, Array], scratch: Array) -> None:  # noqa: ARG002
        """Change a flat stretch of `param` and `state` in place, by the formula above."""
        eta, mu, mean = float(state["eta"][0]), float(state["mu"][0]), state["ax"]
        g, t = descent(group, param, grad, scratch), scratch[1]
        param *= 1 - group["lambd"] * eta
        param -= np.multiply(g, eta, out=t)
        if mu == 1:
            np.copyto(mean, param)
        else:
            np.subtract(param, mean, out=t)
            t *= mu
            mean += t

    def advance(self, group: Group, step: int, numbers: dict[str, Array]) -> None:
        """Change η and μ, of which PyTorch keeps 24 bits."""
        lr = float(group["lr"])
        numbers["eta"][...] = lr / (1 + group["lambd"] * lr * step) ** group["alpha"]
        numbers["mu"][...] = 1 / max(1, step - group["t0"])
