"""Dropout as a module."""

from __future__ import annotations

from byhand.tensor import Tensor

from ..functional import dropout
from ..functional._checks import check_probability
from .module import Module

__all__ = ["Dropout"]


class Dropout(Module):
    """In training, each element becomes 0 with probability `p`, and the others are divided by 1 − p; else y = x.

    Raises ValueError unless 0 ≤ p ≤ 1.
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        check_probability(p)
        super().__init__()
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with some of its elements left out."""
        return dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"p={self.p}, inplace={self.inplace}"
