"""Rprop: only the sign of the gradient counts; each weight finds its own step."""

from __future__ import annotations

import numpy as np
from byhand.tensor import Tensor

from ._bundle import Array
from ._groups import Group, Params, check_rate
from .optimizer import Optimizer


class Rprop(Optimizer):
    """θ ← θ − Δ · sign g, with a Δ of each weight's own, which starts from γ

        g′g > 0:    Δ ← min(η⁺Δ, Δ_max)             the way goes on: faster
        g′g < 0:    Δ ← max(η⁻Δ, Δ_min), g ← 0      gone too far: slower, and no step now
        g′ ← g

    where g is the gradient, negated if `maximize`, and g′ the one before. It wants the gradient of the whole data: the
    signs of small batches' are noise. Riedmiller and Braun, *A Direct Adaptive Method for Faster Backpropagation Learning:
    The RPROP Algorithm* (ICNN 1993), section II, without its backtracking, as in PyTorch.

    Args:
        params: tensors, (name, tensor) pairs, or groups.
        lr: γ, a number or a tensor of one element.
        etas: (η⁻, η⁺), below and above 1.
        step_sizes: (Δ_min, Δ_max).
        maximize: go up instead of down.
        foreach: chooses between PyTorch's implementations, which agree; here there is one.
        capturable, differentiable: must be False.

    Raises ValueError for options outside these ranges.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        options = {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        """Raise ValueError if an option of the group is wrong."""
        check_rate(group)
        slower, faster = group["etas"]
        if not 0.0 < slower < 1.0 < faster:
            raise ValueError(f"Invalid eta values: {slower}, {faster}")

    def slots(self, group: Group) -> dict[str, float]:
        """Return `step`, `prev` (g′) and `step_size` (Δ)."""
        return {"step": 0.0, "prev": 0.0, "step_size": float(group["lr"])}

    def update(self, group: Group, step: int, param: Array, grad: Array, state: dict[str, Array], scratch: Array) -> None:  # noqa: ARG002
        """Change a flat stretch of `param` and `state` in place, by the formula above."""
        (slower, faster), (smallest, largest) = group["etas"], group["step_sizes"]
        prev, size = state["prev"], state["step_size"]
        g = np.negative(grad, out=scratch[1]) if group["maximize"] else grad
        agreement = np.multiply(prev, g, out=scratch[0])
        size[agreement > 0] *= faster
        size[agreement < 0] *= slower
        np.clip(size, smallest, largest, out=size)
        np.copyto(prev, g)
        prev[agreement < 0] = 0
        t = np.sign(prev, out=scratch[1])
        t *= size
        param -= t
