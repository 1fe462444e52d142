"""Windows that slide along a dimension, and narrow parts of one."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._errors import ShapeError
from .._graph import Array, Shape
from .._op import op
from .._tensor import Tensor
from .shapes import in_range

__all__ = ["narrow_copy", "unfold"]


@op(view=True)
def unfold(input: Array, dimension: int, size: int, step: int) -> Array:
    r"""y_{w k} = x_{w·step + k}, 0 ≤ k < size: windows along a dimension, elements last.   x̄_i = Σ_{w·step + k = i} ȳ_{w k}"""
    dim = in_range(dimension, input.ndim)
    total = input.shape[dim] if input.ndim else 1
    if not 0 <= size <= total:
        raise ShapeError(f"maximum size for tensor at dimension {dim} is {total} but size is {size}.")
    if step <= 0:
        raise ShapeError(f"step is {step} but must be > 0.")
    if not input.ndim:  # one window, of the element or of nothing
        return input.reshape(1)[:size]
    shape, strides, stride = list(input.shape), list(input.strides), input.strides[dim]
    shape[dim], strides[dim] = (total - size) // step + 1, stride * step
    # Overlapping windows are read-only: several of their elements are one.
    writeable = input.flags.writeable and step >= size
    return np.lib.stride_tricks.as_strided(input, (*shape, size), (*strides, stride), writeable=writeable)


@unfold.vjp("input")
def _(g: Array, shape: Shape, dimension: int, step: int) -> Array:
    return _fold.kernel(g, shape=shape, dimension=dimension, step=step)


@op
def _fold(g: Array, *, shape: Shape, dimension: int, step: int) -> Array:
    r"""y_i = Σ_{w·step + k = i} g_{w k}: the transpose of `unfold`.   ḡ = unfold(ȳ)"""
    if not shape:
        return np.sum(g)
    y = np.zeros(shape, g.dtype)
    dim = in_range(dimension, y.ndim)
    lead = (slice(None),) * dim
    reach = step * (g.shape[dim] - 1) + 1
    for k in range(g.shape[-1]):
        y[(*lead, slice(k, k + reach, step))] += g[..., k]
    return y


@_fold.vjp("g")
def _(u: Array, g: Array, dimension: int, step: int) -> Array:
    return unfold.kernel(u, dimension, g.shape[-1], step)


def narrow_copy(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """Return a copy of `length` slices along `dim` from `start` on, as `narrow`."""
    return input.narrow(dim, start, length).clone()  # type: ignore[no-any-return]
