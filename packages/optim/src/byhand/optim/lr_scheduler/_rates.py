"""Learning rates and momenta of an optimiser's groups: reading and writing them."""

from __future__ import annotations

from typing import Any

from byhand.tensor import Tensor, tensor

from .._groups import Group
from ..optimizer import Optimizer

Rate = float | Tensor


def check_optimizer(optimizer: Any) -> None:
    """Raise TypeError unless it is an optimiser."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def rates(optimizer: Optimizer, name: str = "lr") -> list[Any]:
    """Return an option of every group; copies, where it is a tensor."""
    return [copied(group[name]) for group in optimizer.param_groups]


def copied(rate: Any) -> Any:
    """Return a number, or a copy of a tensor."""
    return rate.clone() if isinstance(rate, Tensor) else rate


def set_rate(group: Group, rate: Rate) -> None:
    """Set the learning rate of a group; a tensor is filled, so that whoever holds it sees the change."""
    if isinstance(group["lr"], Tensor):
        group["lr"].copy_(tensor(float(rate), dtype=group["lr"].dtype))
    else:
        group["lr"] = rate


def per_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """Return one value for each group, from a list of them or one for all. Raises ValueError if their number is wrong."""
    count = len(optimizer.param_groups)
    values = list(value) if isinstance(value, list | tuple) else [value] * count
    if len(values) != count:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. "
            f"{name} has {len(values)} values, param_groups has {count}."
        )
    return [copied(value) for value in values]


def cycles_beta1(optimizer: Optimizer) -> bool:
    """Return whether β₁ is what the optimiser has for a momentum. Raises ValueError if it has neither."""
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
    return "betas" in optimizer.defaults


def set_momentum(group: Group, momentum: float, use_beta1: bool) -> None:
    """Set the momentum of a group, or its β₁."""
    if use_beta1:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum


def begin_momenta(optimizer: Optimizer, lowest: list[float], highest: list[float], use_beta1: bool) -> None:
    """Start every group's momentum from its highest value, and note both bounds in the group."""
    for low, high, group in zip(lowest, highest, optimizer.param_groups, strict=True):
        set_momentum(group, high, use_beta1)
        group["max_momentum"] = high
        group["base_momentum"] = low
