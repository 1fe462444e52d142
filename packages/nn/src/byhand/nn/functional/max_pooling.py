"""Max pooling: each window's largest element, and where it stands."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from byhand.tensor import Tensor, gather, op, reshape
from byhand.tensor._graph import Array
from byhand.tensor._quiet import quietly
from byhand.tensor._tensor import wrap

from ._windows import Windows, check_dtype, windows_over

__all__ = ["max_pool1d", "max_pool2d", "max_pool3d"]


def largest(input: Array, windows: Windows) -> tuple[Array, Array]:
    """Each window's largest element, and its place there (a number in row-major order): of equal ones the first; a nan is larger.

    Both keep the order of the input's dimensions in memory.
    """
    shape = windows.shape_for(input)
    best = np.empty_like(input, shape=shape)
    winner = np.empty_like(input, shape=shape, dtype=np.min_scalar_type(math.prod(windows.kernel) - 1))
    better, number = np.empty_like(winner, dtype=bool), np.empty_like(winner)
    winner[...] = 0 if windows.inside else _first_inside(windows)
    places = windows.places()
    if windows.inside:
        best[...] = input[next(places)[2]]
    else:
        best[...] = -np.inf if input.dtype.kind == "f" else np.iinfo(input.dtype).min
    for place, reached, elements in places:
        candidate = input[elements]
        np.greater(candidate, best[reached], out=better[reached])
        np.maximum(best[reached], candidate, out=best[reached])  # a nan stays
        np.multiply(better.view(np.uint8)[reached], place, out=number[reached], dtype=number.dtype)
        np.maximum(winner[reached], number[reached], out=winner[reached])
    if input.dtype.kind == "f" and best.size and np.isnan(best.min()):
        for place, reached, elements in windows.places():  # PyTorch names the last nan of a window
            np.maximum(winner[reached], (np.isnan(input[elements]) * place).astype(winner.dtype), out=winner[reached])
    return best, winner


def _first_inside(windows: Windows) -> Array:
    """The number of each window's first place inside the input: the winner where all elements are −∞."""
    first = np.zeros((), np.int64)
    for start, d, k in zip(windows.starts(), windows.dilation, windows.kernel, strict=True):
        first = first[..., None] * k + np.minimum(np.maximum(-(start // d), 0), k - 1)
    return first


@op(outputs=("out", "winner"), public=1)
def _max_pool(input: Array, *, windows: Windows) -> tuple[Array, Array]:
    r"""y_j = max_i x_{ji} over the places i of window j.   x̄ receives ȳ_j at the place of the winner; the others get 0

    The winners' places are kept, one byte for each window; neither input nor output is.
    """
    return largest(input, windows)


@_max_pool.vjp("input")
def _(g: Array, winner: Array, windows: Windows) -> Array:
    return _to_winners.kernel(g, winner, windows=windows)


@op
def _to_winners(g: Array, winner: Array, *, windows: Windows) -> Array:
    r"""x_{ji} = g_j where i is the place of window j's winner, else 0; added up where windows overlap.   ḡ_j = x̄ at the winner

    Selected by a mask of bits, so that an infinite g_j leaves the losers at 0.
    """
    x = np.zeros_like(winner, g.dtype, shape=(*g.shape[: -len(windows.inputs)], *windows.inputs))
    whole = np.dtype(f"i{g.itemsize}")
    bits, target = g.view(whole), x.view(whole)
    for place, reached, elements in windows.places():
        mask = np.equal(winner[reached], place).view(np.int8)
        np.negative(mask, out=mask)  # 0 or −1, which is all ones however wide
        if windows.apart:
            np.bitwise_and(bits[reached], mask.astype(whole), out=target[elements])
        else:
            x[elements] += np.bitwise_and(bits[reached], mask.astype(whole)).view(g.dtype)
    return x


@_to_winners.vjp("g")
def _(u: Array, winner: Array, windows: Windows) -> Array:
    return _from_winners.kernel(u, winner, windows=windows)


@op
def _from_winners(u: Array, winner: Array, *, windows: Windows) -> Array:
    r"""y_j = u at the place of window j's winner.   The transpose of `_to_winners`"""
    y = np.zeros_like(u, shape=windows.shape_for(u))
    for place, reached, elements in windows.places():
        np.copyto(y[reached], u[elements], where=np.equal(winner[reached], place))
    return y


@_from_winners.vjp("u")
def _(g: Array, winner: Array, windows: Windows) -> Array:
    return _to_winners.kernel(g, winner, windows=windows)


def flat_indices(winner: Array, windows: Windows) -> Array:
    """Where the winners stand in the flattened spatial dimensions of the input."""
    flat, rest = np.zeros((), np.int64), winner.astype(np.int64)
    offsets: list[Array] = []
    for k in reversed(windows.kernel):
        rest, offset = np.divmod(rest, k)
        offsets.insert(0, offset)
    for dim, (start, offset) in enumerate(zip(windows.starts(), offsets, strict=True)):
        along = np.reshape(start, (-1, *(1,) * (len(offsets) - 1 - dim))) + offset * windows.dilation[dim]
        flat = flat * windows.inputs[dim] + along
    return np.ascontiguousarray(flat)


def picked(input: Tensor, indices: Array, rank: int) -> tuple[Tensor, Tensor]:
    """The elements that stand at flat indices of the last `rank` dimensions, and the indices."""
    kept = tuple(input.shape[:-rank])
    rows = wrap(indices.reshape(*kept, math.prod(indices.shape[-rank:])))
    flat = reshape(input, (*kept, math.prod(input.shape[-rank:])))
    return reshape(gather(flat, -1, rows), indices.shape), wrap(indices)


def _pooled(
    rank: int, input: Tensor, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, return_indices: bool
) -> Any:
    check_dtype(f"max_pool{rank}d", input, input.dtype.kind in ("f" if rank == 1 and not return_indices else "fiu"))
    windows = windows_over(f"max_pool{rank}d", input, rank, kernel, stride, padding, dilation, ceil_mode)
    if not return_indices:
        return _max_pool(input, windows=windows)
    _, winner = quietly(largest, input._data, windows)
    return picked(input, flat_indices(winner, windows), rank)


def max_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the largest element of each window of (N, C, L) or (C, L), and with `return_indices` where it stands.

    Windows of `kernel_size` elements, `dilation` apart, begin every `stride` (`kernel_size`) elements, `padding` of −∞ at both
    ends counted in; with `ceil_mode` the last one may end outside. Of equal elements the first counts. The indices are those in
    the flattened input of each channel. Raises RuntimeError as `windows_over` says.
    """
    return _pooled(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the largest element of each window of (N, C, H, W) or (C, H, W), and with `return_indices` where it stands.

    See `max_pool1d` for the options, each one number or one for each dimension.
    """
    return _pooled(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the largest element of each window of (N, C, D, H, W) or (C, D, H, W), and with `return_indices` where it stands.

    See `max_pool1d` for the options, each one number or one for each dimension.
    """
    return _pooled(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)
