"""Padding: a tensor with more (or, by negative widths, fewer) elements at both ends of its last dimensions.

Widths come as PyTorch's flat list, the last dimension first: (left, right, top, bottom, front, back).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from byhand.tensor import Tensor, index_select, op
from byhand.tensor._errors import ShapeError
from byhand.tensor._graph import Array
from byhand.tensor._tensor import wrap

__all__ = ["pad"]

Widths = tuple[tuple[int, int], ...]  # (before, after) for each dimension, the first dimension first


@op
def _pad_constant(input: Array, *, widths: Widths, value: float) -> Array:
    r"""y_{i + before} = x_i, and v elsewhere.   x̄_i = ȳ_{i + before}: ȳ padded by −widths, with 0 where x was cut off.

    The result keeps the order of the input's dimensions in memory.
    """
    if any(size + min(before, 0) + min(after, 0) < 0 for size, (before, after) in zip(input.shape, widths, strict=True)):
        raise ShapeError(f"padding by {widths} cuts off more than there is.")
    shape = tuple(size + before + after for size, (before, after) in zip(input.shape, widths, strict=True))
    y = np.full_like(input, value, shape=shape)
    y[_inner(shape, widths)] = input[_inner(input.shape, tuple((-before, -after) for before, after in widths))]
    return y


@_pad_constant.vjp("input")
def _(g: Array, widths: Widths) -> Array:
    return _pad_constant.kernel(g, widths=tuple((-before, -after) for before, after in widths), value=0.0)


def _inner(shape: tuple[int, ...], widths: Widths) -> tuple[slice, ...]:
    """What is left between positive widths."""
    return tuple(slice(max(before, 0), size - max(after, 0)) for size, (before, after) in zip(shape, widths, strict=True))


def _reflected(size: int, before: int, after: int) -> Array:
    """… 2 1 | 0 1 2 … n−1 | n−2 n−3 …"""
    if size == 0 or before >= size or after >= size:
        raise RuntimeError(
            f"Padding size should be less than the corresponding input dimension, but got: padding ({before}, {after}) "
            f"at a dimension of size {size}; reflection has nothing further out"
        )
    return size - 1 - np.abs(size - 1 - np.abs(np.arange(-before, size + after)))


def _replicated(size: int, before: int, after: int) -> Array:
    """… 0 0 | 0 1 2 … n−1 | n−1 n−1 …"""
    if size == 0:
        raise RuntimeError("Expected a non-empty dimension to replicate the edge of, but its size is 0")
    return np.clip(np.arange(-before, size + after), 0, size - 1)


def _wrapped(size: int, before: int, after: int) -> Array:
    """… n−2 n−1 | 0 1 2 … n−1 | 0 1 …, where negative widths have cut off first."""
    first, kept = -min(before, 0), size + min(before, 0) + min(after, 0)
    if before > size or after > size or (kept <= 0 and max(before, after) > 0):
        raise RuntimeError(
            f"Padding value causes wrapping around more than once: padding ({before}, {after}) at a dimension of size {size}"
        )
    return np.arange(-max(before, 0), kept + max(after, 0)) % max(kept, 1) + first


# For each mode: which element of a dimension stands at each place of the padded one.
_SOURCES: dict[str, Callable[[int, int, int], Array]] = {"reflect": _reflected, "replicate": _replicated, "circular": _wrapped}


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Pad the last dimensions by the widths `pad`: (before, after) of the last one, then of the one before it, and so on.

    `mode="constant"` fills with `value` (0), in any number of dimensions. "reflect" mirrors at the first and last element,
    "replicate" repeats them, "circular" goes on at the other end; these take 1 to 3 spatial dimensions beside one or two others.
    Negative widths cut off.

    Raises RuntimeError for widths that do not fit the shape or a `value` beside another mode, NotImplementedError for another
    mode or number of dimensions.
    """
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise RuntimeError(
            f"Padding length must be divisible by 2 and at most two times the input's dimensions, {2 * input.ndim}, "
            f"but got {len(pad)}: {tuple(pad)}"
        )
    padded = tuple((int(pad[i]), int(pad[i + 1])) for i in range(len(pad) - 2, -1, -2))
    if mode == "constant":
        untouched = ((0, 0),) * (input.ndim - len(padded))
        return _pad_constant(input, widths=(*untouched, *padded), value=0.0 if value is None else value)
    if value:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument, got {value}')
    if mode not in _SOURCES:
        raise NotImplementedError(f"Unrecognised padding mode {mode}; there are constant, {', '.join(_SOURCES)}")
    if len(padded) not in (1, 2, 3) or input.ndim - len(padded) not in (1, 2):
        raise NotImplementedError(
            f"Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now: got shape {tuple(input.shape)} and "
            f"padding {tuple(pad)}"
        )
    return _by_index(input, padded, mode)


def _by_index(input: Tensor, widths: Widths, mode: str) -> Tensor:
    """Padding as one selection along each dimension; its gradient adds up what came from one element."""
    first = input.ndim - len(widths)
    if mode != "circular" and 0 in input.shape[input.ndim - len(widths) - 1 :]:
        raise RuntimeError(f"Expected possibly 0 batch size and other non-zero dimensions, but got shape {tuple(input.shape)}")
    sources = []
    for size, (before, after) in zip(input.shape[first:], widths, strict=True):
        least = 0 if mode == "circular" else 1
        if size + before + after < least:
            raise RuntimeError(f"padding ({before}, {after}) leaves nothing of a dimension of size {size}")
        sources.append(_SOURCES[mode](size, before, after))
    for dim, source in enumerate(sources, first):
        input = index_select(input, dim, wrap(source))
    return input
