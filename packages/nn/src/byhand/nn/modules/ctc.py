"""Connectionist temporal classification as a module; see `functional.ctc_loss` for the formula."""

from __future__ import annotations

from collections.abc import Sequence

from byhand.tensor import Tensor

from .. import functional as F
from ._loss import Loss

__all__ = ["CTCLoss"]


class CTCLoss(Loss):
    """−ln of the chance that the labels are read, over all alignments with the input."""

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(
        self,
        log_probs: Tensor,
        targets: Tensor,
        input_lengths: Tensor | Sequence[int],
        target_lengths: Tensor | Sequence[int],
    ) -> Tensor:
        """Return ctc_loss(log_probs, targets, input_lengths, target_lengths)."""
        return F.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction, self.zero_infinity
        )
