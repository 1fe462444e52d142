"""Losses that are negative log-likelihoods, or compare whole distributions: Poisson, Gaussian, Kullback–Leibler."""

from __future__ import annotations

import math
import warnings
from typing import cast

from byhand import tensor
from byhand.tensor import Tensor, no_grad

from ._reduction import reduced, reduction_of

__all__ = ["gaussian_nll_loss", "kl_div", "poisson_nll_loss"]


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""λ − t ln λ, the likelihood of the count t where λ is expected, up to a constant: λ = eˣ, or x if not `log_input`.

    Args:
        full: add the constant ln t!, by Stirling's formula t ln t − t + ½ ln(2πt), where t > 1.
        eps: what is added to x before its logarithm is taken.

    Raises ValueError for an unknown `reduction`, RuntimeError for shapes that do not broadcast.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        loss = loss + stirling.masked_fill(target <= 1, 0)
    return reduced(loss, reduction)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    r"""½ (ln v + (x − t)²/v), the likelihood of t where N(x, v) is expected, up to the constant ½ ln 2π, which `full` adds.

    Args:
        var: v, one for each element; or one for all elements along the last dimension, or along one whose size is 1; or a number.
        eps: v counts as at least this much. The gradient does not see it.

    Raises ValueError for a negative variance, one of another shape, or an unknown `reduction`.
    """
    reduction = reduction_of(None, None, reduction)
    if isinstance(var, float):
        var = tensor.full_like(input, var)
    if bool((var < 0).any()):
        raise ValueError("var has negative entry/entries")
    spread = _beside(var, input)
    with no_grad():
        short = spread.clamp(min=eps) - spread
    spread = spread + short
    loss = 0.5 * (spread.log() + (input - target).square() / spread)
    return reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)


def _beside(var: Tensor, input: Tensor) -> Tensor:
    """The variances in a shape that broadcasts with the input."""
    if var.shape == input.shape:
        return var
    if var.shape == input.shape[:-1]:
        return var.unsqueeze(-1)  # type: ignore[no-any-return]
    if var.ndim == input.ndim and sum([v for v, x in zip(var.shape, input.shape, strict=True) if v != x]) == 1:
        return var
    raise ValueError(f"var is of incorrect size: {tuple(var.shape)} beside an input of shape {tuple(input.shape)}")


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    r"""Kullback and Leibler's divergence q (ln q − x) of log-probabilities x from a distribution q, element by element.

    Args:
        target: q; or ln q with `log_target`.
        reduction: "batchmean", the sum over all divided by the number of samples, is the divergence itself; "mean", which
            warns, divides by the number of classes too; "sum" or "none".

    Raises ValueError for an unknown `reduction`, RuntimeError for shapes that do not broadcast.
    """
    batch = reduction == "batchmean" and size_average is None and reduce is None
    if reduction == "mean" and size_average is None and reduce is None:
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. 'batchmean' divides only "
            "by the batch size, and aligns with the KL div math definition.",
            stacklevel=2,
        )
    reduction = "sum" if batch else reduction_of(size_average, reduce, reduction)
    loss = target.exp() * (target - input) if log_target else tensor.xlogy(target, target) - target * input
    total = reduced(cast(Tensor, loss), reduction)
    return total / input.shape[0] if batch and input.ndim else total
