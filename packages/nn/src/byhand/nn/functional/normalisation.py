"""Batch normalisation: each channel is standardised over the whole batch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from byhand.tensor import Tensor, op
from byhand.tensor._blocks import in_parts
from byhand.tensor._graph import Array, Shape

from ._checks import alike, check_of_channels
from ._sheet import Sheet, sheet_for
from ._standard import pulled_twice, standardised

__all__ = ["batch_norm"]


def _beside(v: Any, rank: int) -> Any:
    """One number for each channel, in a shape that broadcasts with an input of `rank` dimensions."""
    return v if rank == 2 else np.reshape(v, (-1, *(1,) * (rank - 2)))


@op(promote=alike, outputs=("out", "mean", "rstd"), public=1)
def _batch_norm(
    input: Array,
    weight: Array | None,
    bias: Array | None,
    running_mean: Array | None,
    running_var: Array | None,
    *,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[Array, Array, Array]:
    r"""y = w x̂ + b, x̂ = (x − μ) r, r = 1/√(σ² + ε): for each channel, over the m elements of the batch and all positions.

    With fixed μ and σ²:  x̄ = w r ȳ.  In training both depend on every x_i, and with J as in `_standard`, since w is the same
    for all m elements,

        x̄ = J(w ȳ) = w r (ȳ − b̄/m − x̂ w̄/m),   b̄ = Σ ȳ,   w̄ = Σ ȳ x̂

    In training the running statistics move towards the batch's in place, the variance as the unbiased σ² m/(m − 1).
    """
    sheet = sheet_for(input)
    matrix = sheet.matrix(input)
    out = np.empty(matrix.shape, matrix.dtype)
    if training and input.size:
        count = input.size // sheet.channels
        mean = sheet.total(matrix) / count
        var = _centre(sheet, matrix, mean, out) / count
        if running_mean is not None:
            running_mean += momentum * (mean - running_mean)
        if running_var is not None:
            running_var += momentum * (var * (count / (count - 1)) - running_var)
    elif training:
        mean, var = np.zeros((2, sheet.channels), matrix.dtype)
    else:
        assert running_mean is not None and running_var is not None
        mean, var = running_mean.copy(), running_var
        np.subtract(matrix, sheet.spread(mean), out=out)
    rstd = 1 / np.sqrt(var + eps)
    _scale(sheet, out, rstd if weight is None else rstd * weight, bias)
    return sheet.tensor(out), mean, rstd


def _centre(sheet: Sheet, matrix: Array, mean: Array, out: Array) -> Array:
    """Write x − μ and return its sums of squares."""
    spread = sheet.spread(mean)

    def work(part: slice) -> Array:
        y = np.subtract(matrix[part], sheet.part(spread, part), out=out[part])
        return sheet.along(y, y)

    return sheet.joined(in_parts(work, *matrix.shape))


def _scale(sheet: Sheet, out: Array, scale: Array, bias: Array | None) -> None:
    """y ← y · scale + b in place."""
    factor, shift = sheet.spread(scale), None if bias is None else sheet.spread(bias)

    def work(part: slice) -> None:
        y = out[part]
        y *= sheet.part(factor, part)
        if shift is not None:
            y += sheet.part(shift, part)

    in_parts(work, *out.shape)


@_batch_norm.vjp("input", "weight", "bias")
def _(
    g: Any, input: Any, weight: Any, mean: Any, rstd: Any, training: bool, eps: float, needs: tuple[bool, ...]
) -> tuple[Any, Any, Any]:
    if training:
        return _batch_norm_backward.kernel(g, input, weight, mean, rstd, eps=eps)  # type: ignore[no-any-return]
    rank = len(input.shape)
    over = (0, *range(2, rank))
    normal = (input - _beside(mean, rank)) * _beside(rstd, rank) if needs[1] else None
    return (
        g * _beside(rstd if weight is None else rstd * weight, rank),
        None if normal is None else np.sum(g * normal, axis=over),
        np.sum(g, axis=over) if needs[2] else None,
    )


@op(outputs=("gradient", "along", "total"))
def _batch_norm_backward(
    g: Array, input: Array, weight: Array | None, mean: Array, rstd: Array, *, eps: float  # noqa: ARG001 (for the rule)
) -> tuple[Array, Array, Array]:
    r"""x̄ = w r (ȳ − b̄/m − x̂ w̄/m), w̄ = Σ ȳ x̂, b̄ = Σ ȳ: as A ȳ + B h + C, with h = x − μ and three numbers for each channel.

    A = w r,   B = −A r w̄/m,   C = −A b̄/m
    """
    sheet = sheet_for(input)
    matrix, upstream = sheet.matrix(input), sheet.matrix(g)
    out, total, centre = np.empty(matrix.shape, matrix.dtype), sheet.total(upstream), sheet.spread(mean)

    def products(part: slice) -> Array:
        return sheet.along(upstream[part], matrix[part] - sheet.part(centre, part))

    along = sheet.joined(in_parts(products, *matrix.shape)) * rstd
    count = max(input.size // max(sheet.channels, 1), 1)
    factor = rstd if weight is None else rstd * weight
    a, b, c = map(sheet.spread, (factor, factor * rstd * along * (-1 / count), factor * total * (-1 / count)))

    def gradient(part: slice) -> None:
        y = np.multiply(upstream[part], sheet.part(a, part), out=out[part])
        h = matrix[part] - sheet.part(centre, part)
        h *= sheet.part(b, part)
        h += sheet.part(c, part)
        y += h

    in_parts(gradient, *matrix.shape)
    return sheet.tensor(out), along, total


@_batch_norm_backward.vjp("g", "input", "weight")
def _(gradients: list[Any], g: Any, input: Any, weight: Any, eps: float, shapes: list[Shape]) -> tuple[Any, Any, Any]:
    shape, of_channels = (*input.shape[:2], math.prod(input.shape[2:])), (1, input.shape[1], 1)
    u, v, z = np.reshape(gradients[0], shape), np.reshape(gradients[1], of_channels), np.reshape(gradients[2], of_channels)
    factor = None if weight is None else np.reshape(weight, of_channels)
    x = standardised(np.reshape(input, shape), (0, 2), eps)
    of_g, of_x, of_weight = pulled_twice(u, v, z, np.reshape(g, shape), factor, x, (0, 2))
    return (
        np.reshape(of_g, shapes[0]), np.reshape(of_x, shapes[1]), None if weight is None else np.reshape(of_weight, shapes[2])
    )  # fmt: skip


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    r"""y = w (x − μ)/√(σ² + ε) + b for each channel:   (N, C, …) → (N, C, …).

    In training μ and σ² are the batch's own, and the running statistics become (1 − momentum) old + momentum new, in place;
    otherwise they are the running statistics. The result has its input's order in memory, so that channels may come last.
    Ioffe and Szegedy, arXiv:1502.03167.

    Raises ValueError for a single value per channel in training, RuntimeError for shapes that do not fit, for different dtypes,
    and for running statistics that are missing outside training, ValueError for one without the other.
    """
    if input.ndim < 2 and not input.numel():
        return input.clone()  # type: ignore[no-any-return]
    if input.ndim < 2:
        raise RuntimeError(f"batch_norm: expected an input of shape (N, C, ...), got {tuple(input.shape)}; unsqueeze it")
    channels = input.shape[1]
    check_of_channels(channels, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if not training and (running_mean is None or running_var is None):
        raise RuntimeError("Expected running_mean and running_var to be defined when training=False")
    if (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must either both be None or neither be None")
    if training and input.shape[0] * math.prod(input.shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size torch.Size({list(input.shape)})")
    result = _batch_norm(
        input, weight, bias, running_mean, running_var, training=training, momentum=momentum, eps=eps
    )
    for moved in (running_mean, running_var) if training else ():
        if moved is not None:
            moved._version[0] += 1
    return result
