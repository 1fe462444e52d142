"""Order: sort, topk, kthvalue, median, mode, unique, searching in sorted sequences.

An op finds the indices; the values are gathered there, so that `gather`'s rule carries the gradient to the elements chosen.
In every order nan counts as the largest.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from .._graph import Array
from .._op import op
from .._tensor import Tensor, wrap
from .indexing import gather
from .reductions import reduced_over
from .shapes import squeeze

__all__ = [
    "argsort", "bucketize", "isin", "kthvalue", "mode", "msort", "searchsorted", "sort", "topk",
]  # fmt: skip


class Selected(NamedTuple):
    """Elements of a tensor along a dimension, and where they stood."""

    values: Tensor
    indices: Tensor


def select_at(input: Tensor, dim: int, indices: Tensor, keepdim: bool = True) -> Selected:
    """The elements at `indices` along `dim`, and the indices; without the dimension (of size 1) unless `keepdim`."""
    values = gather(input, dim, indices)
    return Selected(values, indices) if keepdim else Selected(squeeze(values, dim), squeeze(indices, dim))


@op
def order(input: Array, *, dim: int, descending: bool = False) -> Array:
    """The indices that sort along `dim`; equal elements keep their order."""
    if reduced_over(input, dim) is None:
        return np.zeros((), np.int64)
    if not descending:
        return np.argsort(input, axis=dim, kind="stable")
    return input.shape[dim] - 1 - np.flip(np.argsort(np.flip(input, dim), axis=dim, kind="stable"), dim)


def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Selected:  # noqa: ARG001 (it always is)
    """Return the elements in ascending (or descending) order along `dim`, and their indices. The order is always stable."""
    return select_at(input, dim, order(input, dim=dim, descending=descending))


def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:  # noqa: ARG001 (it always is)
    """Return the indices that sort the tensor along `dim`. The order is always stable."""
    return order(input, dim=dim, descending=descending)


def msort(input: Tensor) -> Tensor:
    """Return the elements in ascending order along the first dimension."""
    return sort(input, 0).values


def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Selected:  # noqa: ARG001 (they always are)
    """Return the `k` largest (or smallest) elements along `dim`, in order, and their indices.

    Raises RuntimeError if there are fewer.
    """
    indices = order(input, dim=dim, descending=largest)
    size = input.shape[dim] if input.ndim else 1
    if not 0 <= k <= size:
        raise RuntimeError(f"selected index k out of range: k = {k}, but dimension {dim} has {size} elements")
    return select_at(input, dim, indices.narrow(dim, 0, k) if input.ndim else indices)


def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Selected:
    """Return the k-th smallest element along `dim` (counted from 1) and its index. Raises RuntimeError if there is none."""
    indices = order(input, dim=dim)
    size = input.shape[dim] if input.ndim else 1
    if not 1 <= k <= size:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {dim}: k = {k}, size {size}")
    return select_at(input, dim, indices.narrow(dim, k - 1, 1) if input.ndim else indices, keepdim)


def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Selected:
    """Return the most frequent element along `dim` (the smallest, where several tie) and the index of its last occurrence."""
    return select_at(input, dim, _mode_index(input, dim=dim), keepdim)


@op
def _mode_index(input: Array, *, dim: int) -> Array:
    """The end of the first longest run of equal elements, in sorted order."""
    if reduced_over(input, dim) is None:
        return np.zeros((), np.int64)
    indices = np.argsort(input, axis=dim, kind="stable")
    x = np.moveaxis(np.take_along_axis(input, indices, dim), dim, -1)
    if not x.shape[-1]:
        raise IndexError(f"mode(): expected reduction dim {dim} to have non-zero size")
    places = np.arange(x.shape[-1])
    begins = np.concatenate([np.ones_like(x[..., :1], bool), x[..., 1:] != x[..., :-1]], -1)
    length = places - np.maximum.accumulate(np.where(begins, places, 0), axis=-1)
    end = np.moveaxis(np.argmax(length, axis=-1, keepdims=True), -1, dim)
    return np.take_along_axis(indices, end, dim)


def searchsorted(
    sorted_sequence: Tensor,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """Return, for each number, where it could be put into the sequence (of the same row) so that the order is kept.

    Before equal elements, or behind them with `right=True` or `side="right"`; `sorter` are the indices that sort the sequence.
    Raises RuntimeError if `right` and `side` contradict each other, or the leading shapes differ.
    """
    if side not in (None, "left", "right") or (side == "left" and right):
        raise RuntimeError(f"torch.searchsorted(): side and right can't be set to opposites, got side {side!r} and right={right}")
    keys = sorted_sequence._data if sorter is None else np.take_along_axis(sorted_sequence._data, sorter._data, -1)
    values = np.asarray(input._data if isinstance(input, Tensor) else input)
    place: Literal["left", "right"] = "right" if right or side == "right" else "left"
    if keys.ndim == 1:
        found = np.searchsorted(keys, values, side=place)
    elif keys.shape[:-1] != values.shape[:-1]:
        raise RuntimeError(
            "boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and input value tensor "
            f"must match, but we got boundaries tensor {list(keys.shape)} and input value tensor {list(values.shape)}"
        )
    else:
        found = np.empty(values.shape, np.int64)
        for row in np.ndindex(values.shape[:-1]):
            found[row] = np.searchsorted(keys[row], values[row], side=place)
    return wrap(np.asarray(found, np.int32 if out_int32 else np.int64))


def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """Return the index of the bucket, between sorted `boundaries`, of each number: b_{i−1} < x ≤ b_i, or ≤ and < if `right`."""
    if boundaries.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


@op
def isin(elements: Array, test_elements: Array, *, assume_unique: bool = False, invert: bool = False) -> Array:
    """Whether each element is (or, with `invert`, is not) among `test_elements`."""
    return np.isin(elements, test_elements, assume_unique=assume_unique, invert=invert)
