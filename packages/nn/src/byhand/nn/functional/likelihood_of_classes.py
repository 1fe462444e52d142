"""The negative log-likelihood of class indices, and how these are read.

The classes stand along dimension 1 (or 0, without a batch); all other dimensions are independent samples n.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from byhand.tensor import Tensor, op
from byhand.tensor._errors import ShapeError
from byhand.tensor._graph import Array

from ._reduction import reduction_of

__all__ = ["nll_loss"]


class Choice(NamedTuple):
    """What the targets say of each sample, in the samples' shape."""

    index: Array  # the class; 0 where the target is ignored
    weight: Array | None  # w of the class, 0 where the target is ignored; None where all count alike
    total: Any  # what a mean divides by, the sum of the weights

    def share(self, reduction: str, dtype: Any) -> Any:
        """What each sample's loss counts for in the result: w/Σw for a mean, else w."""
        if self.weight is None:
            return 1 / self.total if reduction == "mean" and self.total else 1.0
        share = self.weight / self.total if reduction == "mean" else self.weight
        return np.where(self.weight == 0, dtype.type(0), share)

    def reduced(self, loss: Array, reduction: str) -> Array:
        """The loss from that of each sample. Where all targets are ignored, a mean is 0/0 = nan, as in PyTorch."""
        if self.weight is not None:
            loss = np.where(self.weight == 0, loss.dtype.type(0), self.weight * loss)
        if reduction == "none":
            return loss
        return np.asarray(loss.sum() / loss.dtype.type(self.total) if reduction == "mean" else loss.sum())


def class_axis(input: Any) -> int:
    """The dimension of the classes."""
    return 0 if len(input.shape) == 1 else 1


def choice(input: Array, target: Array, weight: Array | None, ignore_index: int) -> Choice:
    """Read the targets. Raises errors for shapes and dtypes that do not fit, IndexError for a class that is not there."""
    axis = class_axis(input)
    samples = input.shape[:axis] + input.shape[axis + 1 :]
    if input.ndim == 0 or target.shape != samples:
        raise ShapeError(f"the target has shape {target.shape}; expected {samples}, one class index for each sample.")
    if target.dtype not in (np.int64, np.uint8):
        raise ShapeError(f"expected target dtype to be Long or Byte, but got {target.dtype}; convert it with long().")
    classes = input.shape[axis]
    if weight is not None and weight.shape != (classes,):
        raise ShapeError(f"the weight has shape {weight.shape}; expected ({classes},), one number for each class.")
    unsigned = target.view(np.uint64) if target.dtype == np.int64 else target  # negative ones become larger than any class
    if weight is None and not 0 <= ignore_index < classes and not (unsigned >= classes).any():
        return Choice(target, None, target.size)
    return _choice_with_weights(target, weight, ignore_index, classes, input.dtype)


def _choice_with_weights(target: Array, weight: Array | None, ignore_index: int, classes: int, dtype: Any) -> Choice:
    valid = target != ignore_index
    index = np.where(valid, target, 0)
    outside = (index < 0) | (index >= classes)
    if outside.any():
        raise IndexError(f"Target {index[outside][0]} is out of bounds: there are {classes} classes")
    factor = np.asarray(valid if weight is None else np.where(valid, weight[index], 0), dtype)
    return Choice(index, factor, np.sum(factor))


def places(index: Array, axis: int) -> tuple[Array, ...]:
    """Where in the input the samples' own classes stand, as NumPy's indexing wants it."""
    grid = [np.arange(size).reshape(-1, *(1,) * (index.ndim - 1 - dim)) for dim, size in enumerate(index.shape)]
    grid.insert(axis, index)
    return tuple(grid)


@op(outputs=("out", "index", "share"), public=1)
def _nll(input: Array, target: Array, weight: Array | None, *, ignore_index: int, reduction: str) -> tuple[Array, Array, Any]:
    r"""y_n = −w_t x_nt, t = t_n; the mean is Σ y_n / Σ w.   ∂y_n/∂x_nc = −w_t [c = t]"""
    chosen = choice(input, target, weight, ignore_index)
    loss = np.negative(input[places(chosen.index, class_axis(input))])
    return chosen.reduced(np.asarray(loss), reduction), chosen.index, chosen.share(reduction, input.dtype)


@_nll.vjp("input")
def _(g: Array, index: Array, share: Any, shape: tuple[int, ...]) -> Array:
    axis = 0 if len(shape) == 1 else 1
    return at_class.kernel(np.broadcast_to(-g * share, index.shape), index, dim=axis, classes=shape[axis])


@op
def at_class(input: Array, index: Array, *, dim: int, classes: int) -> Array:
    r"""y = 0 but y_{n, t_n} = x_n, the transpose of picking each sample's class.   x̄_n = ȳ_{n, t_n}"""
    y = np.zeros((*input.shape[:dim], classes, *input.shape[dim:]), input.dtype)
    y[places(index, dim)] = input
    return y


@at_class.vjp("input")
def _(u: Array, index: Array, dim: int) -> Any:
    return of_class.kernel(u, index, dim=dim)


@op
def of_class(input: Array, index: Array, *, dim: int) -> Array:
    r"""y_n = x_{n, t_n}: each sample's class is picked.   x̄ is ȳ_n at t_n, else 0"""
    return np.asarray(input[places(index, dim)])


@of_class.vjp("input")
def _(u: Array, index: Array, dim: int, shape: tuple[int, ...]) -> Any:
    return at_class.kernel(u, index, dim=dim, classes=shape[dim])


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""−w_t x_nt of log-probabilities x:   (N, C, d₁, …), (N, d₁, …) → (), or (N, d₁, …) with `reduction="none"`.

    Arguments and errors as `cross_entropy`, for class indices.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    return _nll(input, target, weight, ignore_index=ignore_index, reduction=reduction)
