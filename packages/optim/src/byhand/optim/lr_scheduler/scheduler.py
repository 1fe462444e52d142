"""`LRScheduler`: the course of a schedule, its state, and the schedules that multiply by a factor."""

from __future__ import annotations

import warnings
from typing import Any

from ..optimizer import Optimizer
from ._rates import Rate, check_optimizer, copied, rates, set_rate

EPOCH_GIVEN = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use "
    "`scheduler.step()` to step the scheduler. During the deprecation, if epoch is different from None, the closed form "
    "is used instead of the new chainable form, where available."
)
TOO_EARLY = (
    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. You should call them in the opposite order: "
    "`optimizer.step()` before `lr_scheduler.step()`. Failure to do this will result in skipping the first value of the "
    "learning rate schedule."
)


class LRScheduler:
    """Base of all schedules.

    A new one defines `get_lr`, which computes the learning rates of epoch `last_epoch` from those in the groups or from
    `base_lrs`. The constructor makes the first step, to epoch 0, and notes γ₀ in each group as "initial_lr".

    Args:
        optimizer: whose groups' learning rates are set.
        last_epoch: the epoch to go on after, where the groups have an "initial_lr" from an earlier run; −1 to begin.

    Raises TypeError: not an optimiser. Raises KeyError: `last_epoch` given, but there is no "initial_lr".
    """

    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with last_epoch >= 0; "
                    "load the optimizer's state first, or begin with last_epoch=-1"
                )
        self.base_lrs: list[Any] = rates(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        """Make the first step, in which those that go on from `last_epoch` leave the learning rates as they are."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def get_last_lr(self) -> list[Any]:
        """Return the learning rate of each group that the last step has set."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """Compute the learning rate of each group in epoch `last_epoch`. It is for `step` to call: ask `get_last_lr` instead."""
        raise NotImplementedError(f"{type(self).__name__} must define get_lr()")

    def step(self, epoch: int | None = None) -> None:
        """Go on to the next epoch; call it after `optimizer.step()`, and be warned if that has not been called at all.

        Args:
            epoch: jump to this one, by the closed form where there is one; deprecated in PyTorch, and warned about.
        """
        if self._step_count == 1 and not self.optimizer._opt_called:
            warnings.warn(TOO_EARLY, UserWarning, stacklevel=2)
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_GIVEN, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        closed = None if epoch is None else getattr(self, "_get_closed_form_lr", None)
        self._set(closed() if closed else self._computed())

    def _computed(self) -> list[Any]:
        """Call `get_lr`, which knows then that it is `step` who asks."""
        self._get_lr_called_within_step = True
        try:
            return self.get_lr()
        finally:
            self._get_lr_called_within_step = False

    def _set(self, values: list[Rate]) -> None:
        for group, value in zip(self.optimizer.param_groups, values, strict=True):
            set_rate(group, value)
        self._last_lr = rates(self.optimizer)

    def _warn_outside_step(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.", UserWarning, stacklevel=3
            )

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimiser, under PyTorch's names."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a `state_dict()`, here or in PyTorch; the learning rates themselves are in the optimiser's."""
        self.__dict__.update(state_dict)


class Multiplying(LRScheduler):
    """Base of schedules that multiply the present learning rate, so that several of them may be at work at once."""

    def ratio(self) -> float:
        """Return γₜ / γₜ₋₁."""
        raise NotImplementedError

    def total_ratio(self) -> float:
        """Return γₜ / γ₀."""
        raise NotImplementedError

    def get_lr(self) -> list[Any]:
        """Compute γₜ of each group from γₜ₋₁."""
        self._warn_outside_step()
        ratio = self.ratio()
        return [group["lr"] * ratio for group in self.optimizer.param_groups]

    def _get_closed_form_lr(self) -> list[Any]:
        ratio = self.total_ratio()
        return [base_lr * ratio for base_lr in self.base_lrs]
