"""Learning rates that go up and down for ever."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any

from ..optimizer import Optimizer
from ._rates import begin_momenta, check_optimizer, cycles_beta1, per_group, set_momentum, set_rate
from .scheduler import LRScheduler


class CyclicLR(LRScheduler):
    """γₜ = γ_base + (γ_max − γ_base) · h · s, with h the height in a triangular wave from 0 to 1, and the scale s

        s = 1                   in mode "triangular"
        s = 2^(1 − c)           in mode "triangular2", c the number of the cycle, from 1
        s = gammaᵗ              in mode "exp_range"

    Smith, *Cyclical Learning Rates for Training Neural Networks* (WACV 2017), section 3. The momentum (or β₁), if it is
    cycled, goes the opposite way: μₜ = μ_max − (μ_max − μ_base) · h · s. A step is a batch, not an epoch.

    Args:
        optimizer: whose learning rates are set.
        base_lr, max_lr: the bounds, one for all groups or a list.
        step_size_up, step_size_down: steps on the way up, and down (as many, if not given).
        mode: how the waves shrink.
        gamma: of "exp_range".
        scale_fn: s as a function, of c or of t; `mode` is ignored then, as in PyTorch.
        scale_mode: of what: "cycle" or "iterations".
        cycle_momentum: whether the momentum is cycled.
        base_momentum, max_momentum: its bounds, one for all groups or a list.
        last_epoch: the step to go on after; −1 to begin.

    Raises ValueError for an unknown mode, bounds that are not as many as groups, or an optimiser without momentum.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        base_lrs = per_group("base_lr", optimizer, base_lr)
        self.max_lrs = per_group("max_lr", optimizer, max_lr)
        self.total_size = float(step_size_up) + float(step_size_up if step_size_down is None else step_size_down)
        self.step_ratio = float(step_size_up) / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = cycles_beta1(optimizer)
            self.base_momentums = per_group("base_momentum", optimizer, base_momentum)
            self.max_momentums = per_group("max_momentum", optimizer, max_momentum)
        if last_epoch == -1:
            for lr, group in zip(base_lrs, optimizer.param_groups, strict=True):
                set_rate(group, lr)
            if cycle_momentum:
                begin_momenta(optimizer, self.base_momentums, self.max_momentums, self.use_beta1)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """Return s, of the cycle's number or of the step."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        return float(2.0 ** (1 - x) if self.mode == "triangular2" else self.gamma**x)

    def get_lr(self) -> list[Any]:
        """Compute γₜ of each group, and set its momentum."""
        self._warn_outside_step()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        height *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            groups = self.optimizer.param_groups
            for group, low, high in zip(groups, self.base_momentums, self.max_momentums, strict=True):
                set_momentum(group, high - (high - low) * height, self.use_beta1)
        return [low + (high - low) * height for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimiser; of `scale_fn` its attributes, or None if it is a plain function."""
        function = self._scale_fn_custom
        plain = function is None or isinstance(function, types.FunctionType)
        return {**super().state_dict(), "_scale_fn_custom": None if plain else function.__dict__.copy()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a `state_dict()`, with the `scale_fn` of this schedule."""
        super().load_state_dict({key: value for key, value in state_dict.items() if key != "_scale_fn_custom"})
        if state_dict["_scale_fn_custom"] is not None:
            self._scale_fn_custom.__dict__.update(state_dict["_scale_fn_custom"])
