"""The activations with a kink or a bend at one point as modules; see `functional` for each formula."""

from __future__ import annotations

import warnings
from typing import Any

from byhand.tensor import Tensor, empty

from .. import functional as F
from ..init import constant_
from ..parameter import Parameter
from ._forms import InPlace, in_place
from .module import Module

__all__ = ["CELU", "ELU", "Hardtanh", "LeakyReLU", "PReLU", "RReLU", "ReLU", "ReLU6", "SELU", "Threshold"]


class ReLU(InPlace):
    """y = max(x, 0)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return relu(x)."""
        return F.relu(input, inplace=self.inplace)


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
        return f"negative_slope={self.negative_slope}" + in_place(self.inplace)


class PReLU(Module):
    """y = x where x > 0, else w x, with a learned slope w: one for all, or `num_parameters`, one for each channel."""

    weight: Parameter

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set all slopes to `init`."""
        constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """Return prelu(x, weight)."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """Return the number of slopes."""
        return f"num_parameters={self.num_parameters}"


class RReLU(Module):
    """y = x where x > 0, else a x: in training with a drawn from U(`lower`, `upper`), in evaluation with their mean."""

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return rrelu(x)."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"lower={self.lower}, upper={self.upper}" + in_place(self.inplace)


class Hardtanh(Module):
    """y = x, cut at `min_val` and `max_val`. Raises AssertionError unless min_val < max_val.

    `min_value` and `max_value` are older names of the two, and warn.
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        self.min_val = _renamed("min", min_val, min_value)
        self.max_val = _renamed("max", max_val, max_value)
        self.inplace = inplace
        if self.max_val <= self.min_val:
            raise AssertionError(f"max_val ({self.max_val}) must be greater than min_val ({self.min_val})")

    def forward(self, input: Tensor) -> Tensor:
        """Return hardtanh(x)."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"min_val={self.min_val}, max_val={self.max_val}" + in_place(self.inplace)


def _renamed(which: str, value: float, old: float | None) -> float:
    """The bound, under its older name if that was used."""
    if old is None:
        return value
    warnings.warn(
        f"keyword argument `{which}_value` is deprecated and renamed to `{which}_val`", FutureWarning, stacklevel=3
    )
    return old


class ReLU6(Hardtanh):
    """y = min(max(x, 0), 6)."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        """Return "inplace=True", or nothing."""
        return in_place(self.inplace, "")


class Threshold(Module):
    """y = x where x > `threshold`, else `value`."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return threshold(x)."""
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"threshold={self.threshold}, value={self.value}" + in_place(self.inplace)


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
        return f"alpha={self.alpha}" + in_place(self.inplace)


class CELU(Module):
    """y = x where x > 0, else α (e^{x/α} − 1)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return celu(x)."""
        return F.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"alpha={self.alpha}" + in_place(self.inplace)


class SELU(InPlace):
    """y = s·elu(x, α), with the s and α that keep mean 0 and variance 1."""

    def forward(self, input: Tensor) -> Tensor:
        """Return selu(x)."""
        return F.selu(input, inplace=self.inplace)
