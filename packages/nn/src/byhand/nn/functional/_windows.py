"""The windows of a pooling: where they stand, and each of their places as a strided view of the input.

Along one dimension, place i of window j is the input's element j·stride + i·dilation − padding. For a fixed i these elements are
a slice, so a pooling with windows of k elements is k operations on views, and no window is ever laid out in memory.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from byhand.tensor import Tensor
from byhand.tensor._graph import Array, Shape

from ._sizes import for_each

__all__ = ["Windows", "check_dtype", "windows_over"]

Slices = tuple[Any, ...]  # what selects a part of an array: an ellipsis, and a slice for each spatial dimension


class Windows(NamedTuple):
    """Windows over the last dimensions, the sizes of which are `inputs`; one number for each dimension in each tuple."""

    inputs: Shape
    kernel: Shape
    stride: Shape
    padding: Shape
    dilation: Shape
    outputs: Shape

    def places(self) -> Iterator[tuple[int, Slices, Slices]]:
        """For each place in the windows, in row-major order: its number, the windows where it lies inside the input, and it."""
        for number, offsets in enumerate(itertools.product(*map(range, self.kernel))):
            pairs = [self._along(dim, offset) for dim, offset in enumerate(offsets)]
            if all(windows.start < windows.stop for windows, _ in pairs):
                yield number, (..., *[windows for windows, _ in pairs]), (..., *[elements for _, elements in pairs])

    def _along(self, dim: int, offset: int) -> tuple[slice, slice]:
        stride, shift = self.stride[dim], offset * self.dilation[dim] - self.padding[dim]
        first = max(-(shift // stride), 0)  # the smallest j with j·stride + shift ≥ 0
        stop = min((self.inputs[dim] - 1 - shift) // stride + 1, self.outputs[dim])
        return slice(first, stop), slice(first * stride + shift, max((stop - 1) * stride + shift + 1, 0), stride)

    def shape_for(self, input: Array) -> Shape:
        """The shape of the result."""
        return (*input.shape[: -len(self.outputs)], *self.outputs)

    @property
    def apart(self) -> bool:
        """Whether no element lies in two windows."""
        reach = [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True)]
        return all(s >= r for s, r in zip(self.stride, reach, strict=True))

    @property
    def inside(self) -> bool:
        """Whether every place of every window lies inside the input."""
        spans = zip(self.inputs, self.kernel, self.stride, self.padding, self.dilation, self.outputs, strict=True)
        return all(p == 0 and (m - 1) * s + (k - 1) * d < n for n, k, s, p, d, m in spans)

    def starts(self) -> list[Array]:
        """Where the windows begin along each dimension, which may be in the padding."""
        return [np.arange(m) * s - p for m, s, p in zip(self.outputs, self.stride, self.padding, strict=True)]


def check_dtype(name: str, input: Tensor, possible: bool) -> None:
    """Raise NotImplementedError for a dtype in which PyTorch does not pool."""
    if not possible:
        raise NotImplementedError(f"{name} is not implemented for {input.dtype}; convert the input, with float() for instance")


def windows_over(
    name: str, input: Tensor, rank: int, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> Windows:
    """Work out the windows of a pooling over the last `rank` dimensions.

    Raises RuntimeError if the input has the wrong number of dimensions, an empty one, or none left in the result, and for sizes
    that are not positive or a padding of more than half a window.
    """
    kernels = _sizes(name, "kernel_size", kernel, rank)
    strides = kernels if stride is None or stride in ((), []) else _sizes(name, "stride", stride, rank)
    paddings, dilations = _sizes(name, "padding", padding, rank), _sizes(name, "dilation", dilation, rank)
    shape = tuple(input.shape)
    if len(shape) not in (rank + 1, rank + 2) or 0 in shape[-rank - 1 :]:
        raise RuntimeError(
            f"{name}: Expected {rank + 1}D or {rank + 2}D (batch mode) tensor with optional 0 dim batch size for input, and "
            f"other dimensions non-empty, but got shape {shape}"
        )
    for what, sizes in (("kernel_size", kernels), ("stride", strides), ("dilation", dilations)):
        if min(sizes) <= 0:
            raise RuntimeError(f"{name}: {what} should be greater than zero, but got {sizes}")
    for k, p, d in zip(kernels, paddings, dilations, strict=True):
        if not 0 <= p <= ((k - 1) * d + 1) // 2:
            raise RuntimeError(f"{name}: pad should be from 0 to half of effective kernel size, but got {paddings}")
    inputs = shape[-rank:]
    geometry = zip(inputs, kernels, strides, paddings, dilations, strict=True)
    outputs = tuple(_count(n, k, s, p, d, ceil_mode) for n, k, s, p, d in geometry)
    if min(outputs) < 1:
        raise RuntimeError(f"{name}: Output size is too small: input {shape} with kernel_size {kernels} gives {outputs}")
    return Windows(inputs, kernels, strides, paddings, dilations, outputs)


def _sizes(name: str, what: str, given: Any, rank: int) -> Shape:
    sizes = tuple(map(operator.index, for_each(given, rank)))
    if len(sizes) == 1:
        sizes *= rank
    if len(sizes) != rank:
        raise RuntimeError(f"{name}: {what} must either be a single int, or a tuple of {rank} ints, but got {given}")
    return sizes


def _count(n: int, k: int, s: int, p: int, d: int, ceil_mode: bool) -> int:
    """How many windows fit; with `ceil_mode` also one that ends outside, if it begins inside the input or the left padding."""
    room = n + 2 * p - d * (k - 1) - 1
    count = (room + (s - 1 if ceil_mode else 0)) // s + 1
    return count - 1 if ceil_mode and (count - 1) * s >= n + p else count
