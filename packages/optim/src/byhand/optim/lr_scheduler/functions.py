"""Schedules given by the user's own functions of the epoch."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from ..optimizer import Optimizer
from ._rates import rates
from .scheduler import LRScheduler

Lambda = Callable[[int], float]


class ByFunctions(LRScheduler):
    """Base of the two: one function for each group, of which only callable objects have a state to save."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Lambda | list[Lambda], last_epoch: int = -1) -> None:
        count = len(optimizer.param_groups)
        self.lr_lambdas = list(lr_lambda) if isinstance(lr_lambda, list | tuple) else [lr_lambda] * count
        if len(self.lr_lambdas) != count:
            raise ValueError(f"Expected {count} lr_lambdas, but got {len(self.lr_lambdas)}")
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(f"lr_lambda should be a function, but got {type(function).__name__}")
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimiser; of the functions their attributes, or None where they are plain functions."""
        functions = [None if isinstance(f, types.FunctionType) else f.__dict__.copy() for f in self.lr_lambdas]
        return {**super().state_dict(), "lr_lambdas": functions}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a `state_dict()`, with the functions of this schedule."""
        super().load_state_dict({key: value for key, value in state_dict.items() if key != "lr_lambdas"})
        for function, attributes in zip(self.lr_lambdas, state_dict["lr_lambdas"], strict=True):
            if attributes is not None:
                function.__dict__.update(attributes)


class LambdaLR(ByFunctions):
    """γₜ = γ₀ · lr_lambda(t)

    Args:
        optimizer: whose learning rates are set.
        lr_lambda: a function of the epoch, or a list of them, one for each group.
        last_epoch: the epoch to go on after; −1 to begin.

    Raises ValueError if there are not as many functions as groups, TypeError if one cannot be called.
    """

    def get_lr(self) -> list[Any]:
        """Compute γₜ of each group from γ₀."""
        self._warn_outside_step()
        return [base_lr * f(self.last_epoch) for f, base_lr in zip(self.lr_lambdas, self.base_lrs, strict=True)]


class MultiplicativeLR(ByFunctions):
    """γₜ = γₜ₋₁ · lr_lambda(t) for t ≥ 1

    Args:
        optimizer: whose learning rates are set.
        lr_lambda: a function of the epoch, or a list of them, one for each group.
        last_epoch: the epoch to go on after; −1 to begin.

    Raises ValueError if there are not as many functions as groups, TypeError if one cannot be called.
    """

    def get_lr(self) -> list[Any]:
        """Compute γₜ of each group from γₜ₋₁."""
        self._warn_outside_step()
        if self._is_initial:
            return rates(self.optimizer)
        groups = self.optimizer.param_groups
        return [group["lr"] * f(self.last_epoch) for f, group in zip(self.lr_lambdas, groups, strict=True)]
