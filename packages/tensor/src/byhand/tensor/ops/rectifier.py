"""The rectifier, max(x, 0): the most used activation, in blocks on several threads where arrays are large."""

from __future__ import annotations

import numpy as np

from .._blocks import elementwise
from .._dtypes import FLOATING
from .._graph import Array
from .._op import op
from .._promotion import no_bool_at_all

__all__ = ["relu"]

_ZERO = {dtype: np.zeros((), dtype) for dtype in FLOATING}  # a number in its place takes NumPy 0.4 µs longer
_MANY = 8192  # elements from which on a slower start is worth a faster loop


@op(promote=no_bool_at_all)
def relu(input: Array) -> Array:
    r"""y = max(x, 0).   dy/dx = 1 where y > 0, else 0 (also at 0, as in PyTorch)"""
    if input.size < _MANY or input.dtype.kind != "f":
        return np.maximum(input, _ZERO.get(input.dtype, 0))
    return elementwise(_clipped, input)


def _clipped(x: Array, out: Array) -> None:
    x.clip(0, np.inf, out=out)  # NumPy's maximum with a number has no vector code: three times as long


@relu.vjp("input")
def _(g: Array, out: Array) -> Array:
    return _where_positive.kernel(g, out)


@op
def _where_positive(g: Array, y: Array) -> Array:
    r"""x̄ = ȳ where y > 0, else 0: linear in ȳ, and constant in y."""
    return g * (y > _ZERO.get(y.dtype, 0)) if y.size < _MANY else elementwise(_passed, g, y)


def _passed(g: Array, y: Array, out: Array) -> None:
    np.multiply(g, y > 0, out=out)


@_where_positive.vjp("g")
def _(u: Array, y: Array) -> Array:
    return _where_positive.kernel(u, y)


@_where_positive.vjp("y")
def _(_: Array) -> None:
    return None
