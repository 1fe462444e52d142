"""A schedule that listens: the learning rate goes down when nothing gets better any more."""

from __future__ import annotations

import math
import warnings
from typing import Any, SupportsFloat

from ..optimizer import Optimizer
from ._rates import check_optimizer, rates, set_rate
from .scheduler import EPOCH_GIVEN, LRScheduler


class ReduceLROnPlateau(LRScheduler):
    """γ ← max(factor · γ, min_lr) after more than `patience` epochs in a row without a metric better than the best so far

    Better than the best b is, with ε = `threshold`: less than b(1 − ε) in mode "min", more than b(1 + ε) in mode "max";
    with `threshold_mode="abs"` less than b − ε or more than b + ε.

    Args:
        optimizer: whose learning rates are set.
        mode: "min" or "max": whether the metric is to go down or up.
        factor: below 1.
        patience: how many bad epochs are borne.
        threshold: ε.
        threshold_mode: "rel" or "abs".
        cooldown: epochs after a reduction in which bad ones do not count.
        min_lr: lower bound of the learning rates, one for all groups or a list.
        eps: smaller reductions are not made.

    Raises ValueError for a factor of 1 or more, an unknown mode or a wrong number of bounds.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: list[float] | float = 0,
        eps: float = 1e-8,
    ) -> None:
        if factor >= 1.0:
            raise ValueError("Factor should be < 1.0.")
        if mode not in ("min", "max"):
            raise ValueError(f"mode {mode} is unknown!")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold mode {threshold_mode} is unknown!")
        check_optimizer(optimizer)
        count = len(optimizer.param_groups)
        one_for_all = not isinstance(min_lr, list | tuple)
        self.min_lrs: list[float] = [min_lr] * count if one_for_all else list(min_lr)  # type: ignore[arg-type, list-item]
        if len(self.min_lrs) != count:
            raise ValueError(f"expected {count} min_lrs, got {len(self.min_lrs)}")
        self.default_min_lr = min_lr if one_for_all else None
        self.optimizer = optimizer
        self.factor = factor
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0
        self.last_epoch = 0
        self._last_lr = rates(optimizer)

    @property
    def in_cooldown(self) -> bool:
        """Whether bad epochs do not count now."""
        return self.cooldown_counter > 0

    def step(self, metrics: SupportsFloat, epoch: int | None = None) -> None:  # type: ignore[override]
        """Take note of an epoch's metric, and reduce the learning rates if it is time.

        Args:
            metrics: the loss or score, a number or a tensor of one element.
            epoch: its number; deprecated in PyTorch, and warned about.
        """
        current = float(metrics)
        if epoch is not None:
            warnings.warn(EPOCH_GIVEN, UserWarning, stacklevel=2)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self._is_better(current):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = rates(self.optimizer)

    def _is_better(self, current: float) -> bool:
        sign = -1 if self.mode == "min" else 1
        bound = self.best * (1.0 + sign * self.threshold) if self.threshold_mode == "rel" else self.best + sign * self.threshold
        return current < bound if self.mode == "min" else current > bound

    def _reduce(self) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            if self.default_min_lr is None:
                raise RuntimeError(
                    f"The number of param groups in the `optimizer` ({len(groups)}) differs from when `ReduceLROnPlateau` was "
                    f"initialized ({len(self.min_lrs)}), usually due to a new param group being added to the optimizer. "
                    "Please modify the `min_lrs` field to match the length of the `optimizer` param groups."
                )
            self.min_lrs = [self.default_min_lr] * len(groups)  # type: ignore[list-item]
        for group, lowest in zip(groups, self.min_lrs, strict=True):
            old = float(group["lr"])
            new = max(old * self.factor, lowest)
            if old - new > self.eps:
                set_rate(group, new)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a `state_dict()`, here or in PyTorch."""
        super().load_state_dict(state_dict)
        self.mode_worse = math.inf if self.mode == "min" else -math.inf
