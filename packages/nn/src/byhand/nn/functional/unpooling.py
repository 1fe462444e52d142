"""Max unpooling: maxima go back to where they stood, everything else is 0."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from byhand.tensor import Tensor, reshape, scatter, zeros

from ._sizes import for_each

__all__ = ["max_unpool1d", "max_unpool2d", "max_unpool3d"]


def _unpooled(
    rank: int, input: Tensor, indices: Tensor, kernel: Any, stride: Any, padding: Any, output_size: Sequence[int] | None
) -> Tensor:
    """x_{indices_j} = y_j.   ȳ_j = x̄ at indices_j: what `scatter` and its gradient do."""
    name = f"max_unpool{rank}d"
    kernels, paddings = for_each(kernel, rank), for_each(padding, rank)
    strides = kernels if stride is None else for_each(stride, rank)
    if min(strides) <= 0:
        raise RuntimeError(f"{name}: strides should be greater than zero, but got stride: {strides}")
    if indices.dtype != "int64":
        raise RuntimeError(f"{name}: elements in indices should be type int64 but got: {indices.dtype}")
    if input.shape != indices.shape:
        raise RuntimeError(
            f"{name}: Expected shape of indices to be same as that of the input tensor ({tuple(input.shape)}) but got indices "
            f"tensor with shape: {tuple(indices.shape)}"
        )
    if input.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(f"{name}: Input to {name} should be a {rank + 1}d or {rank + 2}d Tensor, but got {tuple(input.shape)}")
    if 0 in input.shape[-rank - 1 :]:
        raise RuntimeError(f"{name}: Expected input with non-zero sizes after the batch, but got {tuple(input.shape)}")
    default = [
        (size - 1) * s + k - 2 * p for size, k, s, p in zip(input.shape[-rank:], kernels, strides, paddings, strict=True)
    ]
    sizes = default if output_size is None else _checked(list(output_size), default, strides)
    if min(sizes) < 0:
        raise ValueError(f"max_unpooling: output_size must contain non-negative spatial dimensions, but got {sizes}")
    return _placed(name, input, indices, sizes)


def _placed(name: str, input: Tensor, indices: Tensor, sizes: Sequence[int]) -> Tensor:
    rank, total = len(sizes), math.prod(sizes)
    kept = tuple(input.shape[:-rank])
    count = math.prod(input.shape[-rank:])
    found = indices.numpy()
    if found.size and not (found.min() >= 0 and found.max() < total):
        raise RuntimeError(f"{name}: found an invalid max index: they must lie in 0 … {total - 1} for the output size {sizes}")
    flat = zeros((*kept, total), dtype=input.dtype)
    return reshape(scatter(flat, -1, reshape(indices, (*kept, count)), reshape(input, (*kept, count))), (*kept, *sizes))


def _checked(output_size: list[int], default: list[int], strides: Sequence[int]) -> list[int]:
    """The sizes asked for, without those of batch and channels, if the pooling could have come from them."""
    sizes = output_size[2:] if len(output_size) == len(default) + 2 else output_size
    if len(sizes) != len(default):
        raise ValueError(
            f"output_size should be a sequence containing {len(default)} or {len(default) + 2} elements, "
            f"but it has a length of '{len(output_size)}'"
        )
    for dim, (size, usual, stride) in enumerate(zip(sizes, default, strides, strict=True)):
        if not usual - stride < size < usual + stride:
            raise ValueError(f'invalid output_size "{sizes}" (dim {dim} must be between {usual - stride} and {usual + stride})')
    return sizes


def max_unpool1d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:  # fmt: skip
    """Return zeros with the elements of (N, C, L) or (C, L) at `indices`, which `max_pool1d` has returned.

    Several sizes are pooled to the same; `output_size` says which one it was. Raises ValueError for a size that cannot have been
    pooled so, RuntimeError for shapes that do not fit and indices out of range.
    """
    return _unpooled(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:  # fmt: skip
    """Return zeros with the elements of (N, C, H, W) or (C, H, W) at `indices`. See `max_unpool1d`."""
    return _unpooled(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:  # fmt: skip
    """Return zeros with the elements of (N, C, D, H, W) or (C, D, H, W) at `indices`. See `max_unpool1d`."""
    return _unpooled(3, input, indices, kernel_size, stride, padding, output_size)
