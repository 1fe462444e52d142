"""Losses that are zero beyond a margin, of pairs and triplets: ranking, hinge, cosine embedding, triplet."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
from byhand import tensor
from byhand.tensor import Tensor, eq, ne, where

from ._reduction import check_reduction, reduced, reduction_of
from .distances import pairwise_distance

__all__ = [
    "cosine_embedding_loss", "hinge_embedding_loss", "hinge_loss", "margin_ranking_loss", "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]  # fmt: skip


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""max(0, m − t (x₁ − x₂)): with t = 1 the first should be larger by the margin m, with t = −1 the second.

    Raises RuntimeError for inputs of different ranks or of shapes that do not broadcast.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            f"margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: {input1.shape}, "
            f"input2: {input2.shape}, target: {target.shape} "
        )
    return reduced((-target * (input1 - input2) + margin).clamp(min=0), reduction)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""x where t = 1, max(0, m − x) where t = −1, x a distance: what belongs together should be near, all else beyond m.

    Raises RuntimeError for shapes that do not broadcast.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    return reduced(_only(ne(target, -1), input) + _only(ne(target, 1), (margin - input).clamp(min=0)), reduction)


def _only(chosen: Tensor, values: Tensor) -> Tensor:
    """The values where they are chosen, else 0."""
    return cast(Tensor, where(chosen, values, 0.0))


def hinge_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    r"""max(0, 1 − t x) for targets t of −1 or +1: zero from the margin t x = 1 on.

    PyTorch has no loss of this form. Raises ValueError for other targets or if the shapes differ. Cortes and Vapnik, Machine
    Learning 20 (1995).
    """
    check_reduction(reduction)
    if input.shape != target.shape:
        raise ValueError(f"hinge_loss: the target size {tuple(target.shape)} must be the input size {tuple(input.shape)}")
    if not np.all(np.abs(target._data) == 1):
        raise ValueError("hinge_loss: targets must be -1 or +1; for classes 0 and 1 pass 2 * target - 1")
    return reduced((1 - input * target).relu(), reduction)


_NOTHING = 1e-12  # keeps the cosine finite where a vector is 0


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""1 − cos where t = 1, max(0, cos − m) where t = −1, cos = a·b/(‖a‖ ‖b‖):   (N, D), (N, D), (N,) → (), or (N,).

    Raises RuntimeError for shapes that do not fit.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if target.ndim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if not (input1.ndim == input2.ndim == target.ndim + 1):
        raise RuntimeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    squares = ((input1 * input1).sum(-1) + _NOTHING) * ((input2 * input2).sum(-1) + _NOTHING)
    cosine = (input1 * input2).sum(-1) / squares.sqrt()
    return reduced(_only(eq(target, 1), 1 - cosine) + _only(eq(target, -1), (cosine - margin).clamp(min=0)), reduction)


# ---------------------------------------------------------------------- triplets


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""max(0, m + d(a, p) − d(a, n)), d the distance ‖· − ·‖_p:   three of (N, D) → (), or (N,).

    With `swap`, d(a, n) becomes the smaller of d(a, n) and d(p, n). Balntas et al., BMVC 2016.
    Raises ValueError unless m > 0, RuntimeError for inputs of different ranks or shapes that do not broadcast.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    return triplet_margin_with_distance_loss(
        anchor,
        positive,
        negative,
        distance_function=lambda a, b: pairwise_distance(a, b, p, eps),
        margin=margin,
        swap=swap,
        reduction=reduction,
    )


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    r"""`triplet_margin_loss` with any distance (pairwise_distance, unless given)."""
    check_reduction(reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs"
        )
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = tensor.minimum(far, distance(positive, negative))
    return reduced((margin + near - far).clamp(min=0), reduction)
