"""Binary cross-entropy: of probabilities, of logits, and of several labels at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from byhand.tensor import Tensor, op, sigmoid
from byhand.tensor._graph import Array

from ._checks import alike
from ._reduction import reduced, reduction_of, share, total
from .sigmoids import logsigmoid, softplus

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "multilabel_soft_margin_loss", "soft_margin_loss",
]  # fmt: skip


def _check_sizes(input: Tensor, target: Tensor) -> None:
    if input.shape != target.shape:
        raise ValueError(
            f"Using a target size (torch.Size({list(target.shape)})) that is different to the input size "
            f"(torch.Size({list(input.shape)})) is deprecated. Please ensure they have the same size: reshape or unsqueeze one."
        )


@op(promote=alike)
def _binary_cross_entropy(input: Array, target: Array) -> Array:
    r"""y = −(t ln p + (1 − t) ln(1 − p)), the logarithms not below −100.

    ∂y/∂p = (p − t)/(p (1 − p)),   ∂y/∂t = ln(1 − p) − ln p
    """
    if input.size and not (input.min() >= 0 and input.max() <= 1):
        bounds = f"{input.min()} to {input.max()}"
        raise ValueError(f"all elements of input should be between 0 and 1, got {bounds}; use sigmoid first")
    return (target - 1) * np.maximum(np.log1p(-input), -100) - target * np.maximum(np.log(input), -100)


@_binary_cross_entropy.vjp("input")
def _(g: Array, input: Array, target: Array) -> Array:
    return g * ((input - target) / np.maximum(input * (1 - input), 1e-12))


@_binary_cross_entropy.vjp("target")
def _(g: Array, input: Array) -> Array:
    return g * (np.maximum(np.log(1 - input), -100) - np.maximum(np.log(input), -100))


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""−w (t ln p + (1 − t) ln(1 − p)) of probabilities p, as mean over all elements, as sum, or for each.

    The logarithms are not allowed below −100, so that the loss stays finite at p = 0 and 1, as in PyTorch.
    Raises ValueError if the shapes differ, RuntimeError if a probability is outside [0, 1] or the dtypes differ.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    _check_sizes(input, target)
    loss = _binary_cross_entropy(input, target)
    return reduced(loss if weight is None else loss * weight, reduction)


@op(promote=alike)
def _binary_cross_entropy_with_logits(input: Array, target: Array, pos_weight: Array | None = None, *, reduction: str) -> Array:
    r"""y = −(w t ln σ(x) + (1 − t) ln(1 − σ(x))) = (1 − t) x + ℓ s, with ℓ = 1 + (w − 1) t and s = ln(1 + e^{−x}).

    ∂y/∂x = 1 − t − ℓ σ(−x),   ∂y/∂t = −x + (w − 1) s,   ∂y/∂w = t s
    """
    s = np.log1p(np.exp(-np.abs(input)))  # ln(1 + e^{−x}) is this and max(−x, 0)
    if pos_weight is None:
        s += np.maximum(input, 0)
        s -= target * input
    else:
        s -= np.minimum(input, 0)
        s *= _positive(target, pos_weight)
        s += (1 - target) * input
    return total(s, reduction)


@_binary_cross_entropy_with_logits.vjp("input")
def _(g: Array, input: Array, target: Array, pos_weight: Array | None, reduction: str) -> Array:
    g = share(g, input.shape, reduction)
    if pos_weight is None:
        return g * (sigmoid.kernel(input) - target)  # 1 − σ(−x) = σ(x)
    return g * (1 - target - _positive(target, pos_weight) * sigmoid.kernel(-input))


@_binary_cross_entropy_with_logits.vjp("target")
def _(g: Array, input: Array, pos_weight: Array | None, reduction: str) -> Array:
    return share(g, input.shape, reduction) * (-input if pos_weight is None else (pos_weight - 1) * _softplus(-input) - input)


@_binary_cross_entropy_with_logits.vjp("pos_weight")
def _(g: Array, input: Array, target: Array, reduction: str) -> Array:
    return share(g, input.shape, reduction) * target * _softplus(-input)


def _positive(target: Any, pos_weight: Any) -> Any:
    """ℓ"""
    return 1 + (pos_weight - 1) * target


def _softplus(x: Any) -> Any:
    return softplus.kernel(x, 1, math.inf)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    r"""−w (w₊ t ln σ(x) + (1 − t) ln(1 − σ(x))) of logits x: binary cross-entropy of sigmoid(x), but never overflowing.

    Args:
        weight: w, a factor for each element, broadcast.
        pos_weight: w₊, a factor for the positive class, broadcast; above 1 it favours recall.

    Raises ValueError if the shapes of input and target differ.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if input._data.shape != target._data.shape:
        raise ValueError(
            f"Target size (torch.Size({list(target.shape)})) must be the same as input size (torch.Size({list(input.shape)}))"
        )
    if weight is None:
        return _binary_cross_entropy_with_logits(input, target, pos_weight, reduction=reduction)
    return reduced(_binary_cross_entropy_with_logits(input, target, pos_weight, reduction="none") * weight, reduction)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Binary cross-entropy of logits, as mean over the C labels of each sample:   (N, C), (N, C) → (), or (N,).

    Raises ValueError for an unknown `reduction`, RuntimeError for shapes that do not broadcast.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    return reduced((loss if weight is None else loss * weight).mean(-1), reduction)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""ln(1 + e^{−t x}) for targets t of −1 or +1: binary cross-entropy of logits, for labels of this form.

    Where e^{−t x} overflows, PyTorch's is infinite; this one is −t x. Raises RuntimeError for shapes that do not broadcast.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    return reduced(softplus(-target * input, 1, math.inf), reduction)
