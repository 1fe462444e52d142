"""What all losses have in common: a reduction, and perhaps weights."""

from __future__ import annotations

from byhand.tensor import Tensor

from ..functional._reduction import reduction_of
from .module import Module


class Loss(Module):
    """A loss with a reduction: "mean", "sum" or "none". The older arguments before it say the same, and warn."""

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction
        if size_average is not None or reduce is not None:
            self.reduction = reduction_of(size_average, reduce, reduction, stacklevel=4)


class WeightedLoss(Loss):
    """A loss with weights, which are a buffer: they change dtype with the module and stand in its state dict."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
