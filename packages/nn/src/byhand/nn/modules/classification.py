"""The losses of one class among several as modules; see `functional` for each formula."""

from __future__ import annotations

import warnings

from byhand.tensor import Tensor

from .. import functional as F
from ._loss import Loss, WeightedLoss

__all__ = ["CrossEntropyLoss", "NLLLoss", "NLLLoss2d", "SparseCrossEntropyLoss"]


class NLLLoss(WeightedLoss):
    """−w_t x_t of log-probabilities x and class indices t."""

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return nll_loss(input, target)."""
        return F.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class NLLLoss2d(NLLLoss):
    """NLLLoss under an older name, which warns."""

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        warnings.warn(
            "NLLLoss2d has been deprecated. Please use NLLLoss instead as a drop-in replacement and see "
            "https://pytorch.org/docs/main/nn.html#torch.nn.NLLLoss for more details.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__(weight, size_average, ignore_index, reduce, reduction)


class CrossEntropyLoss(WeightedLoss):
    """−Σ_c w_c q_c ln softmax(x)_c of logits x, with class indices or distributions q as targets."""

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return cross_entropy(input, target)."""
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class SparseCrossEntropyLoss(Loss):
    """−ln p_t of probabilities p and class indices t. PyTorch has no loss of this form."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return sparse_cross_entropy(input, target)."""
        return F.sparse_cross_entropy(input, target, reduction=self.reduction)
