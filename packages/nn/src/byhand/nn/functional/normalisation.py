"""Batch normalisation."""

from __future__ import annotations

from typing import Any

import numpy as np
from byhand.tensor import Tensor, op
from byhand.tensor._graph import Array

from ._checks import alike

__all__ = ["batch_norm"]


def _per_channel(x: Any) -> Any:
    """Σ over all dimensions but the channels', dimension 1, as products with ones: faster than sums over other dimensions."""
    channels = x.shape[1]
    if len(x.shape) == 2:
        return np.matmul(np.ones(x.shape[0], x.dtype), x)
    if isinstance(x, np.ndarray) and not x.flags.c_contiguous:  # channels last in memory: rows of channels
        rows = np.reshape(np.moveaxis(x, 1, -1), (-1, channels))
        return np.matmul(np.ones(len(rows), x.dtype), rows)
    rows = np.reshape(x, (x.shape[0] * channels, -1))
    sums = np.matmul(rows, np.ones(rows.shape[1], x.dtype))
    return np.sum(np.reshape(sums, (x.shape[0], channels)), axis=0)


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

    With fixed μ and σ²:  x̄ = w r ȳ.  In training both depend on every x_i, ∂μ/∂x_i = 1/m and ∂r/∂x_i = −r² x̂_i/m (since
    ∂σ²/∂x_i = 2 (x_i − μ)/m), hence with a = w ȳ

        x̄_i = r a_i − (r/m) Σ_j a_j − x̂_i (r/m) Σ_j a_j x̂_j = w r (ȳ_i − b̄/m − x̂_i w̄/m),   b̄ = Σ ȳ_j,   w̄ = Σ ȳ_j x̂_j

    In training the running statistics move towards the batch's in place, the variance as the unbiased σ² m/(m − 1).
    """
    rank, count = input.ndim, input.size // max(input.shape[1], 1)
    if training:
        mean = _per_channel(input) / count
        centred = input - _beside(mean, rank)
        var = _per_channel(centred * centred) / count
        if running_mean is not None:
            running_mean += momentum * (mean - running_mean)
        if running_var is not None:
            running_var += momentum * (var * (count / (count - 1)) - running_var)
    else:
        assert running_mean is not None and running_var is not None
        mean, var = running_mean.copy(), running_var
        centred = input - _beside(mean, rank)
    rstd = 1 / np.sqrt(var + eps)
    centred *= _beside(rstd if weight is None else rstd * weight, rank)
    if bias is not None:
        centred += _beside(bias, rank)
    return centred, mean, rstd


@_batch_norm.remake
def _(input: Any, mean: Any, rstd: Any, training: bool, eps: float) -> tuple[Any, Any]:
    if not training:
        return mean, rstd
    count = int(np.prod(input.shape)) // input.shape[1]
    mean = _per_channel(input) / count
    centred = input - _beside(mean, len(input.shape))
    return mean, 1 / np.sqrt(_per_channel(centred * centred) / count + eps)


@_batch_norm.vjp("input", "weight", "bias")
def _(
    g: Any, input: Any, weight: Any, mean: Any, rstd: Any, training: bool, needs: tuple[bool, ...]
) -> tuple[Any, Any, Any]:
    rank = len(input.shape)
    total = _per_channel(g) if training or needs[2] else None
    normal = (input - _beside(mean, rank)) * _beside(rstd, rank) if training or needs[1] else None
    along = _per_channel(g * normal) if normal is not None else None
    if not needs[0]:
        return None, along, total
    factor = rstd if weight is None else rstd * weight
    if not training:
        return g * _beside(factor, rank), along, total
    count = int(np.prod(input.shape)) // input.shape[1]
    constant, slope = factor * total * (-1 / count), factor * along * (-1 / count)
    gradient = g * _beside(factor, rank) + normal * _beside(slope, rank) + _beside(constant, rank)
    return gradient, along, total


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
    otherwise they are the running statistics. Ioffe and Szegedy, arXiv:1502.03167.

    Raises ValueError for a single value per channel in training, RuntimeError for shapes that do not fit, for different dtypes,
    and for running statistics that are missing outside training.
    """
    if input.ndim < 2:
        raise RuntimeError(f"batch_norm: expected an input of shape (N, C, ...), got {tuple(input.shape)}; unsqueeze it")
    channels = input.shape[1]
    for name, given in (("running_mean", running_mean), ("running_var", running_var), ("weight", weight), ("bias", bias)):
        if given is not None and given.shape != (channels,):
            raise RuntimeError(f"{name} should contain {channels} elements, one for each channel, not {tuple(given.shape)}")
    if not training and (running_mean is None or running_var is None):
        raise RuntimeError("Expected running_mean and running_var to be defined when training=False")
    if training and input.numel() == channels:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size torch.Size({list(input.shape)})")
    result = _batch_norm(
        input, weight, bias, running_mean, running_var, training=training, momentum=momentum, eps=eps
    )
    for moved in (running_mean, running_var) if training else ():
        if moved is not None:
            moved._version[0] += 1
    return result
