"""The activations that weigh their input by a gate as modules; see `functional` for each formula."""

from __future__ import annotations

from byhand.tensor import Tensor

from .. import functional as F
from ._forms import InPlace
from .module import Module

__all__ = ["GELU", "GLU", "Hardswish", "Mish", "SiLU"]


class SiLU(InPlace):
    """y = x σ(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return silu(x)."""
        return F.silu(input, inplace=self.inplace)


class GELU(Module):
    """y = x Φ(x); with `approximate="tanh"`, Φ by a tanh."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """Return gelu(x)."""
        return F.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"approximate={self.approximate!r}"


class Mish(InPlace):
    """y = x tanh(ln(1 + eˣ))."""

    def forward(self, input: Tensor) -> Tensor:
        """Return mish(x)."""
        return F.mish(input, inplace=self.inplace)


class Hardswish(InPlace):
    """y = x min(max(x + 3, 0), 6)/6."""

    def forward(self, input: Tensor) -> Tensor:
        """Return hardswish(x)."""
        return F.hardswish(input, inplace=self.inplace)

    def extra_repr(self) -> str:
        """Return nothing, as PyTorch does here."""
        return ""


class GLU(Module):
    """y = a σ(b), where a and b are the halves of x along `dim`."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Return glu(x)."""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        """Return the dimension that is halved."""
        return f"dim={self.dim}"
