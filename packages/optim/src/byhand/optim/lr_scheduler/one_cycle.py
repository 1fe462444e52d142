"""One cycle for the whole training: warm up, go far, cool down."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from .._groups import Group
from ..optimizer import Optimizer
from ._rates import begin_momenta, check_optimizer, cycles_beta1, per_group, set_momentum
from .scheduler import LRScheduler


class OneCycleLR(LRScheduler):
    """From γ_max / div_factor up to γ_max, and down to γ_max / (div_factor · final_div_factor), along cosines or lines

        cos:     γ = e + (s − e)(1 + cos πx) / 2
        linear:  γ = s + (e − s)x

    from s to e, while x goes from 0 to 1 through a phase. The way up takes `pct_start` of the steps; with `three_phase`
    there is a way back to where it began, just as long, before the last. The momentum (or β₁) goes the opposite way.
    Smith and Topin, *Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates* (2017),
    section 3. A step is a batch, not an epoch.

    Args:
        optimizer: whose learning rates are set.
        max_lr: γ_max, one for all groups or a list.
        total_steps: how many steps there are; or else
        epochs, steps_per_epoch: whose product it is.
        pct_start: a float from 0 to 1.
        anneal_strategy: "cos" or "linear".
        cycle_momentum: whether the momentum is cycled.
        base_momentum, max_momentum: its bounds, one for all groups or a list.
        div_factor, final_div_factor: how far below γ_max it begins, and below that ends.
        three_phase: whether the way down is in two parts.
        last_epoch: the step to go on after; −1 to begin.

    Raises ValueError for options outside these ranges, an optimiser without momentum, and a step too many.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.total_steps = count_steps(total_steps, epochs, steps_per_epoch)
        if pct_start < 0 or pct_start > 1 or not isinstance(pct_start, float):
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self._schedule_phases = phases(self.total_steps, pct_start, three_phase)
        self._anneal_func_type = anneal_strategy
        max_lrs = per_group("max_lr", optimizer, max_lr)
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = cycles_beta1(optimizer)
            lowest = per_group("base_momentum", optimizer, base_momentum)
            highest = per_group("max_momentum", optimizer, max_momentum)
            if last_epoch == -1:
                begin_momenta(optimizer, lowest, highest, self.use_beta1)
        if last_epoch == -1:
            for high, group in zip(max_lrs, optimizer.param_groups, strict=True):
                group["initial_lr"] = high / div_factor
                group["max_lr"] = high
                group["min_lr"] = group["initial_lr"] / final_div_factor
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Compute γ of each group, and set its momentum. Raises ValueError after the last step."""
        self._warn_outside_step()
        if self.last_epoch > self.total_steps:
            raise ValueError(
                f"Tried to step {self.last_epoch} times. The specified number of total steps is {self.total_steps}"
            )
        ends = [phase["end_step"] for phase in self._schedule_phases]
        i = next((i for i, end in enumerate(ends) if self.last_epoch <= end), len(ends) - 1)
        start = ends[i - 1] if i else 0.0
        part = (self.last_epoch - start) / (ends[i] - start)
        phase = self._schedule_phases[i]
        for group in self.optimizer.param_groups if self.cycle_momentum else ():
            set_momentum(group, self._between(group, phase["start_momentum"], phase["end_momentum"], part), self.use_beta1)
        return [self._between(group, phase["start_lr"], phase["end_lr"], part) for group in self.optimizer.param_groups]

    def _between(self, group: Group, start: str, end: str, part: float) -> Any:
        s, e = group[start], group[end]
        return e + (s - e) / 2.0 * (math.cos(math.pi * part) + 1) if self._anneal_func_type == "cos" else (e - s) * part + s


def count_steps(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    """Return how many steps there are. Raises ValueError unless they are given, as positive integers."""
    if total_steps is not None:
        given = {"total_steps": total_steps}
    elif epochs is not None and steps_per_epoch is not None:
        given = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    else:
        raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
    for name, value in given.items():
        if value <= 0 or not isinstance(value, int):
            raise ValueError(f"Expected positive integer {name}, but got {value}")
    return math.prod(given.values())


def phases(total: int, part: float, three: bool) -> list[dict[str, Any]]:
    """Return where each phase ends, and between which of a group's entries it leads, as PyTorch keeps it."""
    ends = [part * total - 1, 2 * part * total - 2, total - 1] if three else [part * total - 1, total - 1]
    lrs = ["initial_lr", "max_lr", "initial_lr", "min_lr"] if three else ["initial_lr", "max_lr", "min_lr"]
    momenta = ["max_momentum", "base_momentum", "max_momentum", "max_momentum"][: len(lrs)]
    return [
        {"end_step": end, "start_lr": lr[0], "end_lr": lr[1], "start_momentum": momentum[0], "end_momentum": momentum[1]}
        for end, lr, momentum in zip(ends, pairwise(lrs), pairwise(momenta), strict=True)
    ]
