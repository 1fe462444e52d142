"""Average pooling, and pooling by other means: the p-norm of each window."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import numpy as np
from byhand.tensor import Tensor, abs as absolute, op, sign
from byhand.tensor._graph import Array

from ._sizes import for_each
from ._windows import Windows, check_dtype, windows_over
from .max_pooling import max_pool1d, max_pool2d, max_pool3d
from .rectifiers import relu

__all__ = ["avg_pool1d", "avg_pool2d", "avg_pool3d", "lp_pool1d", "lp_pool2d", "lp_pool3d"]


@op
def _avg_pool(input: Array, *, windows: Windows, count_padding: bool, divisor: int | None) -> Array:
    r"""y_j = (1/d_j) Σ_i x_{ji} over the places i of window j.   x̄_{ji} = ȳ_j/d_j, added up where windows overlap

    Integers are divided towards zero. The result keeps the order of the input's dimensions in memory.
    """
    y = np.zeros_like(input, shape=windows.shape_for(input))
    for _, reached, elements in windows.places():
        y[reached] += input[elements]
    counts = _divisors(windows, count_padding, divisor, y.dtype)
    if y.dtype.kind == "f":
        y /= counts
        return y
    return np.sign(y) * np.sign(counts) * (np.abs(y) // np.abs(counts))


@_avg_pool.vjp("input")
def _(g: Array, windows: Windows, count_padding: bool, divisor: int | None) -> Array:
    return _spread.kernel(g, windows=windows, count_padding=count_padding, divisor=divisor)


@op
def _spread(g: Array, *, windows: Windows, count_padding: bool, divisor: int | None) -> Array:
    r"""x_{ji} = g_j/d_j, added up where windows overlap.   ḡ_j = (1/d_j) Σ_i x̄_{ji}: the transpose of `_avg_pool`"""
    x = np.zeros_like(g, shape=(*g.shape[: -len(windows.inputs)], *windows.inputs))
    share = g / _divisors(windows, count_padding, divisor, g.dtype)
    for _, reached, elements in windows.places():
        if windows.apart:
            x[elements] = share[reached]
        else:
            x[elements] += share[reached]
    return x


@_spread.vjp("g")
def _(u: Array, windows: Windows, count_padding: bool, divisor: int | None) -> Array:
    return _avg_pool.kernel(u, windows=windows, count_padding=count_padding, divisor=divisor)


def _divisors(windows: Windows, count_padding: bool, divisor: int | None, dtype: Any) -> Array:
    """What each window's sum is divided by: `divisor`, or how many places lie in the input, and in the padding if that counts."""
    if divisor is not None:
        return np.asarray(divisor, dtype)
    if windows.inside:
        return np.asarray(math.prod(windows.kernel), dtype)
    counts = []
    for start, size, k, p in zip(windows.starts(), windows.inputs, windows.kernel, windows.padding, strict=True):
        stop = np.minimum(start + k, size + p)
        counts.append(stop - start if count_padding else np.minimum(stop, size) - np.maximum(start, 0))
    return reduce(np.multiply.outer, counts).astype(dtype)


def _pooled(
    rank: int, input: Tensor, kernel: Any, stride: Any, padding: Any, ceil_mode: bool, count_padding: bool, divisor: int | None
) -> Tensor:
    if divisor == 0:
        raise RuntimeError(f"avg_pool{rank}d: divisor must be not zero; without divisor_override it is the window's size")
    check_dtype(f"avg_pool{rank}d", input, input.is_floating_point() or input.dtype == "int64")
    windows = windows_over(f"avg_pool{rank}d", input, rank, kernel, stride, padding, 1, ceil_mode)
    return _avg_pool(input, windows=windows, count_padding=count_padding, divisor=divisor)


def avg_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Return the average of each window of (N, C, L) or (C, L).

    Windows of `kernel_size` elements begin every `stride` (`kernel_size`) elements, `padding` zeros at both ends counted in; with
    `ceil_mode` the last one may end outside. Zeros of the padding count as elements, unless `count_include_pad` is False.
    Raises RuntimeError as `windows_over` says.
    """
    return _pooled(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Return the average of each window of (N, C, H, W) or (C, H, W); with `divisor_override`, its sum divided by that.

    See `avg_pool1d` for the other options, each one number or one for each dimension.
    """
    return _pooled(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Return the average of each window of (N, C, D, H, W) or (C, D, H, W); with `divisor_override`, its sum divided by that.

    See `avg_pool1d` for the other options, each one number or one for each dimension.
    """
    return _pooled(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


_AVERAGES: dict[int, Any] = {1: avg_pool1d, 2: avg_pool2d, 3: avg_pool3d}
_MAXIMA: dict[int, Any] = {1: max_pool1d, 2: max_pool2d, 3: max_pool3d}


def _norms(rank: int, input: Tensor, p: float, kernel: Any, stride: Any, ceil_mode: bool) -> Any:
    """The p-norms of the windows, as PyTorch puts them together; its own formula makes the slope at 0 what it is."""
    if p == math.inf:
        return _MAXIMA[rank](absolute(input), kernel, stride, 0, 1, ceil_mode)
    if p == -math.inf:
        return -_MAXIMA[rank](-absolute(input), kernel, stride, 0, 1, ceil_mode)
    mean = _AVERAGES[rank](input**p, kernel, stride, 0, ceil_mode)
    return (sign(mean) * relu(absolute(mean)) * math.prod(for_each(kernel, rank))) ** (1.0 / p)


def lp_pool1d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """y = (Σ xᵖ)^{1/p} over each window of (N, C, L) or (C, L), p = `norm_type`; max |x| or min |x| for p = ±∞."""
    result: Tensor = _norms(1, input, norm_type, kernel_size, stride, ceil_mode)
    return result


def lp_pool2d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """y = (Σ xᵖ)^{1/p} over each window of (N, C, H, W) or (C, H, W), p = `norm_type`; max |x| or min |x| for p = ±∞."""
    result: Tensor = _norms(2, input, norm_type, kernel_size, stride, ceil_mode)
    return result


def lp_pool3d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """y = (Σ xᵖ)^{1/p} over each window of (N, C, D, H, W) or (C, D, H, W), p = `norm_type`; max |x| or min |x| for p = ±∞."""
    result: Tensor = _norms(3, input, norm_type, kernel_size, stride, ceil_mode)
    return result
