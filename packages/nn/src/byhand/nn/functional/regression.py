"""Losses between numbers: squared, absolute, and the two in between."""

from __future__ import annotations

import warnings

import numpy as np
from byhand.tensor import Tensor, op
from byhand.tensor._graph import Array
from byhand.tensor._promotion import only_floating

from ._reduction import reduced, reduction_of

__all__ = ["huber_loss", "l1_loss", "mse_loss", "smooth_l1_loss"]


def _check_alike(input: Tensor, target: Tensor) -> None:
    """Warn, as PyTorch does, where the shapes differ: (N, 1) and (N,) broadcast to (N, N), which is seldom meant."""
    if input.shape != target.shape:
        warnings.warn(
            f"Using a target size ({_size(target)}) that is different to the input size ({_size(input)}). "
            "This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )


def _size(tensor: Tensor) -> str:
    return f"torch.Size({list(tensor.shape)})"


def _weighted(loss: Tensor, input: Tensor, weight: Tensor) -> Tensor:
    """The loss of each element times its weight. Raises ValueError unless there is one weight for each element."""
    if weight.shape != input.shape:
        raise ValueError(f"Weights and input must have the same size, got {tuple(weight.shape)} and {tuple(input.shape)}.")
    return loss * weight


def _weighted_mean(loss: Tensor, input: Tensor, weight: Tensor | None, reduction: str) -> Tensor:
    """The loss, reduced; a weighted mean divides by the sum of the weights."""
    if weight is None:
        return reduced(loss, reduction)
    loss = _weighted(loss, input, weight)
    return loss.sum() / weight.sum() if reduction == "mean" else reduced(loss, reduction)


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    r"""The squared error (x − t)², as mean over all elements, as sum, or for each; times `weight`, then as weighted mean.

    Warns if the shapes differ. Raises RuntimeError if they do not broadcast, ValueError for an unknown `reduction`.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    _check_alike(input, target)
    return _weighted_mean((input - target).square(), input, weight, reduction)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    r"""The absolute error |x − t|. Arguments, warnings and errors as `mse_loss`."""
    reduction = reduction_of(size_average, reduce, reduction)
    _check_alike(input, target)
    return _weighted_mean((input - target).abs(), input, weight, reduction)


@op(promote=only_floating)
def _huber(input: Array, *, delta: float) -> Array:
    r"""y = ½ x² where |x| < δ, else δ (|x| − ½ δ).   dy/dx = x cut at −δ and δ"""
    size = np.abs(input)
    return np.where(size < delta, 0.5 * input * input, delta * (size - 0.5 * delta))


@_huber.vjp("input")
def _(g: Array, input: Array, delta: float) -> Array:
    return g * np.where(np.abs(input) < delta, input, delta * np.sign(input))


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    r"""½ d² where |d| < δ, else δ (|d| − ½ δ), with d = x − t. Huber, Ann. Math. Statist. 35 (1964).

    With `weight`, its mean divides by the number of elements all the same, as in PyTorch.
    Raises RuntimeError unless δ > 0. Warnings and other errors as `mse_loss`.
    """
    if delta <= 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta, got {delta}")
    reduction = reduction_of(None, None, reduction)
    _check_alike(input, target)
    loss = _huber(input - target, delta=delta)
    return reduced(loss if weight is None else _weighted(loss, input, weight), reduction)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    r"""½ d²/β where |d| < β, else |d| − ½ β, with d = x − t: the Huber loss over β. β = 0 is the absolute error.

    Raises RuntimeError if β < 0. Warnings and other errors as `mse_loss`. Girshick, arXiv:1504.08083.
    """
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta, got {beta}")
    reduction = reduction_of(size_average, reduce, reduction)
    _check_alike(input, target)
    difference = input - target
    return reduced(difference.abs() if beta == 0 else _huber(difference, delta=beta) / beta, reduction)
