"""The three maps of a convolution as products of matrices: windows · weight, gradient · weight and windows · gradient.

The formulas stand in `_convolution`; here is how they are computed.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np
from byhand.tensor._graph import Shape

from ._patches import Geometry, NDArray, blocks, empty, last, matrices, stretch, windows

# Bytes of output that a depthwise convolution keeps in the L2 cache while its taps pass over it.
DEPTHWISE_BLOCK = 1 << 18


def correlate(x: NDArray, weight: NDArray, bias: NDArray | None, count: Shape, at: Geometry) -> NDArray:
    """y_{n,p,o} = b_o + Σ_{c,k} x_{n,sp+dk−π,c} w_{o,c,k}:   (N, C, *S), (O, C/G, *K) → (N, O, *P)"""
    result = empty(x.shape[0], weight.shape[0], count, x.dtype)
    x, out, kernel = last(x), last(result), weight.shape[2:]
    if not out.size:
        return result
    if weight.shape[1] == 1 < at.groups:
        _depthwise(x, weight, bias, out, at)
        return result
    factor = _as_matrices(weight, at.groups)  # (G, K·C/G, O/G)
    beside = None if bias is None else np.tile(bias, count[-1])
    for place, rows in matrices(x, kernel, count, at):
        target = out[place]
        by_group = target.reshape(-1, at.groups, factor.shape[2]).transpose(1, 0, 2)
        np.matmul(rows, factor, out=by_group)
        if beside is not None:
            lines = target.reshape(-1, beside.size)
            lines += beside
    return result


def _as_matrices(weight: NDArray, groups: int) -> NDArray:
    """(O, C/G, *K) → (G, K·C/G, O/G), in the order of the windows' matrices."""
    outputs, channels = weight.shape[:2]
    split = weight.reshape(groups, outputs // groups, channels, -1)
    return split.transpose(0, 3, 2, 1).reshape(groups, -1, outputs // groups)


def weight_gradient(x: NDArray, g: NDArray, kernel: Shape, at: Geometry) -> NDArray:
    """w̄_{o,c,k} = Σ_{n,p} x_{n,sp+dk−π,c} ȳ_{n,p,o}:   (N, C, *S), (N, O, *P) → (O, C/G, *K)"""
    x, g = last(x), last(g)
    count, groups = g.shape[1:-1], at.groups
    outputs, channels = g.shape[-1] // groups, x.shape[-1] // groups
    if channels == 1 < groups:
        return _depthwise_weight(x, g, kernel, at)
    total = np.zeros((groups, math.prod(kernel) * channels, outputs), x.dtype)
    for place, rows in matrices(x, kernel, count, at) if g.size else ():
        by_group = g[place].reshape(-1, groups, outputs).transpose(1, 0, 2)
        total += np.matmul(rows.transpose(0, 2, 1), by_group)
    by_tap = total.reshape(groups, -1, channels, outputs).transpose(0, 3, 2, 1)
    return np.ascontiguousarray(by_tap).reshape(-1, channels, *kernel)


class Taps(NamedTuple):
    """In one dimension, the taps that reach the positions q = s j + r: k = k₀ + (s/e) i, from windows j + b − (d/e) i."""

    chosen: slice
    before: int  # the padding and the dilation of the convolution that they make
    step: int


def _taps(residue: int, size: int, stride: int, padding: int, dilation: int) -> Taps:
    """The taps that reach the positions of one residue; there may be none."""
    common = math.gcd(stride, dilation)
    k = next((k for k in range(stride // common) if (residue + padding - dilation * k) % stride == 0), size)
    chosen = range(k, size, stride // common)
    b, step = (residue + padding - dilation * k) // stride, dilation // common
    return Taps(slice(k, None, stride // common), step * (len(chosen) - 1) - b, step)


def data_gradient(g: NDArray, weight: NDArray, bias: NDArray | None, sizes: Shape, at: Geometry) -> NDArray:
    r"""x̄_{n,q,c} = b_c + Σ_{o,p,k: sp+dk−π=q} ȳ_{n,p,o} w_{o,c,k}:   (N, O, *P), (O, C/G, *K) → (N, C, *S)

    For the positions of one residue, q = s j + r, the condition reads d k ≡ r + π (mod s). With e = gcd(s, d) it has solutions
    only where e divides r + π: then k = k₀ + (s/e) i and p = j + b − (d/e) i, b = (r + π − d k₀)/s. So these positions are
    a convolution of stride 1 and dilation d/e with the reversed taps k₀, k₀ + s/e, …: sᴰ small ones make the whole, and no
    product with a zero between strides is ever computed. With stride 1 it is one convolution with the reversed kernel.
    """
    groups, kernel = at.groups, weight.shape[2:]
    swapped = weight.reshape(groups, -1, *weight.shape[1:]).swapaxes(1, 2).reshape(-1, weight.shape[0] // groups, *kernel)
    spatial = tuple(range(2, swapped.ndim))
    parts = []
    for residues in itertools.product(*map(range, at.stride)):
        taps = list(map(_taps, residues, kernel, at.stride, at.padding, at.dilation))
        count = tuple([max(0, -(-(size - r) // s)) for size, r, s in zip(sizes, residues, at.stride, strict=True)])
        reversed_taps = np.flip(swapped[(slice(None), slice(None), *[t.chosen for t in taps])], spatial)
        unit = Geometry((1,) * len(taps), tuple([t.before for t in taps]), tuple([t.step for t in taps]), groups)
        parts.append((residues, count, reversed_taps, unit))
    if len(parts) == 1:
        return correlate(g, reversed_taps, bias, count, unit)
    out = empty(g.shape[0], swapped.shape[0], sizes, g.dtype)
    for residues, count, reversed_taps, unit in parts:
        every = (slice(None), slice(None), *[slice(r, None, s) for r, s in zip(residues, at.stride, strict=True)])
        if reversed_taps.size:
            out[every] = correlate(g, reversed_taps, bias, count, unit)
        else:
            out[every] = 0 if bias is None else bias.reshape(-1, *(1,) * len(sizes))
    return out


def _depthwise(x: NDArray, weight: NDArray, bias: NDArray | None, out: NDArray, at: Geometry) -> None:
    """Each channel by itself: y_{n,p,cm} = Σ_k x_{n,sp+dk−π,c} w_{cm,k}, one multiplication and addition for each tap."""
    kernel, count, channels = weight.shape[2:], out.shape[1:-1], x.shape[-1]
    view = _tap_views(x, kernel, count, at)
    factors = weight.reshape(channels, -1, math.prod(kernel)).transpose(2, 0, 1)  # (K, C, M)
    target = out.reshape(*out.shape[:-1], channels, out.shape[-1] // channels)
    bytes_a_line = math.prod(out.shape[2:]) * out.itemsize
    for place in blocks(out.shape[0], count[0], bytes_a_line, DEPTHWISE_BLOCK):
        part = target[place]
        part[...] = 0 if bias is None else bias.reshape(channels, -1)
        for tap, factor in zip(view, factors, strict=True):
            part += tap[place][..., np.newaxis] * factor


def _depthwise_weight(x: NDArray, g: NDArray, kernel: Shape, at: Geometry) -> NDArray:
    """w̄_{cm,k} = Σ_{n,p} x_{n,sp+dk−π,c} ȳ_{n,p,cm}, one product and sum for each tap."""
    count, channels = g.shape[1:-1], x.shape[-1]
    view = _tap_views(x, kernel, count, at)
    by_channel = g.reshape(*g.shape[:-1], channels, g.shape[-1] // channels)
    positions = tuple(range(len(kernel) + 1))
    out = np.stack([np.sum(tap[..., np.newaxis] * by_channel, axis=positions).reshape(-1) for tap in view], axis=-1)
    return out.reshape(-1, 1, *kernel)


def _tap_views(x: NDArray, kernel: Shape, count: Shape, at: Geometry) -> list[NDArray]:
    """For each tap, the elements (N, *P, C) that it meets, one for each window."""
    x = stretch(x, at.padding, at.extent(kernel, count))
    view = windows(x, kernel, count, at)
    return [view[(slice(None),) * (1 + len(count)) + tap] for tap in itertools.product(*map(range, kernel))]
