"""The activations that draw their input towards zero as modules; see `functional` for each formula."""

from __future__ import annotations

from byhand.tensor import Tensor

from .. import functional as F
from .module import Module

__all__ = ["Hardshrink", "Softshrink", "Tanhshrink"]


class Hardshrink(Module):
    """y = x where |x| > `lambd`, else 0."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """Return hardshrink(x)."""
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """Return λ."""
        return str(self.lambd)


class Softshrink(Module):
    """y = x − λ where x > λ, x + λ where x < −λ, else 0, λ = `lambd`."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """Return softshrink(x)."""
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """Return λ."""
        return str(self.lambd)


class Tanhshrink(Module):
    """y = x − tanh x."""

    def forward(self, input: Tensor) -> Tensor:
        """Return tanhshrink(x)."""
        return F.tanhshrink(input)
