"""The three maps of a convolution as products of matrices: windows · weight, gradient · weight and windows · gradient.

The formulas stand in `_convolution`; here is how they are computed.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np
from byhand.tensor._graph import Shape

from . import _lines
from ._patches import Geometry, NDArray, blocks, empty, last, matrices, stretch, windows

# Bytes of output over which all taps of a depthwise convolution pass before the next; half and twice as many are as fast.
DEPTHWISE_BLOCK = 1 << 19


def correlate(x: NDArray, weight: NDArray, bias: NDArray | None, count: Shape, at: Geometry) -> NDArray:
    """y_{n,p,o} = b_o + Σ_{c,k} x_{n,sp+dk−π,c} w_{o,c,k}:   (N, C, *S), (O, C/G, *K) → (N, O, *P)"""
    result = empty(x.shape[0], weight.shape[0], count, x.dtype)
    x, out, kernel = last(x), last(result), weight.shape[2:]
    if not out.size:
        return result
    if weight.shape[1] == 1 < at.groups:
        _depthwise(x, weight, bias, out, at)
        return result
    beside = None if bias is None else _along_a_line(bias, count)
    together = _lines.together(len(x), weight.shape, count, at)
    if together:
        _lines.correlate(_lines.Lines(x, kernel, count, at, together), weight, out, beside)
        return result
    factor = _as_matrices(weight, at.groups)  # (G, K·C/G, O/G)
    for place, rows in matrices(x, kernel, count, at):
        target = out[place]
        by_group = target.reshape(-1, at.groups, factor.shape[2]).transpose(1, 0, 2)
        np.matmul(rows, factor, out=by_group)
        if beside is not None:
            lines = target.reshape(-1, *beside.shape)
            lines += beside
    return result


def _along_a_line(v: NDArray, count: Shape) -> NDArray:
    """One number for each channel, again for each position of the last dimension, so that NumPy's inner loops are long.

    In one dimension a block may hold any number of positions, so there it is repeated by broadcasting.
    """
    return np.tile(v, (count[-1] if len(count) > 1 else 1, 1))


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
    together = _lines.together_for_weights(len(x), (g.shape[-1], channels, *kernel), count, at)
    if together:
        return _lines.weight_gradient(_lines.Lines(x, kernel, count, at, together), g, kernel)
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
    """Each channel by itself: y_{n,p,c} = b_c + Σ_k x_{n,sp+dk−π,c} w_{c,k}, one multiplication and addition for each tap."""
    kernel, count, outputs = weight.shape[2:], out.shape[1:-1], out.shape[-1]
    taps = _taps_of(_for_each_output(x, outputs), kernel, count, at)
    factors = [_along_a_line(factor, count) for factor in weight.reshape(outputs, -1).T]
    beside = None if bias is None else _along_a_line(bias, count)
    spare = np.empty(0, out.dtype)
    for place in blocks(out.shape[0], count[0], math.prod(out.shape[2:]) * out.itemsize, DEPTHWISE_BLOCK):
        part = out[place]
        np.multiply(taps[0][place], factors[0], out=part)
        if spare.shape != part.shape:
            spare = np.empty_like(part)
        for tap, factor in zip(taps[1:], factors[1:], strict=True):
            np.multiply(tap[place], factor, out=spare)
            part += spare
        if beside is not None:
            part += beside


def _depthwise_weight(x: NDArray, g: NDArray, kernel: Shape, at: Geometry) -> NDArray:
    """w̄_{c,k} = Σ_{n,p} x_{n,sp+dk−π,c} ȳ_{n,p,c}, one sum of products for each tap."""
    count, outputs = g.shape[1:-1], g.shape[-1]
    taps = _taps_of(_for_each_output(x, outputs), kernel, count, at)
    total = np.zeros((len(taps), outputs), g.dtype)
    axes = list(range(g.ndim))
    for place in blocks(g.shape[0], count[0], math.prod(g.shape[2:]) * g.itemsize, DEPTHWISE_BLOCK):
        part = g[place]
        for k, tap in enumerate(taps):
            total[k] += np.einsum(tap[place], axes, part, axes, axes[-1:])
    return np.ascontiguousarray(total.T).reshape(outputs, 1, *kernel)


def _for_each_output(x: NDArray, outputs: int) -> NDArray:
    """Each channel as often as it has outputs."""
    return x if x.shape[-1] == outputs else np.repeat(x, outputs // x.shape[-1], axis=-1)


def _taps_of(x: NDArray, kernel: Shape, count: Shape, at: Geometry) -> list[NDArray]:
    """For each tap, the elements (N, *P, C) that it meets, one for each window."""
    view = windows(stretch(x, at.padding, at.extent(kernel, count)), kernel, count, at)
    return [view[(slice(None),) * (1 + len(count)) + tap] for tap in itertools.product(*map(range, kernel))]
