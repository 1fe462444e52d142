"""Dropout: elements chosen at random become zero."""

from __future__ import annotations

import numpy as np
from byhand.tensor import Tensor, op
from byhand.tensor._graph import Array
from byhand.tensor._inplace import inplace as inplace_form
from byhand.tensor._tensor import wrap
from byhand.tensor.random import Generator, default_generator

from ._checks import check_probability

__all__ = ["dropout"]


def dropout(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False, *, generator: Generator | None = None
) -> Tensor:
    r"""y = x·m/(1 − p), where each m is 0 with probability p, else 1, so that the expected y is x. Outside training y = x.

    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15 (2014).
    Raises ValueError unless 0 ≤ p ≤ 1.
    """
    check_probability(p)
    if not training or p == 0:
        return input
    keep = (generator or default_generator).numpy.random(input.shape, dtype=np.float32) >= p
    scale = 0.0 if p == 1 else 1 / (1 - p)
    apply = inplace_form(_masked, "dropout_") if inplace else _masked
    return apply(input, wrap(keep), scale=scale)


@op
def _masked(input: Array, keep: Array, *, scale: float) -> Array:
    r"""y = s m x, with the mask m held as bool, a quarter of float32's memory.   x̄ = s m ȳ"""
    out = np.multiply(input, keep, dtype=input.dtype)
    out *= scale
    return out


@_masked.vjp("input")
def _(g: Array, keep: Array, scale: float) -> Array:
    return g * keep * scale
