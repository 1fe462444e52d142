"""A linear layer and the cross-entropy of its logits in one, so that these need not all be held at once."""

from __future__ import annotations

import math
import warnings
from typing import Any, NoReturn

import numpy as np
from byhand.tensor import Tensor, op
from byhand.tensor._graph import Array

from ._checks import alike
from ._chunking import LinearCrossEntropyOptions, accumulation, rows_of_a_chunk
from ._reduction import check_reduction
from .classification import cross_entropy, exponentials_of
from .likelihood_of_classes import choice, places
from .linear import linear

__all__ = ["linear_cross_entropy"]


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: LinearCrossEntropyOptions | None = None,
) -> Tensor:
    r"""cross_entropy(x Wᵀ + b, t):   x (N, D), W (C, d₁, …, D), b (C, d₁, …), t (N, d₁, …) → ().

    Args:
        linear_weight, linear_bias: W and b; with further sizes d₁, …, each sample has a distribution at each of their places.
        ignore_index: −100 unless given, which it must not be beside distributions as targets.
        options: go through the batch in chunks; None: all at once. What the chunks cannot do (label smoothing, distributions,
            further sizes) goes all at once too, and warns. The chunked form has first derivatives only, as PyTorch's.

    All other arguments as `cross_entropy`. Raises RuntimeError for shapes that do not fit, ValueError for an unknown `reduction`.
    """
    _check(input, linear_weight, linear_bias)
    classes, further = linear_weight.shape[0], linear_weight.shape[1:-1]
    shape = (*input.shape[:-1], classes, *further)
    if target.shape == shape and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    ignore = -100 if ignore_index is None else ignore_index
    check_reduction(reduction)
    if options is not None:
        if not further and label_smoothing == 0 and target._data.dtype == np.int64:
            return _in_chunks(input, linear_weight, target, linear_bias, weight, reduction, ignore, options)
        warnings.warn(
            "linear_cross_entropy: ``options`` ignored; chunked path needs label_smoothing == 0, target.dtype == int64, "
            f"out_features == (). Got label_smoothing={label_smoothing}, target.dtype={target.dtype}, out_features={further}.",
            stacklevel=2,
        )
    if further:
        linear_weight = linear_weight.reshape(classes * math.prod(further), -1)
        linear_bias = None if linear_bias is None else linear_bias.reshape(-1)
    logits = linear(input, linear_weight, linear_bias).reshape(shape)
    return cross_entropy(
        logits, target, weight, reduction=reduction, ignore_index=ignore, label_smoothing=label_smoothing
    )


def _check(input: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    if input.ndim not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.ndim}")
    if weight.ndim < 2:
        raise RuntimeError(f"expected linear_weight with dimensionality at least 2, got {weight.ndim}")
    if input.shape[-1] != weight.shape[-1]:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), "
            f"got {input.shape[-1]} and {weight.shape[-1]}, respectively"
        )
    if bias is not None and bias.shape != weight.shape[:-1]:
        raise RuntimeError(f"expected linear_bias shape {tuple(weight.shape[:-1])}, got {tuple(bias.shape)}")
    if weight.ndim > 2 and input.ndim == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(weight.shape)} requires batched input, "
            f"(N, {input.shape[-1]}), got unbatched input with shape {tuple(input.shape)}"
        )


# ---------------------------------------------------------------------- in chunks


def _in_chunks(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    linear_bias: Tensor | None,
    weight: Tensor | None,
    reduction: str,
    ignore_index: int,
    options: LinearCrossEntropyOptions,
) -> Tensor:
    rows, targets = (input, target) if input.ndim == 2 else (input.unsqueeze(0), target.unsqueeze(0))
    dtype = input._data.dtype
    wide, summed = accumulation(options, dtype)
    loss = _chunked(
        rows,
        linear_weight,
        targets,
        linear_bias,
        weight,
        size=rows_of_a_chunk(options, len(rows), rows.shape[1], linear_weight.shape[0], dtype),
        wide=wide,
        summed=summed,
        ignore_index=ignore_index,
        reduction=reduction,
    )
    return loss.squeeze(0) if input.ndim == 1 and reduction == "none" else loss


def _same_floats(args: list[Any], options: dict[str, Any]) -> list[Any]:
    """All but the targets must have one dtype."""
    alike([a for i, a in enumerate(args) if i != 2], options)
    return args


@op(promote=_same_floats, outputs=("out", "index", "share"), public=1)
def _chunked(
    input: Array,
    linear_weight: Array,
    target: Array,
    linear_bias: Array | None,
    weight: Array | None,
    *,
    size: int,
    wide: Any,
    summed: bool,  # noqa: ARG001 (what the rule needs)
    ignore_index: int,
    reduction: str,
) -> tuple[Array, Array, Any]:
    r"""y_n = −w_t ln p_nt, p = softmax(x_n Wᵀ + b), t = t_n, `size` samples at a time; the mean is Σ y_n / Σ w.

    With r_nc = ȳ_n w_t (p_nc − [c = t]):   x̄_n = r_n W,   W̄ = Σ_n r_nᵀ x_n,   b̄ = Σ_n r_n, the logits computed once more.
    """
    chosen = choice(np.broadcast_to(wide.type(0), (len(input), len(linear_weight))), target, weight, ignore_index)
    loss = np.empty(len(input), wide)
    for start in range(0, len(input), size):
        part = slice(start, start + size)
        logits = _logits(input[part], linear_weight, linear_bias, wide)
        _, largest, total = exponentials_of(logits, 1)
        loss[part] = (np.log(total) + largest)[:, 0] - logits[places(chosen.index[part], 1)]
    result = chosen.reduced(loss, reduction).astype(input.dtype)
    return result, chosen.index, chosen.share(reduction, wide)


def _logits(x: Array, weight: Array, bias: Array | None, dtype: Any) -> Array:
    logits = np.matmul(x.astype(dtype, copy=False), weight.T.astype(dtype, copy=False))
    return logits if bias is None else logits + bias


@_chunked.vjp("input", "linear_weight", "linear_bias")
def _(
    g: Array,
    input: Array,
    linear_weight: Array,
    linear_bias: Array | None,
    index: Array,
    share: Any,
    size: int,
    wide: Any,
    summed: bool,
    needs: tuple[bool, ...],
) -> tuple[Any, ...]:
    scale = np.broadcast_to(g * share, index.shape)
    gradients = _chunked_backward.kernel(
        scale, input, linear_weight, linear_bias, index, size=size, wide=wide, summed=summed, needs=needs
    )
    return tuple([gradient if need else None for gradient, need in zip(gradients, needs, strict=True)])


@op(outputs=("of_input", "of_weight", "of_bias"))
def _chunked_backward(
    g: Array,
    input: Array,
    linear_weight: Array,
    linear_bias: Array | None,
    index: Array,
    *,
    size: int,
    wide: Any,
    summed: bool,
    needs: tuple[bool, ...],
) -> tuple[Array, Array, Array]:
    r"""x̄, W̄ and b̄ from the samples' scales ȳ_n w_t, chunk by chunk. Like PyTorch's, this has no derivative of its own."""
    of_input = np.empty(input.shape if needs[0] else 0, input.dtype)
    of_weight = np.zeros(linear_weight.shape if needs[1] else 0, wide if summed else linear_weight.dtype)
    of_bias = np.zeros(len(linear_weight), wide)
    for start in range(0, len(input), size):
        part = slice(start, start + size)
        residual, _, total = exponentials_of(_logits(input[part], linear_weight, linear_bias, wide), 1)
        residual *= g[part, None] / total
        residual[places(index[part], 1)] -= g[part]
        if needs[0]:
            of_input[part] = np.matmul(residual, linear_weight.astype(wide, copy=False))
        if needs[1]:
            of_weight += np.matmul(residual.T, input[part].astype(wide, copy=False)).astype(of_weight.dtype, copy=False)
        of_bias += residual.sum(0)
    return of_input, of_weight.astype(linear_weight.dtype, copy=False), of_bias.astype(linear_weight.dtype, copy=False)


@_chunked_backward.vjp("g", "input", "linear_weight", "linear_bias")
def _(u: Any) -> NoReturn:  # noqa: ARG001 (as every rule)
    raise RuntimeError("the chunked linear_cross_entropy has first derivatives only, as in PyTorch; use options=None for more")
