"""Schedules that begin with a smaller learning rate: all at once, or along a line."""

from __future__ import annotations

from ..optimizer import Optimizer
from .scheduler import Multiplying


class ConstantLR(Multiplying):
    """γₜ = γ₀ · factor for t < total_iters, γ₀ from then on

    The constant warm-up of He, Zhang, Ren and Sun, *Deep Residual Learning for Image Recognition* (CVPR 2016), section 4.2.

    Args:
        optimizer: whose learning rates are set.
        factor: from 0 to 1; from 0 there is no way back, since the present learning rate is what is divided.
        total_iters: how long it holds.
        last_epoch: the epoch to go on after; −1 to begin.

    Raises ValueError for a factor outside [0, 1].
    """

    def __init__(self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1) -> None:
        if factor > 1.0 or factor < 0:
            raise ValueError("Constant multiplicative factor expected to be between 0 and 1.")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def ratio(self) -> float:
        """Return γₜ / γₜ₋₁."""
        if self.last_epoch == 0:
            return self.factor
        return 1.0 / self.factor if self.last_epoch == self.total_iters else 1.0

    def total_ratio(self) -> float:
        """Return γₜ / γ₀."""
        return self.factor if self.last_epoch < self.total_iters else 1.0


class LinearLR(Multiplying):
    """γₜ = γ₀ (a + (b − a) min(t, T) / T), with a = `start_factor`, b = `end_factor`, T = `total_iters`

    The gradual warm-up of Goyal et al., *Accurate, Large Minibatch SGD* (2017), section 2.2.

    Args:
        optimizer: whose learning rates are set.
        start_factor: a, in (0, 1].
        end_factor: b, in [0, 1].
        total_iters: T.
        last_epoch: the epoch to go on after; −1 to begin.

    Raises ValueError for factors outside these ranges.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if start_factor > 1.0 or start_factor <= 0:
            raise ValueError("Starting multiplicative factor expected to be greater than 0 and less or equal to 1.")
        if end_factor > 1.0 or end_factor < 0:
            raise ValueError("Ending multiplicative factor expected to be between 0 and 1.")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def ratio(self) -> float:
        """Return γₜ / γₜ₋₁ = 1 + (b − a) / (Ta + (t − 1)(b − a))."""
        if self.last_epoch == 0:
            return self.start_factor
        if self._is_initial or self.last_epoch > self.total_iters:
            return 1.0
        rise = self.end_factor - self.start_factor
        return 1.0 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise)

    def total_ratio(self) -> float:
        """Return γₜ / γ₀."""
        rise = self.end_factor - self.start_factor
        return self.start_factor + rise * min(self.total_iters, self.last_epoch) / self.total_iters
