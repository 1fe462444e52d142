"""Logic and bits beyond the operators, and questions about numbers: nothing here has a gradient."""

from __future__ import annotations

import numpy as np

from .._graph import Array
from .._op import op
from .._promotion import no_bool_at_all
from .choices import ge, gt, le, lt, ne

__all__ = [
    "bitwise_left_shift", "bitwise_right_shift", "greater", "greater_equal", "isneginf", "isposinf", "isreal", "less",
    "less_equal", "not_equal",
]  # fmt: skip


@op(promote=no_bool_at_all)
def bitwise_left_shift(input: Array, other: Array) -> Array:
    """y = a · 2ᵇ: the bits of a, b places to the left."""
    return np.left_shift(input, other)


@op(promote=no_bool_at_all)
def bitwise_right_shift(input: Array, other: Array) -> Array:
    """y = ⌊a / 2ᵇ⌋: the bits of a, b places to the right, the sign kept."""
    return np.right_shift(input, other)


@op
def isposinf(input: Array) -> Array:
    """y = (x is ∞)."""
    return np.equal(input, np.inf)


@op
def isneginf(input: Array) -> Array:
    """y = (x is −∞)."""
    return np.equal(input, -np.inf)


@op
def isreal(input: Array) -> Array:
    """y = (x has no imaginary part)."""
    return np.isreal(input)


greater, greater_equal, less, less_equal, not_equal = gt, ge, lt, le, ne
