"""`SWALR`: from wherever the learning rate is to a constant one, at which models are averaged."""

from __future__ import annotations

import math
from typing import Any

from ..lr_scheduler._rates import check_optimizer, per_group
from ..lr_scheduler.scheduler import LRScheduler
from ..optimizer import Optimizer


class SWALR(LRScheduler):
    """γₜ = (1 − a) γ + a γ_swa, where a goes from 0 to 1 in T = `anneal_epochs`:

        a = (1 − cos(πt / T)) / 2       "cos"
        a = t / T                       "linear"

    and γ is solved for from the present learning rate and the a of the epoch before, so that another schedule may go first.
    Izmailov et al., *Averaging Weights Leads to Wider Optima and Better Generalization* (UAI 2018), section 3.2, where it
    is constant from the start (T = 0).

    Args:
        optimizer: whose learning rates are set.
        swa_lr: γ_swa, one for all groups or a list; noted in each group as "swa_lr".
        anneal_epochs: T.
        anneal_strategy: "cos" or "linear".
        last_epoch: the epoch to go on after; −1 to begin.

    Raises ValueError for another strategy, a T that is no integer or negative, a list of the wrong length.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        rates = per_group("swa_lr", optimizer, swa_lr)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        for rate, group in zip(rates, optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Compute γₜ of each group from γₜ₋₁."""
        self._warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._way(step - 1), self._way(step)
        return [now * group["swa_lr"] + (1 - now) * self._undone(group, before) for group in self.optimizer.param_groups]

    def _way(self, step: int) -> float:
        """Return a."""
        t = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * t)) / 2 if self._anneal_strategy == "cos" else t

    @staticmethod
    def _undone(group: dict[str, Any], way: float) -> Any:
        """Return γ, of which the present learning rate is the mixture with a = `way`."""
        return group["swa_lr"] if way == 1 else (group["lr"] - way * group["swa_lr"]) / (1 - way)
