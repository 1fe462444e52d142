"""Dropout: elements, or whole channels, chosen at random become zero, or what stands for zero after a selu."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from byhand.tensor import Tensor, op
from byhand.tensor._graph import Array, Shape
from byhand.tensor._inplace import inplace as inplace_form
from byhand.tensor._tensor import wrap
from byhand.tensor.random import Generator, default_generator

from ._checks import check_probability
from .rectifiers import SELU_ALPHA, SELU_SCALE

__all__ = ["alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]


def _kept(shape: Shape, p: float, generator: Generator | None, like: Array) -> Array:
    """False with probability p, else True, in the memory order of `like`: 32 random bits each, compared with p·2³²."""
    if p == 1:
        return np.zeros(shape, bool)
    count, stream = math.prod(shape), (generator or default_generator).numpy
    bits = stream.bit_generator.random_raw((count + 1) // 2).view(np.uint32)[:count]
    order = np.argsort([-abs(step) for step in like.strides], kind="stable")
    kept = np.reshape(bits >= np.uint32(int(p * 2**32)), [shape[d] for d in order])
    return np.transpose(kept, np.argsort(order))


@op
def _masked(input: Array, keep: Array, *, scale: float) -> Array:
    r"""y = s m x, with the mask m held as bool, a quarter of float32's memory.   x̄ = s m ȳ"""
    factor = keep.astype(input.dtype)
    factor *= scale
    return np.multiply(input, factor, out=factor if factor.shape == input.shape else None)


@_masked.vjp("input")
def _(g: Array, keep: Array, scale: float) -> Array:
    return _masked.kernel(g, keep, scale=scale)


@op
def _alpha_masked(input: Array, keep: Array, *, scale: float, kept: float, dropped: float) -> Array:
    r"""y = a x + k where m, else d.   x̄ = a m ȳ"""
    out = _masked.kernel(input, keep, scale=scale)
    out += np.where(keep, input.dtype.type(kept), input.dtype.type(dropped))
    return out


@_alpha_masked.vjp("input")
def _(g: Array, keep: Array, scale: float) -> Array:
    return _masked.kernel(g, keep, scale=scale)


def _dropped(
    input: Tensor, shape: Shape, p: float, inplace: bool, generator: Generator | None, name: str = "dropout_"
) -> Tensor:
    """x·m/(1 − p), with one m for each element of `shape`, which is broadcast."""
    keep = wrap(_kept(shape, p, generator, input._data))
    apply = inplace_form(_masked, name) if inplace else _masked
    return apply(input, keep, scale=0.0 if p == 1 else 1 / (1 - p))


def dropout(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False, *, generator: Generator | None = None
) -> Tensor:
    r"""y = x·m/(1 − p), where each m is 0 with probability p, else 1, so that the expected y is x. Outside training y = x.

    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15 (2014).
    Raises ValueError unless 0 ≤ p ≤ 1.
    """
    check_probability(p)
    if not training or p == 0 or not input.numel():
        return input
    return _dropped(input, input.shape, p, inplace, generator)


# ---------------------------------------------------------------------- whole channels


def _per_channel(input: Tensor, batched: bool = True) -> Shape:
    """The shape with one number for each channel: (N, C, 1, …), or (C, 1, …) of a single sample."""
    if input.ndim < 1 + batched:
        raise RuntimeError(f"Feature dropout requires at least 2 dimensions in the input, but got shape {tuple(input.shape)}")
    return (*input.shape[: 1 + batched], *(1,) * (input.ndim - 1 - batched))


def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False, *, generator: Generator | None = None
) -> Tensor:
    r"""As `dropout`, but whole channels of (N, C, L) or (C, L) become zero. Tompson et al., arXiv:1411.4280.

    Raises ValueError unless 0 ≤ p ≤ 1, RuntimeError for other ranks.
    """
    check_probability(p)
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input of shape {tuple(input.shape)}: it leaves "
            "out channels of (N, C, L) or (C, L)"
        )
    if not training or p == 0 or not input.numel():
        return input
    return _dropped(input, _per_channel(input, input.ndim == 3), p, inplace, generator, "dropout1d_")


def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False, *, generator: Generator | None = None
) -> Tensor:
    r"""As `dropout`, but whole channels of (N, C, H, W) become zero; three dimensions are taken as (N, C, L), with a warning.

    Raises ValueError unless 0 ≤ p ≤ 1, RuntimeError below 2 dimensions.
    """
    check_probability(p)
    if input.ndim not in (3, 4):
        _warn(input, 2, 4)
    if input.ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired: it is "
            "taken as (N, C, L). Use dropout1d to say so.",
            stacklevel=2,
        )
    if not training or p == 0 or not input.numel():
        return input
    return _dropped(input, _per_channel(input), p, inplace, generator, "dropout2d_")


def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False, *, generator: Generator | None = None
) -> Tensor:
    r"""As `dropout`, but whole channels of (N, C, D, H, W) or (C, D, H, W) become zero.

    Raises ValueError unless 0 ≤ p ≤ 1, RuntimeError for a 0-d input.
    """
    check_probability(p)
    if input.ndim not in (4, 5):
        _warn(input, 3, 5)
    if not training or p == 0 or not input.numel():
        return input
    return _dropped(input, _per_channel(input, input.ndim == 5), p, inplace, generator, "dropout3d_")


def _warn(input: Tensor, rank: int, batch: int) -> None:
    warnings.warn(
        f"dropout{rank}d: Received a {input.ndim}-D input to dropout{rank}d, which is deprecated: it leaves out channels of "
        f"{batch - 1}D or {batch}D inputs. Use dropout for single elements.",
        stacklevel=3,
    )


# ---------------------------------------------------------------------- for selu


def _alpha_dropped(input: Tensor, shape: Shape, p: float, inplace: bool, generator: Generator | None, name: str) -> Tensor:
    """y = a (x m + α′ (1 − m)) + b, with one m for each element of `shape`; α′ = −sα is what selu makes of −∞."""
    keep = wrap(_kept(shape, p, generator, input._data))
    if p == 1:
        scale, shift, low = 0.0, 0.0, 0.0
    else:
        low = -SELU_SCALE * SELU_ALPHA
        scale = 1 / math.sqrt((1 - p) * (1 + p * low * low))
        shift = -scale * p * low
    apply: Any = inplace_form(_alpha_masked, name) if inplace else _alpha_masked
    return apply(input, keep, scale=scale, kept=shift, dropped=scale * low + shift)  # type: ignore[no-any-return]


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False, *, generator: Generator | None = None
) -> Tensor:
    r"""y = a (x m + α′ (1 − m)) + b: elements left out become α′ = −1.758, the least value of selu, and mean and variance stay.

    Of x with mean 0 and variance 1, q = 1 − p: x m + α′ (1 − m) has mean p α′ and variance q (1 + p α′²), so

        a = (q (1 + p α′²))^{−½},   b = −a p α′

    Klambauer et al., arXiv:1706.02515. Raises ValueError unless 0 ≤ p ≤ 1.
    """
    check_probability(p)
    if not training or p == 0 or not input.numel():
        return input
    return _alpha_dropped(input, input.shape, p, inplace, generator, "alpha_dropout_")


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False, *, generator: Generator | None = None
) -> Tensor:
    r"""As `alpha_dropout`, but whole channels of (N, C, …) are left out.

    Raises ValueError unless 0 ≤ p ≤ 1, RuntimeError below 2 dimensions.
    """
    check_probability(p)
    if not training or p == 0 or not input.numel():
        return input
    return _alpha_dropped(input, _per_channel(input), p, inplace, generator, "feature_alpha_dropout_")
