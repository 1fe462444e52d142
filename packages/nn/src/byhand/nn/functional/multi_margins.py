"""Losses that are zero beyond a margin, of one class or several labels among many."""

from __future__ import annotations

from typing import Any

import numpy as np
from byhand.tensor import Tensor
from byhand.tensor._tensor import wrap

from ._reduction import reduced, reduction_of

__all__ = ["multi_margin_loss", "multilabel_margin_loss"]


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Σ_{c ≠ t} w_t max(0, m − x_t + x_c)^p / C: the class t should lead all others by m.   (N, C), (N,) → (), or (N,).

    Raises ValueError unless p is 1 or 2, RuntimeError for shapes that do not fit and classes that are not there.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.ndim != 1:
        raise ValueError("weight must be one-dimensional")
    rows, targets = _rows(input), target.reshape(-1)
    classes = rows.shape[1]
    if target.ndim > 1 or targets.shape[0] != rows.shape[0]:
        raise RuntimeError(
            f"multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples. Expected target "
            f"size [{rows.shape[0]}], but got {list(target.shape)}. Input has shape {list(input.shape)}."
        )
    if weight is not None and weight.shape != (classes,):
        raise RuntimeError(f"inconsistent weight size, expected {classes} but got {list(weight.shape)}")
    _check_integers(targets)
    if targets.numel() and not (targets._data.min() >= 0 and targets._data.max() < classes):
        raise RuntimeError(f"target out of range: classes are 0 … {classes - 1}")
    short = (margin - rows.gather(1, targets.unsqueeze(1)) + rows).relu()
    others = wrap(np.arange(classes) != targets._data[:, None])
    loss = ((short if p == 1 else short.square()) * others).sum(1) / classes
    if weight is not None:
        loss = loss * weight[targets]
    return reduced(loss if target.ndim else loss.squeeze(0), reduction)


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Σ_{j ∈ T} Σ_{c ∉ T} max(0, 1 − x_j + x_c)/C: each label in T should lead all that are not by 1.   (N, C), (N, C) → ().

    The labels T of a sample are its targets up to the first −1. Raises RuntimeError for shapes that do not fit and for labels
    that are not there.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if input.ndim > 2 or (input.ndim and not input.shape[-1]):
        raise RuntimeError(f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(input.shape)}")
    if target.numel() != input.numel() or (input.ndim == 2 and target.shape != input.shape):
        raise RuntimeError(f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}")
    _check_integers(target)
    rows, labels = _rows(input), _rows(target)._data
    if labels.size and not (labels.min() >= -1 and labels.max() < rows.shape[1]):
        raise RuntimeError(f"argument #2 'target' is out of range: labels are 0 … {rows.shape[1] - 1}, and -1 ends them")
    named = np.logical_and.accumulate(labels >= 0, axis=1)
    index = np.where(named, labels, 0)
    chosen = np.zeros(labels.shape, bool)
    np.logical_or.at(chosen, (np.arange(len(labels))[:, None], index), named)
    leads = rows.gather(1, wrap(index)).unsqueeze(2) - rows.unsqueeze(1)  # (N, labels, classes)
    counted = wrap(named[:, :, None] & ~chosen[:, None, :])
    loss = ((1 - leads).relu() * counted).sum((1, 2)) / rows.shape[1]
    return reduced(loss if input.ndim == 2 else loss.squeeze(0), reduction)


def _rows(tensor: Any) -> Any:
    """One sample without a batch dimension as a batch of one."""
    return tensor if tensor.ndim == 2 else tensor.reshape(1, -1)


def _check_integers(target: Tensor) -> None:
    if target._data.dtype != np.int64:
        raise RuntimeError(f"expected scalar type Long but found {target._data.dtype}; convert the target with long()")
