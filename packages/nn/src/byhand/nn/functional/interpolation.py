"""Resizing: images and their like with more or fewer elements along each spatial dimension."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from byhand.tensor import Tensor

from ._resampling import Resizing, smooth_taps, taps
from ._sizes import for_each
from ._taps import along
from .adaptive_pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d

__all__ = ["interpolate", "upsample", "upsample_bilinear", "upsample_nearest"]

_AREA: dict[int, Any] = {1: adaptive_avg_pool1d, 2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}
_LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}
_ANY_RANK = ("nearest", "nearest-exact", "area")


def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Resize the spatial dimensions of (N, C, L), (N, C, H, W) or (N, C, D, H, W) to `size`, or by `scale_factor`.

    Args:
        input: floating, or uint8 for the nearest element.
        size: one number or one for each spatial dimension; or else
        scale_factor: the same as factors; the result has ⌊factor · size⌋ elements.
        mode: "nearest" (the element below), "nearest-exact", "linear", "bilinear" or "trilinear" (by the number of dimensions),
            "bicubic", "lanczos" (both in two dimensions), or "area", which averages what falls together.
        align_corners: the centres of the corners coincide, rather than their outer edges.
        recompute_scale_factor: compute positions from the sizes rather than from the factor given.
        antialias: for "bilinear", "bicubic" and "lanczos", let every element of a larger input take part.

    Along each dimension y = W x with a matrix W of few entries, so x̄ = Wᵀ ȳ; the dimensions are resized one after the other.

    Raises ValueError for options that do not go together, TypeError for sizes that are no integers, RuntimeError for empty
    dimensions, NotImplementedError for another mode, number of dimensions or dtype.
    """
    rank = input.ndim - 2
    if align_corners is not None and mode in _ANY_RANK:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear, "
            f"not with {mode}"
        )
    if recompute_scale_factor and size is not None:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    sizes, factors = _sizes(input, rank, size, scale_factor, bool(recompute_scale_factor) or mode == "area")
    if antialias and not (mode in ("bilinear", "bicubic", "lanczos") and rank == 2):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input, "
            f"but got {mode} and shape {tuple(input.shape)}"
        )
    _check(input, rank, mode, sizes)
    if mode == "area":
        return _AREA[rank](input, sizes)  # type: ignore[no-any-return]
    if mode == "lanczos" and (align_corners or not antialias):
        raise ValueError("Lanczos mode requires antialias=True and does not support align_corners=True")
    kind = "cubic" if mode == "bicubic" else mode if mode in _ANY_RANK else "linear"
    result = input
    for dim, count, factor in zip(range(2, 2 + rank), sizes, factors, strict=True):
        if antialias and input.shape[dim] == count:
            continue  # PyTorch leaves such a dimension alone, whatever the factor
        resizing = Resizing(input.shape[dim], count, factor, bool(align_corners), input.dtype)
        result = along(result, dim, smooth_taps(mode, resizing) if antialias else taps(kind, resizing))
    return result.clone() if result is input else result


def _sizes(
    input: Tensor, rank: int, size: Any, scale_factor: Any, recompute: bool
) -> tuple[Sequence[int], Sequence[float | None]]:
    """The sizes of the result, and the factors from which positions are computed (None: from the sizes)."""
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    given = for_each(scale_factor if size is None else size, rank)
    if len(given) != rank:
        raise ValueError(
            f"Input and {'scale_factor' if size is None else 'output'} must have the same number of spatial dimensions, but got "
            f"input with spatial dimensions of {list(input.shape[2:])} and {given}. Please provide an input of shape "
            "(N, C, d1, d2, ..., dK) and one number for each of d1 … dK."
        )
    if size is None:
        factors = tuple(map(float, given))
        sizes = tuple(math.floor(n * factor) for n, factor in zip(input.shape[2:], factors, strict=True))
        return sizes, (None,) * rank if recompute else factors
    if not all(hasattr(count, "__index__") for count in given):
        raise TypeError(f"expected size to be one integer or one for each dimension, but got {given}")
    return tuple(map(int, given)), (None,) * rank


def _check(input: Tensor, rank: int, mode: str, sizes: Sequence[int]) -> None:
    """Raise NotImplementedError for a mode that does not fit, RuntimeError for empty dimensions."""
    if rank not in _LINEAR or not (mode in _ANY_RANK or mode == _LINEAR[rank] or (rank == 2 and mode in ("bicubic", "lanczos"))):
        raise NotImplementedError(
            f"Got {input.ndim}D input and mode {mode}: 3D, 4D and 5D inputs can be resized by nearest | nearest-exact | area, "
            "3D by linear, 4D by bilinear | bicubic | lanczos, 5D by trilinear"
        )
    if not input.is_floating_point() and not (input.dtype == "uint8" and mode.startswith("nearest")):
        raise NotImplementedError(f"interpolate: {mode} is not implemented for {input.dtype}; convert with float() first")
    if 0 in input.shape[1:] or min(sizes) <= 0:
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got shape {tuple(input.shape)} and sizes {tuple(sizes)}"
        )


def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """Return interpolate(…), which PyTorch recommends instead of this name (UserWarning)."""
    warnings.warn("`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2)
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """Return interpolate(…, mode="nearest"), which PyTorch recommends instead of this name (UserWarning)."""
    warnings.warn("`nn.functional.upsample_nearest` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2)
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """Return interpolate(…, mode="bilinear", align_corners=True), which PyTorch recommends instead of this name (UserWarning)."""
    warnings.warn("`nn.functional.upsample_bilinear` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2)
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)
