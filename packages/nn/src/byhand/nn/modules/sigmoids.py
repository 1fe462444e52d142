"""Sigmoid, tanh and their kin as modules; see `functional` for each formula."""

from __future__ import annotations

from byhand.tensor import Tensor

from .. import functional as F
from ._forms import InPlace
from .module import Module

__all__ = ["Hardsigmoid", "LogSigmoid", "Sigmoid", "Softplus", "Softsign", "Tanh"]


class Sigmoid(Module):
    """y = 1/(1 + e⁻ˣ)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return sigmoid(x)."""
        return F.sigmoid(input)


class Hardsigmoid(InPlace):
    """y = min(max(x + 3, 0), 6)/6."""

    def forward(self, input: Tensor) -> Tensor:
        """Return hardsigmoid(x)."""
        return F.hardsigmoid(input, inplace=self.inplace)

    def extra_repr(self) -> str:
        """Return nothing, as PyTorch does here."""
        return ""


class LogSigmoid(Module):
    """y = ln σ(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return logsigmoid(x)."""
        return F.logsigmoid(input)


class Tanh(Module):
    """y = tanh x."""

    def forward(self, input: Tensor) -> Tensor:
        """Return tanh(x)."""
        return F.tanh(input)


class Softsign(Module):
    """y = x/(1 + |x|)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return softsign(x)."""
        return F.softsign(input)


class Softplus(Module):
    """y = ln(1 + e^{βx})/β, and y = x where βx > `threshold`."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        """Return softplus(x)."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"beta={self.beta}, threshold={self.threshold}"
