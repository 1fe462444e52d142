"""The windows over an image as columns of a matrix, and back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from byhand.tensor import Tensor, op
from byhand.tensor._graph import Array, Shape

from ._sizes import for_each
from ._windows import Windows

__all__ = ["fold", "unfold"]


@op
def _unfold(input: Array, *, at: Windows) -> Array:
    r"""y_{n,ck,p} = x_{n,c,q}, q = s p + d k − π, or 0 where q lies outside:   (N, C, H, W) → (N, C·K, P)

    Each place k of the windows is one copy of a strided view.  x̄_{n,c,q} = Σ_{k,p: sp+dk−π=q} ȳ_{n,ck,p}, that is fold.
    """
    batch = input.shape[: -len(at.inputs)]
    out = np.zeros((*batch, math.prod(at.kernel), *at.outputs), input.dtype)
    by_place = np.moveaxis(out, len(batch), 0)
    for number, windows, elements in at.places():
        by_place[number][windows] = input[elements]
    return out.reshape(*batch[:-1], batch[-1] * math.prod(at.kernel), math.prod(at.outputs))


@_unfold.vjp("input")
def _(g: Array, at: Windows) -> Array:
    return _fold.kernel(g, at=at)


@op
def _fold(input: Array, *, at: Windows) -> Array:
    r"""y_{n,c,q} = Σ_{k,p: sp+dk−π=q} x_{n,ck,p}:   (N, C·K, P) → (N, C, H, W)

    Each place k of the windows is added in one strided view.  It is the transpose of unfold, and unfold its:  x̄ = unfold(ȳ).
    """
    taps = math.prod(at.kernel)
    batch = (*input.shape[:-2], input.shape[-2] // taps)
    by_place = np.moveaxis(input.reshape(*batch, taps, *at.outputs), len(batch), 0)
    out = np.zeros((*batch, *at.inputs), input.dtype)
    for number, windows, elements in at.places():
        out[elements] += by_place[number][windows]
    return out


@_fold.vjp("input")
def _(g: Array, at: Windows) -> Array:
    return _unfold.kernel(g, at=at)


def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    r"""Each window over an image, with all its channels, as a column:   (N, C, H, W) → (N, C·K, P)

    K is the number of places in a window, P that of windows; an input without N is one image. The sizes are a number or two.
    With it a convolution is one product: weight (O, C·K) times columns.

    Raises RuntimeError for sizes that are not positive, a negative padding, no window that fits, and an input that is empty
    or has the wrong number of dimensions (IndexError below 3); NotImplementedError for integers.
    """
    sizes = _checked("unfold", input, kernel_size, dilation, padding, stride)
    shape = tuple(input.shape)
    if len(shape) < 3:
        raise IndexError(f"unfold: Dimension out of range (expected 3 or 4 dimensions, but the input has shape {shape})")
    if len(shape) > 4 or 0 in shape[-3:]:
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, "
            f"but got: {list(shape)}"
        )
    at = _windows(shape[-2:], *sizes)
    if min(at.outputs) < 1:
        raise RuntimeError(
            f"Given input with spatial size {at.inputs}, kernel_size={at.kernel}, dilation={at.dilation}, padding={at.padding}, "
            f"calculated shape of the array of sliding blocks as {at.outputs}, but its components must be at least one"
        )
    return _unfold(input, at=at)


def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    r"""Lay columns into an image as the windows that they are, adding where these overlap:   (N, C·K, P) → (N, C, *output_size)

    The transpose of `unfold`, not its inverse: an element that lay in m windows comes back m times over.

    Raises RuntimeError for sizes that are not positive, a negative padding, and an input that is empty, or whose sizes are not
    those of the windows over an image of `output_size`; NotImplementedError for integers.
    """
    outputs = _pair("output_size", output_size)
    sizes = _checked("fold", input, kernel_size, dilation, padding, stride)
    shape = tuple(input.shape)
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for input, "
            f"but got: {list(shape)}"
        )
    at = _windows(outputs, *sizes)
    if shape[-2] % math.prod(at.kernel):
        raise RuntimeError(
            f"Expected size of input's dimension {len(shape) - 2} to be divisible by the product of kernel_size, "
            f"but got {shape[-2]} and kernel_size={at.kernel}"
        )
    if min(at.outputs) < 1 or shape[-1] != math.prod(at.outputs):
        raise RuntimeError(
            f"Given output_size={at.inputs}, kernel_size={at.kernel}, dilation={at.dilation}, padding={at.padding}, "
            f"stride={at.stride}, expected {at.outputs[0]} x {at.outputs[1]} sliding blocks in the input's last dimension, "
            f"but got {shape[-1]}"
        )
    return _fold(input, at=at)


def _checked(name: str, input: Tensor, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> tuple[Shape, ...]:
    """The kernel, stride, padding and dilation as pairs."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): input must be Tensor, not {type(input).__name__}")
    if input.dtype.kind in "iu":
        raise NotImplementedError(f"{name} is not implemented for {input.dtype}; convert with float() first")
    kernel, strides = _pair("kernel_size", kernel_size), _pair("stride", stride)
    paddings, dilations = _pair("padding", padding), _pair("dilation", dilation)
    for what, sizes in (("kernel_size", kernel), ("stride", strides), ("dilation", dilations)):
        if min(sizes) < 1:
            raise RuntimeError(f"{name}: {what} should be greater than zero, but got {sizes}")
    if min(paddings) < 0:
        raise RuntimeError(f"{name}: padding should be non-negative, but got {paddings}")
    return kernel, strides, paddings, dilations


def _pair(what: str, given: Any) -> Shape:
    sizes = for_each(given, 2)
    if not all([isinstance(size, int) for size in sizes]):
        raise TypeError(f"{what} must be an int or two of them, not {given!r}")
    if len(sizes) != 2:
        raise RuntimeError(f"It is expected {what} equals to 2, but got size {len(sizes)}: give one number, or one for each")
    return sizes


def _windows(inputs: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Windows:
    """All windows that fit over an image of size `inputs`."""
    sizes = zip(inputs, kernel, stride, padding, dilation, strict=True)
    outputs = tuple([(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in sizes])
    return Windows(inputs, kernel, stride, padding, dilation, outputs)
