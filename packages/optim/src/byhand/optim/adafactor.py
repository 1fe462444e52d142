"""Adafactor: Adam's second moments of a matrix kept as those of its rows and columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from byhand.tensor import Tensor
from byhand.tensor._quiet import quietly

from ._bundle import Array
from ._groups import Group, Params, check_rate
from .optimizer import Optimizer


class Adafactor(Optimizer):
    """Steps relative to the size of the weights, divided by √v, where v of a matrix is an outer product:

        w = t^τ,  ρ = min(γ, 1 / √t),  α = max(ε₂, rms θ) ρ
        r ← (1 − w)r + w · (mean of g² over each row),  c likewise over each column
        v = rcᵀ / max(mean r, ε₁)           or, of a vector, v ← (1 − w)v + wg²
        u = g / √max(v, ε₁²)
        θ ← (1 − γλ)θ − αu / max(1, rms u / d)

    Shazeer and Stern, *Adafactor: Adaptive Learning Rates with Sublinear Memory Cost* (ICML 2018), algorithms 4 and 5, with
    γ and ε₁ used as PyTorch does. g is the gradient, negated if `maximize`. Rows and columns are the last two dimensions.

    Args:
        params: tensors, (name, tensor) pairs, or groups.
        lr: γ, a number or a tensor of one element.
        beta2_decay: τ, at most 0.
        eps: (ε₁, ε₂); None stands for the dtype's machine epsilon.
        d: the largest rms of an update, at least 1.
        weight_decay: λ.
        maximize: go up instead of down.
        foreach: chooses between PyTorch's implementations, which agree; here there is one.

    Raises ValueError for options outside these ranges.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        options = {
            "lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay, "maximize": maximize,
            "foreach": foreach,
        }  # fmt: skip
        super().__init__(params, options)

    def check(self, group: Group) -> None:
        """Raise ValueError if an option of the group is wrong."""
        if not isinstance(group["lr"], Tensor) and not group["lr"] >= 0.0:
            raise ValueError(f"Learning rate should be >= 0 but is: {group['lr']}")
        check_rate(group)
        eps1, eps2 = group["eps"]
        if not group["beta2_decay"] <= 0.0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {group['beta2_decay']}")
        if eps1 is not None and not eps1 >= 0.0:
            raise ValueError(f"epsilon1 should be >= 0 but is: {eps1}")
        if not eps2 >= 0.0:
            raise ValueError(f"epsilon2 should be >= 0 but is: {eps2}")
        if not group["d"] >= 1.0:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {group['d']}")
        if not group["weight_decay"] >= 0.0:
            raise ValueError(f"weight_decay should be >= 0 but is: {group['weight_decay']}")

    def layout(self, name: str, p: Tensor) -> tuple[tuple[int, ...], Any]:
        """Return shape and dtype of a piece of state: one number for each row, or each column."""
        shape, dtype = super().layout(name, p)
        if name == "row_var":
            return (*shape[:-1], 1), dtype
        return ((*shape[:-2], 1, shape[-1]) if name == "col_var" else shape), dtype

    def _update_all(self) -> None:
        """Update each parameter as a whole: means over rows and columns cannot be taken of flat stretches."""
        for group in self.param_groups:
            for p in group["params"]:
                if p._grad is not None:
                    names = ["row_var", "col_var"] if p._data.ndim > 1 else ["variance"]
                    step = self.begin(p, dict.fromkeys(["step", *names], 0.0)) + 1
                    self.state[p]["step"]._data[...] = step
                    quietly(self._update_one, group, step, p._data, p._grad._data, [self.state[p][name]._data for name in names])
                    p._version[0] += 1

    def _update_one(self, group: Group, step: int, param: Array, grad: Array, variances: list[Array]) -> None:
        lr, (eps1, eps2), weight = float(group["lr"]), group["eps"], step ** group["beta2_decay"]
        eps1 = float(np.finfo(param.dtype).eps) if eps1 is None else eps1
        size = max(eps2, rms(param)) * min(lr, step**-0.5)
        if group["weight_decay"]:
            param *= 1 - lr * group["weight_decay"]
        square = grad * grad
        for variance, axis in zip(variances, (-1, -2), strict=False):
            mean = np.mean(square, axis, keepdims=True) if len(variances) == 2 else square
            variance += weight * (mean - variance)
        v = variances[0]
        if len(variances) == 2:
            v = v @ variances[1] / np.maximum(np.mean(v, -2, keepdims=True), eps1)
        update = grad / np.sqrt(np.maximum(v, eps1 * eps1))
        size /= max(1.0, rms(update) / group["d"])
        param -= update * (-size if group["maximize"] else size)


def rms(x: Array) -> float:
    """Return the root mean square."""
    return float(np.linalg.norm(x) / np.sqrt(x.size))
