"""Dropout as modules: elements or whole channels are left out, in training only."""

from __future__ import annotations

from byhand.tensor import Tensor

from .. import functional as F
from ..functional._checks import check_probability
from .module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _Dropout(Module):
    """In training, elements are left out with probability `p`; raises ValueError unless 0 ≤ p ≤ 1."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        check_probability(p)
        super().__init__()
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """In training, each element becomes 0 with probability `p`, and the others are divided by 1 − p; else y = x.

    Raises ValueError unless 0 ≤ p ≤ 1.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with some of its elements left out."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """Whole channels of (N, C, L) or (C, L) become 0 with probability `p`; see `functional.dropout1d`."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with some of its channels left out."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """Whole channels of (N, C, H, W) become 0 with probability `p`; see `functional.dropout2d`."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with some of its channels left out."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """Whole channels of (N, C, D, H, W) or (C, D, H, W) become 0 with probability `p`; see `functional.dropout3d`."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with some of its channels left out."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Elements become selu's least value with probability `p`, and mean and variance stay; see `functional.alpha_dropout`."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with some of its elements left out."""
        return F.alpha_dropout(input, self.p, self.training, self.inplace)


class FeatureAlphaDropout(_Dropout):
    """As `AlphaDropout`, but whole channels of (N, C, …); see `functional.feature_alpha_dropout`."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with some of its channels left out."""
        return F.feature_alpha_dropout(input, self.p, self.training, self.inplace)
