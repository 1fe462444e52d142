"""Derivatives: `backward` and `grad`, operations of one's own, checks against differences, and whole Jacobians."""

from typing import TYPE_CHECKING

from .._later import later
from . import grad_mode as grad_mode
from ._gradients import backward as backward, grad as grad
from .function import Function as Function
from .grad_mode import (
    enable_grad as enable_grad,
    inference_mode as inference_mode,
    no_grad as no_grad,
    set_grad_enabled as set_grad_enabled,
)
from .gradcheck import GradcheckError as GradcheckError, gradcheck as gradcheck, gradgradcheck as gradgradcheck

if TYPE_CHECKING:
    from . import functional as functional
else:
    __getattr__ = later(__name__, "functional")

__all__ = [
    "Function", "GradcheckError", "backward", "enable_grad", "functional", "grad", "grad_mode", "gradcheck",
    "gradgradcheck", "inference_mode", "no_grad", "set_grad_enabled",
]  # fmt: skip
