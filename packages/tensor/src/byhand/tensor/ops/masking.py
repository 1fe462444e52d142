"""Under a mask, or anywhere: reading, writing and listing the elements that are meant."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._tensor import Tensor, wrap
from ._index import parsed
from .choices import where
from .indexing import _assign, _index, _scatter, getitem
from .pointwise import add
from .rearranging import broadcast_tensors, meshgrid
from .shapes import expand, reshape, stack

__all__ = [
    "argwhere", "cartesian_prod", "combinations", "index_put", "masked_fill", "masked_scatter", "masked_select", "nonzero",
]  # fmt: skip

IN_PLACE = ("index_put", "masked_fill", "masked_scatter")


def index_put(input: Tensor, indices: Sequence[Any], values: Tensor, accumulate: bool = False) -> Tensor:
    """Return `input` with `values` written (or, if `accumulate`, added) at `indices`, as `input[indices] = values` would."""
    place = parsed(tuple([slice(None) if i is None else i for i in indices]), input._data.shape)
    if not accumulate:
        return _assign(input, values, index=place)
    shape = _index.op.forward(input._data, index=place).shape
    return add(input, _scatter(expand(values, shape), shape=input._data.shape, index=place))


def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """Return `input` with one `value` where the mask holds; both are broadcast. Raises RuntimeError if it is not bool."""
    if mask.dtype != bool:
        raise RuntimeError(f"masked_fill only supports boolean masks, but got mask with dtype {mask.dtype}")
    if isinstance(value, Tensor):
        if value._data.ndim:
            raise RuntimeError(f"masked_fill only supports a 0-dimensional value tensor, but got {value._data.ndim} dimensions")
        return where(mask, value.to(input.dtype), input)  # type: ignore[return-value]
    return where(mask, wrap(np.asarray(value).astype(input.dtype)), input)  # type: ignore[return-value]


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """Return the elements at which the mask holds, as a vector; both are broadcast. Raises RuntimeError if it is not bool."""
    if mask.dtype != bool:
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, but got {mask.dtype}")
    return getitem(*broadcast_tensors(input, mask))


def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """Return `input` with the elements of `source`, one after the other, where the mask holds.

    Raises RuntimeError if there are too few of them, if dtypes differ, or if the mask is not bool.
    """
    if mask.dtype != bool or source.dtype != input.dtype:
        raise RuntimeError(
            f"masked_scatter: expected a bool mask, and self and source of one dtype, "
            f"but got {mask.dtype}, {input.dtype}, {source.dtype}"
        )
    input, mask = broadcast_tensors(input, mask)
    count = int(mask._data.sum())
    if count > source._data.size:
        raise RuntimeError(f"masked_scatter: number of elements of source < number of ones in mask ({count})")
    return _assign(input, reshape(source, -1)[:count], index=parsed(mask, input._data.shape))


def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """Return the indices of the elements that are not 0: one row each, or, `as_tuple`, one vector for each dimension."""
    if as_tuple:
        return tuple(map(wrap, np.nonzero(np.atleast_1d(input._data))))
    return argwhere(input)


def argwhere(input: Tensor) -> Tensor:
    """Return the indices of the elements that are not 0, one row each."""
    return wrap(np.argwhere(input._data))


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """Return all ways to choose one element from each vector, one row each."""
    if any(t._data.ndim != 1 for t in tensors):
        raise RuntimeError(f"cartesian_prod: expect 1D vectors, but got shapes {[tuple(t.shape) for t in tensors]}")
    return tensors[0] if len(tensors) == 1 else stack([reshape(grid, -1) for grid in meshgrid(*tensors)], 1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """Return all ways to choose `r` elements of a vector, in order, one row each."""
    if input._data.ndim != 1 or r < 0:
        raise RuntimeError(f"combinations: expect a 1D vector and r >= 0, but got shape {tuple(input.shape)} and r={r}")
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    if r == 0:
        return input.new_zeros(0)  # type: ignore[no-any-return]
    rows = list(choose(range(len(input)), r))
    return getitem(input, wrap(np.array(rows, np.int64).reshape(-1, r)))
