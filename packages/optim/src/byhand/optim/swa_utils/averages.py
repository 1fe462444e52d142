"""The two averages: the mean of all models so far, and one in which the past fades.

    SWA:  w̄ ← w̄ + (w − w̄) / (n + 1)          n models averaged so far
    EMA:  w̄ ← βw̄ + (1 − β)w                   β = decay

Izmailov, Podoprikhin, Garipov, Vetrov and Wilson, *Averaging Weights Leads to Wider Optima and Better Generalization*
(UAI 2018), equation 1; Polyak and Juditsky, *Acceleration of Stochastic Approximation by Averaging* (1992). Each comes as a
function of one tensor, which returns the new average, and as one of many tensors of one dtype, which changes them in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from byhand.tensor import Tensor, no_grad

Average = Callable[[Tensor, Tensor, Any], Tensor]
Averages = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """Return the function (w̄, w, n) ↦ βw̄ + (1 − β)w. Raises ValueError for a β outside [0, 1]."""
    _check(decay)

    @no_grad()
    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:  # noqa: ARG001 (every average is given it)
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn() -> Average:
    """Return the function (w̄, w, n) ↦ w̄ + (w − w̄) / (n + 1)."""

    @no_grad()
    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        mean: Tensor = averaged_param + (current_param - averaged_param) / (num_averaged + 1)
        return mean

    return swa_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Averages:
    """Return the function that changes all w̄ to βw̄ + (1 − β)w, truncating integers. Raises ValueError for a β outside [0, 1]."""
    _check(decay)

    @no_grad()
    def ema_update(ema_param_list: Sequence[Tensor], current_param_list: Sequence[Tensor], _: Any) -> None:
        for average, current in zip(ema_param_list, current_param_list, strict=True):
            if average.is_floating_point():
                average.lerp_(current, 1 - decay)
            else:
                average.copy_(average * decay + current * (1 - decay))

    return ema_update


def get_swa_multi_avg_fn() -> Averages:
    """Return the function that changes all w̄ to w̄ + (w − w̄) / (n + 1); integers, which PyTorch refuses, are truncated."""
    one = get_swa_avg_fn()

    @no_grad()
    def swa_update(
        averaged_param_list: Sequence[Tensor], current_param_list: Sequence[Tensor], num_averaged: Any
    ) -> None:
        weight = float(1 / (num_averaged + 1))  # of a tensor n this is a float32, as in PyTorch
        for average, current in zip(averaged_param_list, current_param_list, strict=True):
            if average.is_floating_point():
                average.lerp_(current, weight)
            else:
                average.copy_(one(average, current, num_averaged))

    return swa_update


def _check(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")
