"""Weight normalisation: a weight's length and its direction as parameters of their own."""

from __future__ import annotations

import warnings
from typing import TypeVar

from byhand.tensor import Tensor

from ..modules.module import Module
from ..parameter import Parameter
from ._recomputed import Recomputed, refuse_twice, withdraw

__all__ = ["remove_weight_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


def norm_except(v: Tensor, dim: int | None) -> Tensor:
    """‖v‖ over all dimensions but `dim`, which is kept; over all of them where `dim` is None or −1."""
    if dim is None or dim == -1:
        return v.norm()  # type: ignore[no-any-return]
    others = [d for d in range(v.ndim) if d != dim % v.ndim]
    return v.norm(2, others, keepdim=True) if others else v.abs()  # type: ignore[no-any-return]


class WeightNorm(Recomputed):
    """w = g v/‖v‖, from the parameters `<name>_g` and `<name>_v`."""

    label = "weight_norm"

    def __init__(self, name: str, dim: int | None) -> None:
        super().__init__(name)
        self.dim = dim

    def compute_weight(self, module: Module, training: bool) -> Tensor:  # noqa: ARG002 (it has no state)
        """Return g v/‖v‖."""
        g, v = getattr(module, f"{self.name}_g"), getattr(module, f"{self.name}_v")
        return v * (g / norm_except(v, self.dim))  # type: ignore[no-any-return]


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Replace a parameter w by g and v with w = g v/‖v‖, computed anew before each forward pass; return the module.

    Args:
        name: which parameter; it is replaced by `<name>_g` and `<name>_v`.
        dim: each slice along it has a length of its own; None: one length for all.

    Salimans and Kingma, arXiv:1602.07868, equation 2. PyTorch has deprecated it in favour of its `parametrizations`, and warns.
    Raises RuntimeError if it is on already.
    """
    warnings.warn(
        "`torch.nn.utils.weight_norm` is deprecated in favor of `torch.nn.utils.parametrizations.weight_norm`.",
        FutureWarning,
        stacklevel=2,
    )
    hook = WeightNorm(name, dim)
    refuse_twice(module, hook)
    weight = getattr(module, name)
    delattr(module, name)
    module.register_parameter(f"{name}_g", Parameter(norm_except(weight, dim).detach()))
    module.register_parameter(f"{name}_v", Parameter(weight.detach()))
    setattr(module, name, hook.compute_weight(module, module.training))
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Make the weight a parameter again, with the value it has; return the module. Raises ValueError if it is not on."""
    weight = withdraw(module, WeightNorm, name).compute_weight(module, module.training)
    for gone in (name, f"{name}_g", f"{name}_v"):
        delattr(module, gone)
    setattr(module, name, Parameter(weight.detach()))
    return module
