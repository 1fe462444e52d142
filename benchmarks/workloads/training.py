"""A step of training: what all networks have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Training:
    """Forward, backward and update.

    Args:
        loss: computes the loss, a tensor.
        optimiser: has the parameters.
        given: the inputs and targets.
        before_update: is called between the backward pass and the update.
    """

    def __init__(
        self, loss: Callable[[], Any], optimiser: Any, given: list[Any], before_update: Callable[[], Any] | None = None
    ) -> None:
        self.loss, self.optimiser, self.given, self.before_update = loss, optimiser, given, before_update

    def __call__(self) -> float:
        """Take a step and return the loss before it."""
        self.optimiser.zero_grad()
        loss = self.loss()
        loss.backward()
        if self.before_update:
            self.before_update()
        self.optimiser.step()
        return float(loss.detach())

    def parameters(self) -> list[Any]:
        """What the optimiser updates."""
        return [p for group in self.optimiser.param_groups for p in group["params"]]
