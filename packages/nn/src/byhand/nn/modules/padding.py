"""The ways of padding as modules; see `functional.pad`. Each takes one width for all ends, or one for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from byhand.tensor import Tensor

from ..functional import pad
from ..functional._sizes import for_each
from .module import Module

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d", "ReflectionPad1d",
    "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d",
    "ZeroPad3d",
]  # fmt: skip


class _Pad(Module):
    """Padding by fixed widths: (before, after) of the last dimension, then of the one before it, and so on."""

    _spatial: ClassVar[int]
    _mode: ClassVar[str]

    def __init__(self, padding: int | Sequence[int]) -> None:
        super().__init__()
        self.padding: tuple[int, ...] = for_each(padding, 2 * self._spatial)

    def forward(self, input: Tensor) -> Tensor:
        """Return the padded input."""
        return pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        """Return the widths."""
        return f"{self.padding}"


class _ConstantPad(_Pad):
    """Padding with a number."""

    def __init__(self, padding: int | Sequence[int], value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """Return the padded input."""
        return pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """Return the widths and the number."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """Pad the last dimension with `value`."""

    _spatial = 1


class ConstantPad2d(_ConstantPad):
    """Pad the last two dimensions with `value`."""

    _spatial = 2


class ConstantPad3d(_ConstantPad):
    """Pad the last three dimensions with `value`."""

    _spatial = 3


class _ZeroPad(_ConstantPad):
    """Padding with zeros."""

    def __init__(self, padding: int | Sequence[int]) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """Return the widths."""
        return f"{self.padding}"


class ZeroPad1d(_ZeroPad, ConstantPad1d):
    """Pad the last dimension with zeros."""


class ZeroPad2d(_ZeroPad, ConstantPad2d):
    """Pad the last two dimensions with zeros."""


class ZeroPad3d(_ZeroPad, ConstantPad3d):
    """Pad the last three dimensions with zeros."""


class _ReflectionPad(_Pad):
    """Padding that mirrors the input at its edges."""

    _mode = "reflect"


class ReflectionPad1d(_ReflectionPad):
    """Mirror (N, C, L) or (C, L) at the ends of L."""

    _spatial = 1


class ReflectionPad2d(_ReflectionPad):
    """Mirror (N, C, H, W) or (C, H, W) at the edges of H and W."""

    _spatial = 2


class ReflectionPad3d(_ReflectionPad):
    """Mirror (N, C, D, H, W) or (C, D, H, W) at the faces of D, H and W."""

    _spatial = 3


class _ReplicationPad(_Pad):
    """Padding that repeats the elements at the edges."""

    _mode = "replicate"


class ReplicationPad1d(_ReplicationPad):
    """Repeat the ends of L in (N, C, L) or (C, L)."""

    _spatial = 1


class ReplicationPad2d(_ReplicationPad):
    """Repeat the edges of H and W in (N, C, H, W) or (C, H, W)."""

    _spatial = 2


class ReplicationPad3d(_ReplicationPad):
    """Repeat the faces of D, H and W in (N, C, D, H, W) or (C, D, H, W)."""

    _spatial = 3


class _CircularPad(_Pad):
    """Padding that goes on at the other end. Raises ValueError for another number of dimensions."""

    _mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        """Return the padded input."""
        if input.ndim - self._spatial not in (1, 2):
            raise ValueError(
                f"expected {self._spatial + 1}D or {self._spatial + 2}D input (got {input.ndim}D input of shape "
                f"{tuple(input.shape)})"
            )
        return super().forward(input)


class CircularPad1d(_CircularPad):
    """Wrap (N, C, L) or (C, L) around at the ends of L."""

    _spatial = 1


class CircularPad2d(_CircularPad):
    """Wrap (N, C, H, W) or (C, H, W) around at the edges of H and W."""

    _spatial = 2


class CircularPad3d(_CircularPad):
    """Wrap (N, C, D, H, W) or (C, D, H, W) around at the faces of D, H and W."""

    _spatial = 3
