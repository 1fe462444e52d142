"""Convolutions and transposed convolutions as modules; see `functional.conv2d` and `functional.conv_transpose2d`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from byhand.tensor import Tensor, empty

from .. import functional as F, init
from ..functional._sizes import for_each
from ..parameter import Parameter
from .module import Module

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

Sizes = int | Sequence[int]
_MODES = ("zeros", "reflect", "replicate", "circular")


class _Convolution(Module):
    """What convolutions and transposed convolutions have in common: sizes, weight and bias.

    `weight` and `bias` are drawn from U(−b, b), b = 1/√fan_in, as in PyTorch; fan_in is how many numbers meet in one output.
    """

    _rank: ClassVar[int]
    weight: Parameter
    bias: Parameter | None
    output_padding: tuple[int, ...] = ()

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes,
        padding: Sizes | str,
        dilation: Sizes,
        groups: int,
        padding_mode: str,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError(f"groups must be a positive integer, but got {groups}")
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels % groups:
                raise ValueError(f"{name} must be divisible by groups, but got {channels} and {groups}")
        if padding_mode not in _MODES:
            raise ValueError(f"padding_mode must be one of {', '.join(_MODES)}, but got padding_mode={padding_mode!r}")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = for_each(kernel_size, self._rank)
        self.stride = for_each(stride, self._rank)
        self.padding = padding if isinstance(padding, str) else for_each(padding, self._rank)
        self.dilation = for_each(dilation, self._rank)
        self.groups = groups
        self.padding_mode = padding_mode

    def _learn(self, channels: tuple[int, int], bias: bool, device: Any, dtype: Any) -> None:
        """Make the parameters and draw them."""
        self.weight = Parameter(empty(*channels, *self.kernel_size, device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(empty(self.out_channels, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        # With a = √5 the gain is √(2/(1 + 5)) = 1/√3, and so the bound √3/√3/√fan_in.
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in = math.prod(self.weight.shape[1:])
            bound = 1 / math.sqrt(fan_in) if fan_in else 0
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        """Return the sizes, and those options that are not the default."""
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        if isinstance(self.padding, str) or any(self.padding):
            parts.append(f"padding={self.padding}")
        if any(d != 1 for d in self.dilation):
            parts.append(f"dilation={self.dilation}")
        if any(self.output_padding):
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class _Conv(_Convolution):
    """Slides a kernel over the input.

    Args:
        in_channels: C. An input is (N, C, *S), or (C, *S).
        out_channels: O, the number of kernels. `weight` is (O, C/groups, *kernel_size), `bias` (O,).
        padding: how far the input goes on beyond each end, or "same" (outputs as large as inputs) or "valid" (none).
        padding_mode: how it goes on: "zeros", or as in `functional.pad`: "reflect", "replicate", "circular".

    Raises ValueError for groups that do not divide the channels, for "same" with a stride, and for unknown modes.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, padding_mode)
        if isinstance(padding, str) and padding not in ("same", "valid"):
            raise ValueError(f"Invalid padding string {padding!r}, should be one of 'same', 'valid'")
        if padding == "same" and any(s != 1 for s in self.stride):
            raise ValueError(f"padding='same' is not supported for strided convolutions, but got stride={self.stride}")
        self._learn((out_channels, in_channels // groups), bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """Return the convolution of the input."""
        padding: Sizes | str = self.padding
        if self.padding_mode != "zeros":
            input, padding = F.pad(input, self._widths(), self.padding_mode), 0
        convolution = getattr(F, f"conv{self._rank}d")
        result: Tensor = convolution(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)
        return result

    def _widths(self) -> list[int]:
        """How far to pad before and after, the last dimension first."""
        if isinstance(self.padding, str):
            same = self.padding == "same"
            totals = [same * d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            return [width for total in reversed(totals) for width in (total // 2, total - total // 2)]
        return [width for width in reversed(self.padding) for _ in range(2)]


class Conv1d(_Conv):
    """Slides kernels along a line:   (N, C, L) → (N, O, P). See `functional.conv1d`."""

    _rank = 1


class Conv2d(_Conv):
    """Slides kernels over an image:   (N, C, H, W) → (N, O, *P). See `functional.conv2d`."""

    _rank = 2


class Conv3d(_Conv):
    """Slides kernels through a space:   (N, C, D, H, W) → (N, O, *P). See `functional.conv3d`."""

    _rank = 3


class _ConvTranspose(_Convolution):
    """Lays a kernel, times each number of the input, into the output: what the gradient of a convolution does.

    Args:
        in_channels: C. An input is (N, C, *P), or (C, *P).
        out_channels: O. `weight` is (C, O/groups, *kernel_size), `bias` (O,).
        padding: how much is cut off each end.
        output_padding: how much longer the output is; several lengths lead to one under a stride.

    Raises ValueError for groups that do not divide the channels, and for a padding mode other than "zeros".
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Sizes = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}, but got {padding_mode!r}')
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, padding_mode)
        self.output_padding = for_each(output_padding, self._rank)
        self._learn((in_channels, out_channels // groups), bias, device, dtype)

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """Return the transposed convolution of the input, of `output_size` (*S or (N, O, *S)) if that is given."""
        more = self.output_padding if output_size is None else self._more(input, output_size)
        transposed = getattr(F, f"conv_transpose{self._rank}d")
        result: Tensor = transposed(
            input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation
        )
        return result

    def _more(self, input: Tensor, output_size: Sequence[int]) -> tuple[int, ...]:
        """The output padding that leads to `output_size`. Raises ValueError if none between 0 and the stride does."""
        rank, beside = self._rank, input.ndim - self._rank
        wanted = tuple(output_size[beside:] if len(output_size) == beside + rank else output_size)
        if len(wanted) != rank:
            raise ValueError(
                f"ConvTranspose{rank}D: for {input.ndim}D input, output_size must have {rank} or {beside + rank} elements "
                f"(got {len(wanted)})"
            )
        least = [
            (size - 1) * s - 2 * p + d * (k - 1) + 1
            for size, s, p, d, k in zip(
                input.shape[beside:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        most = [size + s - 1 for size, s in zip(least, self.stride, strict=True)]
        if not all([low <= size <= high for low, size, high in zip(least, wanted, most, strict=True)]):
            raise ValueError(
                f"requested an output size of {wanted}, but valid sizes range from {least} to {most} "
                f"(for an input of {list(input.shape[beside:])})"
            )
        return tuple([size - low for size, low in zip(wanted, least, strict=True)])


class ConvTranspose1d(_ConvTranspose):
    """Lays kernels along a line:   (N, C, P) → (N, O, L). See `functional.conv_transpose1d`."""

    _rank = 1


class ConvTranspose2d(_ConvTranspose):
    """Lays kernels over an image:   (N, C, *P) → (N, O, H, W). See `functional.conv_transpose2d`."""

    _rank = 2


class ConvTranspose3d(_ConvTranspose):
    """Lays kernels into a space:   (N, C, *P) → (N, O, D, H, W). See `functional.conv_transpose3d`."""

    _rank = 3
