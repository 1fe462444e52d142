"""From which elements of a dimension, with which weights, each element of the resized one is made.

Element j of m stands above s (j + ½) − ½ of the n given ones, s = n/m, where each element is a unit wide; or, where the corners'
centres are aligned, above s j with s = (n − 1)/(m − 1). All is computed in the precision of the input (float32 for uint8 and
float16), as PyTorch does it, so that an element that stands exactly between two falls on the same side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from byhand.tensor._graph import Array

from ._taps import Taps

__all__ = ["Resizing", "smooth_taps", "taps"]


class Resizing(NamedTuple):
    """One dimension: n = `size` elements become m = `wanted`. `factor`, if not None, is believed rather than m/n."""

    size: int
    wanted: int
    factor: float | None
    align_corners: bool
    dtype: Any

    @property
    def scale(self) -> Any:
        """How far neighbours of the result lie apart in the input."""
        exact = np.float32 if self.dtype.itemsize < 4 else self.dtype.type
        if self.align_corners:
            return exact(self.size - 1) / exact(self.wanted - 1) if self.wanted > 1 else exact(0)
        return exact(1 / self.factor) if self.factor else exact(self.size) / exact(self.wanted)

    def positions(self) -> Array:
        """Above which place of the input each element of the result stands."""
        j, half = np.arange(self.wanted).astype(self.scale.dtype), self.scale.dtype.type(0.5)
        return self.scale * j if self.align_corners else self.scale * (j + half) - half


def taps(mode: str, resizing: Resizing) -> Taps:
    """The taps of "nearest", "nearest-exact", "linear" or "cubic" interpolation along one dimension."""
    if mode.startswith("nearest"):
        return _nearest(resizing, exact=mode == "nearest-exact")
    index, weight = (_linear if mode == "linear" else _cubic)(resizing)
    return Taps(np.clip(index, 0, resizing.size - 1), weight.astype(resizing.dtype), resizing.size)


def _nearest(resizing: Resizing, *, exact: bool) -> Taps:
    """y_j = x_{⌊s j⌋}, or exactly x_{⌊s (j + ½)⌋}; what is rounded down has been rounded to float32 before, as in PyTorch."""
    j = np.arange(resizing.wanted).astype(resizing.scale.dtype)
    places = np.maximum(resizing.positions(), 0) + j.dtype.type(0.5) if exact else resizing.scale * j
    index = np.minimum(places.astype(np.float32).astype(np.int64), resizing.size - 1)
    return Taps(index[:, None], np.ones((len(j), 1), resizing.dtype), resizing.size)


def _linear(resizing: Resizing) -> tuple[Array, Array]:
    """y_j = (1 − t) x_i + t x_{i+1}, i = ⌊p⌋, t = p − i for the position p; outside the first and last, these alone."""
    positions = np.maximum(resizing.positions(), 0)
    if resizing.size == resizing.wanted:
        positions = np.arange(resizing.wanted).astype(positions.dtype)
    first = np.minimum(positions.astype(np.int64), resizing.size - 1)
    t = np.clip(positions - first.astype(positions.dtype), 0, 1)
    return np.stack([first, first + 1], 1), np.stack([1 - t, t], 1)


def _cubic(resizing: Resizing) -> tuple[Array, Array]:
    """The four neighbours i − 1 … i + 2 of the position, weighted by Keys' cubic with a = −¾; those outside are the edge."""
    positions = resizing.positions()
    first = np.minimum(np.floor(positions).astype(np.int64), resizing.size - 1)
    t = np.clip(positions - first.astype(positions.dtype), 0, 1)
    near = np.arange(-1, 3)
    return first[:, None] + near, cubic(t[:, None] - near.astype(t.dtype), -0.75)


def cubic(x: Array, a: float) -> Array:
    """The kernel of cubic convolution; Keys, IEEE Trans. ASSP 29 (1981): of |x| ≤ 1, of 1 < |x| < 2, and 0 further out."""
    x = np.abs(x)
    inner = ((a + 2) * x - (a + 3)) * x * x + 1
    outer = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, inner, np.where(x < 2, outer, 0))


def _lanczos(x: Array) -> Array:
    """sinc(x) sinc(x/3) for |x| < 3."""
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)


# For each mode with antialiasing: how far its filter reaches, and the filter.
_FILTERS: dict[str, tuple[float, Callable[[Array], Array]]] = {
    "bilinear": (1.0, lambda x: np.maximum(1 - np.abs(x), 0)),
    "bicubic": (2.0, lambda x: cubic(x, -0.5)),
    "lanczos": (3.0, _lanczos),
}


def smooth_taps(mode: str, resizing: Resizing) -> Taps:
    """The taps of a filter that, where the result is smaller, is stretched so that every element of the input takes part.

    Its weights w((i + ½ − c)/max(s, 1)), c = s (j + ½), are divided by their sum: what PIL does.
    """
    reach, kernel = _FILTERS[mode]
    scale = resizing.scale
    stretch = max(scale, scale.dtype.type(1))
    support, half = scale.dtype.type(reach) * stretch, scale.dtype.type(0.5)
    centre = scale * (np.arange(resizing.wanted).astype(scale.dtype) + half)
    start = np.maximum((centre - support + half).astype(np.int64), 0)
    stop = np.minimum((centre + support + half).astype(np.int64), resizing.size)
    index = start[:, None] + np.arange(int((stop - start).max(initial=1)))
    weight = np.where(index < stop[:, None], kernel((index - centre[:, None] + half) / stretch), 0)
    weight /= weight.sum(1, keepdims=True)
    return Taps(np.minimum(index, resizing.size - 1), weight.astype(resizing.dtype), resizing.size)
