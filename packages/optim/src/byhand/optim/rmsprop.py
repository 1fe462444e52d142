"""RMSprop: each weight's step divided by the recent size of its gradient."""

from __future__ import annotations

import numpy as np
from byhand.tensor import Tensor

from ._bundle import Array
from ._groups import Group, Params, check_rate
from .optimizer import Optimizer, descent


class RMSprop(Optimizer):
    """θ ← θ − γ g / (√v + ε), where v ← αv + (1 − α)g²

    Tieleman and Hinton, *Neural Networks for Machine Learning*, lecture 6.5 (Coursera, 2012). g is the gradient, negated if
    `maximize`, plus λθ. With `centered` v is replaced by the variance v − ḡ², ḡ ← αḡ + (1 − α)g (Graves, *Generating
    Sequences With Recurrent Neural Networks*, 2013, equations 38–40). With momentum μ: b ← μb + g / (√v + ε), θ ← θ − γb.

    Args:
        params: tensors, (name, tensor) pairs, or groups.
        lr: γ, a number or a tensor of one element.
        alpha: α.
        eps: ε.
        weight_decay: λ.
        momentum: μ.
        centered: divide by the standard deviation rather than the root mean square.
        maximize: go up instead of down.
        foreach: chooses between PyTorch's implementations, which agree; here there is one.
        capturable, differentiable: must be False.

    Raises ValueError for a negative number.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        options = {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        """Raise ValueError if an option of the group is wrong."""
        check_rate(group)
        check_rate(group, "eps", "epsilon value")
        for name in ("momentum", "weight_decay", "alpha"):
            check_rate(group, name, f"{name} value")

    def slots(self, group: Group) -> dict[str, float]:
        """Return `step`, `square_avg` (v) and, where they are used, `momentum_buffer` (b) and `grad_avg` (ḡ)."""
        names = ["step", "square_avg"] + ["momentum_buffer"] * (group["momentum"] > 0) + ["grad_avg"] * group["centered"]
        return dict.fromkeys(names, 0.0)

    def update(self, group: Group, step: int, param: Array, grad: Array, state: dict[str, Array], scratch: Array) -> None:  # noqa: ARG002
        """Change a flat stretch of `param` and `state` in place, by the formula above."""
        alpha = group["alpha"]
        g, t, v = descent(group, param, grad, scratch), scratch[1], state["square_avg"]
        np.multiply(g, g, out=t)
        t *= 1 - alpha
        v *= alpha
        v += t
        if group["centered"]:
            mean = state["grad_avg"]
            np.subtract(g, mean, out=t)
            t *= 1 - alpha
            mean += t
            np.multiply(mean, mean, out=t)
            v = np.subtract(v, t, out=t)
        np.sqrt(v, out=t)
        t += group["eps"]
        np.divide(g, t, out=t)
        if group["momentum"] > 0:
            b = state["momentum_buffer"]
            b *= group["momentum"]
            b += t
            np.copyto(t, b)
        t *= float(group["lr"])
        param -= t
