"""Shapes that fit each other: which one several broadcast to, and the way back by summing; and parts under their older names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._tensor import Size, Tensor
from .parts import chunk, split
from .reductions import sum
from .shapes import reshape, sizes

__all__ = [
    "broadcast_shapes", "split_with_sizes", "sum_to_size", "unsafe_chunk", "unsafe_split", "unsafe_split_with_sizes",
]  # fmt: skip


def broadcast_shapes(*shapes: int | Sequence[int]) -> Size:
    """Return the shape to which all `shapes` broadcast. Raises RuntimeError if there is none."""
    tuples = [(shape,) if isinstance(shape, int) else tuple(shape) for shape in shapes]
    if any(size < 0 for shape in tuples for size in shape):
        raise RuntimeError(f"broadcast_shapes: sizes must not be negative, got {tuples}")
    try:
        return Size(np.broadcast_shapes(*tuples))
    except ValueError:
        raise RuntimeError(f"broadcast_shapes: the shapes {', '.join(map(str, tuples))} do not broadcast to one") from None


def sum_to_size(input: Tensor, *size: Any) -> Tensor:
    """Return the sum over the dimensions by which a tensor of `size` would be repeated to this one's shape.

    Raises RuntimeError if `size` does not broadcast to the shape.
    """
    shape, own = sizes(size), input._data.shape
    missing = len(own) - len(shape)
    if missing < 0 or any(n not in (1, full) for n, full in zip(shape, own[missing:], strict=True)):
        raise RuntimeError(f"size {list(shape)} is not expandable to size {list(own)}.")
    repeated = [d for d, full in enumerate(own) if d < missing or shape[d - missing] == 1 != full]
    return reshape(sum(input, repeated, True), shape) if repeated or not shape else input


def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Return views of consecutive parts of the sizes listed along `dim`. Raises RuntimeError if these do not add up."""
    return split(input, list(split_sizes), dim)


def unsafe_split(input: Tensor, split_size: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Return `split`: PyTorch's name for parts that it does not check when they are changed; here they are checked."""
    return split(input, split_size, dim)


def unsafe_split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Return `split_with_sizes`, as `unsafe_split` does."""
    return split(input, list(split_sizes), dim)


def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Return `chunk`, as `unsafe_split` does."""
    return chunk(input, chunks, dim)
