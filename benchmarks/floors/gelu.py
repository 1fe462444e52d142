"""GELU and its slope in one pass over blocks, Φ through NumPy's tanh as in `byhand.nn.functional.gelu`, which explains it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from byhand.nn.functional.gelu import _ARTANH_ERF as COEFFICIENTS

Array = np.ndarray[Any, Any]
BLOCK = 2**15
DENSITY = 1 / math.sqrt(2 * math.pi)


def gelu_and_slope(x: Array, out: Array, slope: Array) -> None:
    """y = x Φ(x) and dy/dx = Φ(x) + x φ(x) of flat arrays."""
    scratch = np.empty(min(BLOCK, x.size), x.dtype)
    for i in range(0, x.size, BLOCK):
        block = slice(i, i + BLOCK)
        _block(x[block], out[block], slope[block], scratch[: len(x[block])])


def _block(x: Array, out: Array, slope: Array, square: Array) -> None:
    np.multiply(x, x, out=square)
    np.multiply(square, COEFFICIENTS[-1], out=slope)
    for coefficient in COEFFICIENTS[-2:0:-1]:
        slope += coefficient
        slope *= square
    slope += COEFFICIENTS[0]
    slope *= x
    np.tanh(slope, out=slope)
    slope *= 0.5
    slope += 0.5  # Φ
    np.multiply(x, slope, out=out)
    square *= -0.5
    np.exp(square, out=square)
    square *= x
    square *= DENSITY
    slope += square
