"""Convolutions and transposed convolutions of 1, 2 and 3 dimensions: arguments, sizes and their checks; see `_convolution`."""

from __future__ import annotations

from collections.abc import Sequence

from byhand.tensor import Tensor
from byhand.tensor._graph import Shape

from . import _convolution as ops, _convolution_checks as checks
from ._patches import Geometry

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]

Sizes = int | Sequence[int]


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Slide a kernel along a line:   (N, C, L), (O, C/groups, K) → (N, O, P). See `conv2d`."""
    return _convolved("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    r"""y_{n,o,p} = b_o + Σ_{c,k} x_{n,c,sp+dk−π} w_{o,c,k}:   (N, C, H, W), (O, C/groups, *K) → (N, O, *P)

    in each dimension P = ⌊(S + 2π − d (K − 1) − 1)/s⌋ + 1, with stride s, padding π and dilation d; x is zero outside. An input
    without N is one sample. `padding="valid"` is none; "same" gives P = S, with an odd zero at the end. With `groups`, each
    group of channels has outputs of its own. Dumoulin and Visin, arXiv:1603.07285.

    Raises RuntimeError for shapes that do not fit, for a kernel larger than the padded input, for strides, dilations or groups
    below 1, for a negative padding, and for different dtypes.
    """
    return _convolved("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Slide a kernel through a space:   (N, C, D, H, W), (O, C/groups, *K) → (N, O, *P). See `conv2d`."""
    return _convolved("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """Lay kernels along a line:   (N, C, L), (C, O/groups, K) → (N, O, P). See `conv_transpose2d`."""
    return _transposed("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    r"""y_{n,o,q} = b_o + Σ_{c,p,k: sp+dk−π=q} x_{n,c,p} w_{c,o,k}:   (N, C, H, W), (C, O/groups, *K) → (N, O, *Q)

    in each dimension Q = s (P − 1) − 2π + d (K − 1) + 1 + `output_padding`: each number of the input lays a kernel, times itself,
    into the output. It is what the gradient of a convolution with the same arguments does. Zeiler et al., CVPR 2010.

    Raises RuntimeError as `conv2d` does, and for an output padding that reaches both stride and dilation.
    """
    return _transposed("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """Lay kernels into a space:   (N, C, D, H, W), (C, O/groups, *K) → (N, O, *Q). See `conv_transpose2d`."""
    return _transposed("conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def _convolved(
    name: str,
    rank: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sizes,
    padding: Sizes | str,
    dilation: Sizes,
    groups: int,
) -> Tensor:
    """A convolution of `rank` dimensions, of a batch or of one sample."""
    batch = checks.as_batch(name, rank, input, weight)
    strides, dilations = checks.expanded("stride", stride, rank), checks.expanded("dilation", dilation, rank)
    before, after = _paddings(padding, tuple(weight.shape[2:]), strides, dilations)
    at = Geometry(strides, before, dilations, groups)
    checks.check_geometry(at)
    checks.check_weight(batch, weight, bias, groups, transposed=False)
    padded = tuple([size + b + a for size, b, a in zip(batch.shape[2:], before, after, strict=True)])
    count = _fitting(padded, weight.shape[2:], at)
    out: Tensor = ops.convolution(batch, weight, bias, count=count, at=at)
    return out if batch is input else out.squeeze(0)


def _paddings(padding: Sizes | str, kernel: Shape, stride: Shape, dilation: Shape) -> tuple[Shape, Shape]:
    """How many zeros stand before and after each dimension."""
    if not isinstance(padding, str):
        both = checks.expanded("padding", padding, len(kernel))
        return both, both
    if padding == "valid":
        return (0,) * len(kernel), (0,) * len(kernel)
    if padding != "same":
        raise RuntimeError(f"Invalid padding string: {padding!r}; it is 'valid' or 'same', or numbers")
    if any(s != 1 for s in stride):
        raise RuntimeError(f"padding='same' is not supported for strided convolutions (stride={stride}); give it as numbers")
    total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    return tuple([t // 2 for t in total]), tuple([t - t // 2 for t in total])


def _fitting(padded: Shape, kernel: Shape, at: Geometry) -> Shape:
    """How many windows fit in each dimension. Raises RuntimeError if none does."""
    spans = at.extent(kernel, (1,) * len(kernel))
    if any([size < span for size, span in zip(padded, spans, strict=True)]):
        raise RuntimeError(
            f"Calculated padded input size per channel: {checks.times(padded)}. Kernel size: {checks.times(spans)}. "
            "Kernel size can't be greater than actual input size; use a smaller kernel or dilation, or more padding"
        )
    return tuple([(size - span) // s + 1 for size, span, s in zip(padded, spans, at.stride, strict=True)])


def _transposed(
    name: str,
    rank: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sizes,
    padding: Sizes,
    output_padding: Sizes,
    groups: int,
    dilation: Sizes,
) -> Tensor:
    """A transposed convolution of `rank` dimensions, of a batch or of one sample."""
    batch = checks.as_batch(name, rank, input, weight)
    strides, dilations = checks.expanded("stride", stride, rank), checks.expanded("dilation", dilation, rank)
    at = Geometry(strides, checks.expanded("padding", padding, rank), dilations, groups)
    more = checks.expanded("output_padding", output_padding, rank)
    checks.check_geometry(at)
    checks.check_output_padding(more, at)
    checks.check_weight(batch, weight, bias, groups, transposed=True)
    extent = at.extent(weight.shape[2:], batch.shape[2:])
    sizes = tuple([e - 2 * p + m for e, p, m in zip(extent, at.padding, more, strict=True)])
    if min(sizes) < 1:
        raise RuntimeError(
            f"Given input size per channel: {checks.times(batch.shape[2:])}. Calculated output size per channel: "
            f"{checks.times(sizes)}. Output size is too small; use less padding"
        )
    out: Tensor = ops.data_gradient(batch, weight, bias, sizes=sizes, at=at)
    return out if batch is input else out.squeeze(0)
