"""Fractional max pooling as modules; see `functional.fractional_max_pool2d`."""

from __future__ import annotations

from typing import Any, ClassVar

from byhand.tensor import Tensor

from .. import functional as F
from ..functional._sizes import for_each
from .module import Module

__all__ = ["FractionalMaxPool2d", "FractionalMaxPool3d"]


class _FractionalMaxPool(Module):
    """The largest elements of windows at random distances; either `output_size` or `output_ratio` says how many.

    Raises ValueError if neither or both are given, or for a ratio that is not between 0 and 1.
    """

    _spatial: ClassVar[int]

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = for_each(kernel_size, self._spatial)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else for_each(output_size, self._spatial)
        self.output_ratio = None if output_ratio is None else for_each(output_ratio, self._spatial)
        name = type(self).__name__
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < ratio < 1 for ratio in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")


class FractionalMaxPool2d(_FractionalMaxPool):
    """The largest elements of windows at random distances in (N, C, H, W) or (C, H, W)."""

    _spatial = 2

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, and with `return_indices` where they stand."""
        return F.fractional_max_pool2d(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices, self._random_samples
        )


class FractionalMaxPool3d(_FractionalMaxPool):
    """The largest elements of windows at random distances in (N, C, D, H, W) or (C, D, H, W)."""

    _spatial = 3

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        if min(for_each(kernel_size, 3)) <= 0:
            raise ValueError(f"kernel_size must be greater than 0, but got {kernel_size}")
        super().__init__(kernel_size, output_size, output_ratio, return_indices, _random_samples)

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, and with `return_indices` where they stand."""
        return F.fractional_max_pool3d(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices, self._random_samples
        )
