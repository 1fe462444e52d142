"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

import numpy as np
from byhand.tensor import Tensor

from ._bundle import Array
from ._groups import Group, Params, check_rate
from .optimizer import Optimizer, descent


class SGD(Optimizer):
    """θ ← θ − γg, or with momentum μ and dampening τ

        b ← g                   the first time
        b ← μb + (1 − τ)g       then
        θ ← θ − γb              or θ ← θ − γ(g + μb) with `nesterov`

    where g is the gradient, negated if `maximize`, plus λθ. Nesterov's form is that of Sutskever, Martens, Dahl and
    Hinton, *On the importance of initialization and momentum in deep learning* (ICML 2013), with g taken at θ.

    Args:
        params: tensors, (name, tensor) pairs, or groups.
        lr: γ, a number or a tensor of one element.
        momentum: μ.
        dampening: τ.
        weight_decay: λ.
        nesterov: look ahead; needs momentum and no dampening.
        maximize: go up instead of down.
        foreach, fused: choose between PyTorch's implementations, which agree; here there is one.
        differentiable: must be False.

    Raises ValueError for a negative lr, momentum or weight_decay.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        options = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize,
            "foreach": foreach, "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        """Raise ValueError if an option of the group is wrong."""
        check_rate(group)
        check_rate(group, "momentum", "momentum value")
        check_rate(group, "weight_decay", "weight_decay value")
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")

    def slots(self, group: Group) -> dict[str, float]:
        """Return `momentum_buffer` (b), if there is momentum."""
        return {"momentum_buffer": 0.0} if group["momentum"] else {}

    def update(self, group: Group, step: int, param: Array, grad: Array, state: dict[str, Array], scratch: Array) -> None:
        """Change a flat stretch of `param` and `state` in place, by the formula above."""
        g, t = descent(group, param, grad, scratch), scratch[1]
        if momentum := group["momentum"]:
            b = state["momentum_buffer"]
            if step == 1:
                b[...] = g
            else:
                b *= momentum
                b += np.multiply(g, 1 - group["dampening"], out=t)
            g = np.add(g, np.multiply(b, momentum, out=t), out=t) if group["nesterov"] else b
        param -= np.multiply(g, float(group["lr"]), out=t)
