"""Schedules that only go down: in steps, exponentially, as a polynomial."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable

from ..optimizer import Optimizer
from .scheduler import Multiplying


class StepLR(Multiplying):
    """γₜ = γ₀ · gamma^⌊t / step_size⌋

    The customary schedule of image classifiers: He, Zhang, Ren and Sun, *Deep Residual Learning for Image Recognition*
    (CVPR 2016), section 3.4, "divided by 10 when the error plateaus".

    Args:
        optimizer: whose learning rates are set.
        step_size: epochs from one decay to the next.
        gamma: the factor of each.
        last_epoch: the epoch to go on after; −1 to begin.
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def ratio(self) -> float:
        """Return γₜ / γₜ₋₁."""
        return 1.0 if self.last_epoch == 0 or self.last_epoch % self.step_size else self.gamma

    def total_ratio(self) -> float:
        """Return γₜ / γ₀."""
        return float(self.gamma ** (self.last_epoch // self.step_size))


class MultiStepLR(Multiplying):
    """γₜ = γ₀ · gamma^(number of milestones ≤ t)

    Args:
        optimizer: whose learning rates are set.
        milestones: the epochs in which the learning rate decays; one named twice decays it twice.
        gamma: the factor of each decay.
        last_epoch: the epoch to go on after; −1 to begin.
    """

    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def ratio(self) -> float:
        """Return γₜ / γₜ₋₁."""
        return float(self.gamma ** self.milestones[self.last_epoch])

    def total_ratio(self) -> float:
        """Return γₜ / γ₀."""
        return float(self.gamma ** bisect_right(sorted(self.milestones.elements()), self.last_epoch))


class ExponentialLR(Multiplying):
    """γₜ = γ₀ · gammaᵗ

    Args:
        optimizer: whose learning rates are set.
        gamma: the factor of each epoch.
        last_epoch: the epoch to go on after; −1 to begin.
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def ratio(self) -> float:
        """Return γₜ / γₜ₋₁."""
        return 1.0 if self._is_initial else self.gamma

    def total_ratio(self) -> float:
        """Return γₜ / γ₀."""
        return float(self.gamma**self.last_epoch)


class PolynomialLR(Multiplying):
    """γₜ = γ₀ (1 − min(t, T) / T)^power, with T = `total_iters`

    The "poly" schedule of Chen, Papandreou, Kokkinos, Murphy and Yuille, *DeepLab* (TPAMI 2018), section 4.1.

    Args:
        optimizer: whose learning rates are set.
        total_iters: T, after which the learning rate is 0.
        power: 1 for a straight line.
        last_epoch: the epoch to go on after; −1 to begin.
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def ratio(self) -> float:
        """Return γₜ / γₜ₋₁."""
        if self._is_initial or self.last_epoch > self.total_iters:
            return 1.0
        now, before = 1.0 - self.last_epoch / self.total_iters, 1.0 - (self.last_epoch - 1) / self.total_iters
        return float((now / before) ** self.power)

    def total_ratio(self) -> float:
        """Return γₜ / γ₀."""
        return float((1.0 - min(self.total_iters, self.last_epoch) / self.total_iters) ** self.power)
