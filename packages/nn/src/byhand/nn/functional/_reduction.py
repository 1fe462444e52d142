"""How a loss for each element becomes the loss, and the older arguments that say so."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from byhand.tensor import Tensor
from byhand.tensor._graph import Array, Shape

__all__ = ["check_reduction", "reduced", "reduction_of", "share", "total"]


def reduction_of(size_average: bool | None, reduce: bool | None, reduction: str, stacklevel: int = 3) -> str:
    """Return the reduction. `size_average` and `reduce`, PyTorch's older arguments, go before it, and warn.

    Raises ValueError for an unknown one.
    """
    if size_average is not None or reduce is not None:
        reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            stacklevel=stacklevel,
        )
    elif reduction == "elementwise_mean":
        warnings.warn(
            "reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.", stacklevel=stacklevel
        )
        return "mean"
    check_reduction(reduction)
    return reduction


def check_reduction(reduction: str) -> None:
    """Raise ValueError unless `reduction` is "mean", "sum" or "none"."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction; it is 'mean', 'sum' or 'none'")


def reduced(loss: Tensor, reduction: str) -> Tensor:
    """The mean or the sum of a loss for each element, or the loss itself."""
    if reduction == "none":
        return loss
    return loss.mean() if reduction == "mean" else loss.sum()  # type: ignore[no-any-return]


def total(loss: Array, reduction: str) -> Array:
    """As `reduced`, on arrays: for losses that are one operation with their mean or sum."""
    if reduction == "none":
        return loss
    summed = np.add.reduce(loss, axis=None)
    return summed / loss.size if reduction == "mean" else summed


def share(g: Any, shape: Shape, reduction: str) -> Any:
    """The gradient of each element's loss, from that of what `total` made of a loss of this shape."""
    return g / math.prod(shape) if reduction == "mean" else g
