"""A tensor in parts: `split`, `chunk`, `unbind` and their like. All parts come from one step of the graph.

So their gradients are laid side by side once, where views taken one by one would each lay theirs among zeros and add them up.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from .._graph import Array
from .._op import OpFunction, op
from .._tensor import Tensor
from .indexing import getitem
from .shapes import in_range, named

__all__ = ["chunk", "dsplit", "hsplit", "split", "tensor_split", "unbind", "vsplit"]


@cache
def _cut_in(count: int) -> OpFunction:
    """The operation that cuts a tensor into so many parts."""

    @op(view=True, outputs=tuple(f"part{i}" for i in range(count)))
    def split(input: Array, *, ends: tuple[int, ...], dim: int) -> Any:
        r"""x = (y_1, y_2, …), side by side along `dim`.   x̄ = (ȳ_1, ȳ_2, …)"""
        lead = (slice(None),) * dim
        parts = tuple([input[(*lead, slice(a, b))] for a, b in zip((0, *ends), ends)])
        return parts if count > 1 else parts[0]

    @split.vjp("input")
    def _(g: Any, dim: int) -> Any:
        return np.concatenate(g, axis=dim) if count > 1 else g

    return split


@cache
def _unbound_in(count: int) -> OpFunction:
    """The operation that takes a tensor apart into so many slices."""

    @op(view=True, outputs=tuple(f"slice{i}" for i in range(count)))
    def unbind(input: Array, *, dim: int) -> Any:
        r"""y_i = x[…, i, …].   x̄ is the ȳ_i, stacked"""
        slices = tuple([input[(*(slice(None),) * dim, i, ...)] for i in range(count)])
        return slices if count > 1 else slices[0]

    @unbind.vjp("input")
    def _(g: Any, dim: int) -> Any:
        return np.stack(g, axis=dim) if count > 1 else np.expand_dims(g, dim)

    return unbind


def _cut(input: Tensor, ends: Sequence[int], dim: int) -> tuple[Tensor, ...]:
    """The parts of a tensor that end at `ends`."""
    found: Any = _cut_in(len(ends))(input, ends=tuple(ends), dim=dim)
    return found if len(ends) > 1 else (found,)


def split(input: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Return views of consecutive parts along `dim`: of one size (the last may be smaller), or of the sizes listed.

    Raises RuntimeError if the listed sizes do not add up.
    """
    dim = named("split", dim, max(input._data.ndim, 1))
    if not input._data.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    total = input._data.shape[dim]
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        if size < 0 or (size == 0 and total):
            raise RuntimeError(f"split expects split_size be positive, but got split_size={size}")
        return _cut(input, [*range(size, total, size), total] if size else [total], dim)
    parts = [int(size) for size in split_size_or_sections]
    if sum(parts) != total or min(parts, default=0) < 0:
        raise RuntimeError(
            f"split expects split_sizes to sum exactly to {total} (input tensor's size at dimension {dim}), but got {parts}"
        )
    return _cut(input, np.cumsum(parts).tolist(), dim) if parts else ()


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Return views of all slices along `dim`, without that dimension."""
    if not input._data.ndim:
        raise IndexError("unbind: Dimension specified as 0 but tensor has no dimensions")
    dim = in_range(dim, input._data.ndim)
    count = input._data.shape[dim]
    found: Any = _unbound_in(count)(input, dim=dim) if count else ()
    return found if count != 1 else (found,)


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Return at most `chunks` views along `dim`, all but the last of size ⌈n / chunks⌉."""
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    if not input._data.ndim:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    total = input._data.shape[in_range(dim, input._data.ndim)]
    return split(input, -(-total // chunks), dim) if total else split(input, [0] * chunks, dim)


def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Return views along `dim`: so many of nearly one size (the first ones larger), or cut at the indices given."""
    if not input._data.ndim:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    lead = (slice(None),) * in_range(dim, input._data.ndim)
    total = input._data.shape[len(lead)]
    cuts = indices_or_sections.tolist() if isinstance(indices_or_sections, Tensor) else indices_or_sections
    if isinstance(cuts, int):
        if cuts <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {cuts}")
        return _cut(input, [i * (total // cuts) + min(i, total % cuts) for i in range(1, cuts + 1)], len(lead))
    # Cuts may come in any order, so that parts overlap or are empty: each is a view by itself.
    return tuple([getitem(input, (*lead, slice(a, b))) for a, b in zip([0, *cuts], [*cuts, total], strict=True)])


def _split_along(name: str, rank: int, input: Tensor, parts: Any, dim: int) -> tuple[Tensor, ...]:
    if input._data.ndim < rank:
        raise RuntimeError(f"{name} requires a tensor with at least {rank} dimension(s), but got {input._data.ndim}")
    total = input._data.shape[dim]
    if isinstance(parts, int) and (parts <= 0 or total % parts):
        raise RuntimeError(f"{name}: the size of dimension {dim} ({total}) is not divisible by the split_size {parts}")
    return tensor_split(input, parts, dim)


def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Return views of columns, as `tensor_split` along dimension 1 (of a vector, 0), into equal parts only."""
    return _split_along("hsplit", 1, input, indices_or_sections, 0 if input._data.ndim == 1 else 1)


def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Return views of rows, as `tensor_split` along dimension 0, into equal parts only."""
    return _split_along("vsplit", 2, input, indices_or_sections, 0)


def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Return views of layers, as `tensor_split` along dimension 2, into equal parts only."""
    return _split_along("dsplit", 3, input, indices_or_sections, 2)
