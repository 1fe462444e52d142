"""The activation functions as modules; see `functional` for each formula."""

from __future__ import annotations

from byhand.tensor import Tensor

from .. import functional as F
from .module import Module

__all__ = [
    "ELU", "GELU", "Hardtanh", "LeakyReLU", "LogSigmoid", "LogSoftmax", "Mish", "ReLU", "ReLU6", "SELU", "SiLU",
    "Sigmoid", "Softmax", "Softplus", "Softsign", "Tanh",
]  # fmt: skip


class _Inplace(Module):
    """An activation whose only option is to overwrite its input."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Return "inplace=True", or nothing."""
        return "inplace=True" if self.inplace else ""


class ReLU(_Inplace):
    """y = max(x, 0)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return relu(x)."""
        return F.relu(input, inplace=self.inplace)


class ReLU6(_Inplace):
    """y = min(max(x, 0), 6)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return relu6(x)."""
        return F.relu6(input, inplace=self.inplace)


class SELU(_Inplace):
    """y = s·elu(x, α), with the s and α that keep mean 0 and variance 1."""

    def forward(self, input: Tensor) -> Tensor:
        """Return selu(x)."""
        return F.selu(input, inplace=self.inplace)


class SiLU(_Inplace):
    """y = x σ(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return silu(x)."""
        return F.silu(input, inplace=self.inplace)


class Mish(_Inplace):
    """y = x tanh(ln(1 + eˣ))."""

    def forward(self, input: Tensor) -> Tensor:
        """Return mish(x)."""
        return F.mish(input, inplace=self.inplace)


class Sigmoid(Module):
    """y = 1/(1 + e⁻ˣ)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return sigmoid(x)."""
        return F.sigmoid(input)


class Tanh(Module):
    """y = tanh x."""

    def forward(self, input: Tensor) -> Tensor:
        """Return tanh(x)."""
        return F.tanh(input)


class LogSigmoid(Module):
    """y = ln σ(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return logsigmoid(x)."""
        return F.logsigmoid(input)


class Softsign(Module):
    """y = x/(1 + |x|)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return softsign(x)."""
        return F.softsign(input)


class LeakyReLU(Module):
    """y = x where x > 0, else a x, a = `negative_slope`."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return leaky_relu(x)."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


class ELU(Module):
    """y = x where x > 0, else α (eˣ − 1)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return elu(x)."""
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


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


class Hardtanh(Module):
    """y = x, cut at `min_val` and `max_val`. Raises ValueError unless min_val < max_val."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        if max_val <= min_val:
            raise ValueError(f"max_val must be larger than min_val, got {max_val} and {min_val}")
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return hardtanh(x)."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"min_val={self.min_val}, max_val={self.max_val}" + (", inplace=True" if self.inplace else "")


class Softmax(Module):
    """y_i = e^{x_i}/Σ_j e^{x_j} along `dim`."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Return softmax(x)."""
        return F.softmax(input, self.dim)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """y_i = x_i − ln Σ_j e^{x_j} along `dim`."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Return log_softmax(x)."""
        return F.log_softmax(input, self.dim)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"dim={self.dim}"
