"""Cosine schedules: Loshchilov and Hutter, *SGDR: Stochastic Gradient Descent with Warm Restarts* (ICLR 2017)."""

from __future__ import annotations

import math
from typing import Any

from ..optimizer import Optimizer
from ._rates import rates
from .scheduler import LRScheduler


class CosineAnnealingLR(LRScheduler):
    """γₜ = η + (γ₀ − η)(1 + cos(πt / T)) / 2, with η = `eta_min`, T = `T_max`

    SGDR's equation 5 without restarts: after T it goes up again, along the same cosine. It is computed from γₜ₋₁, so that
    another schedule may be at work too:

        γₜ − η = (γₜ₋₁ − η)(1 + cos(πt / T)) / (1 + cos(π(t − 1) / T))

    Args:
        optimizer: whose learning rates are set.
        T_max: epochs on the way down.
        eta_min: the lowest learning rate.
        last_epoch: the epoch to go on after; −1 to begin.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Compute γₜ of each group from γₜ₋₁; at the bottom, where the quotient is 0 / 0, from γ₀."""
        self._warn_outside_step()
        t, period, low, groups = self.last_epoch, self.T_max, self.eta_min, self.optimizer.param_groups
        if self._is_initial:
            return rates(self.optimizer)
        if self._step_count == 1 and t > 0:  # the first step after going on from `last_epoch`
            return self._get_closed_form_lr()
        if (t - 1 - period) % (2 * period) == 0:
            rise = (1 - math.cos(math.pi / period)) / 2
            return [group["lr"] + (base_lr - low) * rise for base_lr, group in zip(self.base_lrs, groups, strict=True)]
        ratio = (1 + math.cos(math.pi * t / period)) / (1 + math.cos(math.pi * (t - 1) / period))
        return [ratio * (group["lr"] - low) + low for group in groups]

    def _get_closed_form_lr(self) -> list[Any]:
        height = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (base_lr - self.eta_min) * height for base_lr in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """γ = η + (γ₀ − η)(1 + cos(πT_cur / Tᵢ)) / 2, with T_cur the epochs since the last restart and η = `eta_min`

    SGDR's equation 5. The first period is T₀ long, each other `T_mult` times as long as the one before.

    Args:
        optimizer: whose learning rates are set.
        T_0: epochs until the first restart.
        T_mult: by how much the periods grow.
        eta_min: the lowest learning rate.
        last_epoch: the epoch to go on after; −1 to begin.

    Raises ValueError unless T_0 and T_mult are positive integers and eta_min is a number.
    """

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        if T_0 <= 0 or not isinstance(T_0, int):
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if T_mult < 1 or not isinstance(T_mult, int):
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, float | int):
            raise ValueError(f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min)}")
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Compute the learning rate of each group from γ₀."""
        self._warn_outside_step()
        height = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base_lr - self.eta_min) * height for base_lr in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go on to the next epoch, or to any: within an epoch `step(epoch + batch / batches)` is in order.

        Raises ValueError for a negative epoch.
        """
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        elif epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        else:
            self._jump(epoch)
        self.last_epoch = math.floor(epoch)
        self._set(self._computed())

    def _jump(self, epoch: float) -> None:
        """Find the period of an epoch: the n-th begins after T₀(1 + k + … + kⁿ⁻¹) = T₀(kⁿ − 1) / (k − 1), k = `T_mult`."""
        if epoch < self.T_0:
            self.T_i, self.T_cur = self.T_0, epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            n = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**n - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * self.T_mult**n
