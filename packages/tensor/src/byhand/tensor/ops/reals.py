"""What complex numbers have besides, for real ones: angle, real part, conjugate."""

from __future__ import annotations

import math

import numpy as np

from .._graph import Array
from .._op import op
from .._promotion import floating
from .._tensor import Tensor

__all__ = ["angle", "conj", "conj_physical", "real", "resolve_conj", "resolve_neg"]

IN_PLACE = ("conj_physical",)


@op(promote=floating)
def angle(input: Array) -> Array:
    r"""y = 0 for x ≥ 0, π for x < 0, nan for nan.   dy/dx = 0"""
    return np.where(np.isnan(input), input, np.where(input < 0, input.dtype.type(math.pi), input.dtype.type(0)))


@angle.vjp("input")
def _(g: Array) -> Array:
    return np.zeros_like(g)


def real(input: Tensor) -> Tensor:
    """Return the real part: of a real tensor, itself."""
    return input


def conj(input: Tensor) -> Tensor:
    """Return the conjugate: of a real tensor, itself."""
    return input


def conj_physical(input: Tensor) -> Tensor:
    """Return the conjugate: of a real tensor, itself."""
    return input


def resolve_conj(input: Tensor) -> Tensor:
    """Return the tensor with conjugation carried out: of a real tensor, itself."""
    return input


def resolve_neg(input: Tensor) -> Tensor:
    """Return the tensor with negation carried out: itself, because it always is."""
    return input
