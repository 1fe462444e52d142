"""W8 by hand: in blocks that stay in the cache, each with everything that is to be done to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..workloads.large import COLUMNS, ROWS
from ..workloads.weights import generator
from .gelu import gelu_and_slope

Array = np.ndarray[Any, Any]
BLOCK = 64  # rows: 256 KB of each array


def _given(*shapes: tuple[int, int]) -> list[Array]:
    rng = generator()
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def matmul() -> Callable[[], float]:
    """y = a b;   ā = ȳ bᵀ,   b̄ = aᵀ ȳ"""
    a, b, g = _given(*[(2048, 2048)] * 3)
    y, a_bar, b_bar = np.empty_like(a), np.empty_like(a), np.empty_like(a)

    def step() -> float:
        np.matmul(a, b, out=y)
        np.matmul(g, b.T, out=a_bar)
        np.matmul(a.T, g, out=b_bar)
        return float(a_bar[0, 0])

    return step


def _blocks() -> Iterator[slice]:
    for i in range(0, ROWS, BLOCK):
        yield slice(i, min(i + BLOCK, ROWS))


def gelu() -> Callable[[], float]:
    """y = x Φ(x);   x̄ = ȳ (Φ + x φ)"""
    x, g = _given(*[(ROWS, COLUMNS)] * 2)
    y, slope, x_bar = np.empty_like(x), np.empty_like(x), np.empty_like(x)

    def step() -> float:
        gelu_and_slope(x.reshape(-1), y.reshape(-1), slope.reshape(-1))
        for block in _blocks():
            np.multiply(g[block], slope[block], out=x_bar[block])
        return float(x_bar[0, 0])

    return step


def softmax() -> Callable[[], float]:
    """y = e^{x − m}/z;   x̄ = y (ȳ − Σ ȳ y)"""
    x, g = _given(*[(ROWS, COLUMNS)] * 2)
    y, x_bar, ones = np.empty_like(x), np.empty_like(x), np.ones(COLUMNS, np.float32)

    def step() -> float:
        for block in _blocks():
            out, given = y[block], x[block]
            np.subtract(given, given.max(axis=1, keepdims=True), out=out)
            np.exp(out, out=out)
            out *= (1 / (out @ ones))[:, None]
        for block in _blocks():
            out, back = y[block], x_bar[block]
            np.subtract(g[block], np.vecdot(g[block], out)[:, None], out=back)
            back *= out
        return float(x_bar[0, 0])

    return step


def layer_norm() -> Callable[[], float]:
    """y = w x̂ + b;   x̄ = r (w ȳ − mean(w ȳ) − x̂ mean(w ȳ x̂)),   w̄ = Σ ȳ x̂,   b̄ = Σ ȳ"""
    x, g = _given(*[(ROWS, COLUMNS)] * 2)
    w, b = np.ones(COLUMNS, np.float32), np.zeros(COLUMNS, np.float32)
    y, x_bar, share = np.empty_like(x), np.empty_like(x), np.full(COLUMNS, 1 / COLUMNS, np.float32)
    mean, rstd = np.empty((ROWS, 1), np.float32), np.empty((ROWS, 1), np.float32)
    normal, scaled = np.empty((2, BLOCK, COLUMNS), np.float32)
    ones = np.ones(BLOCK, np.float32)

    def step() -> float:
        for block in _blocks():
            given, out, m, r = x[block], y[block], mean[block], rstd[block]
            np.matmul(given, share, out=m[:, 0])
            np.subtract(given, m, out=out)
            r[:, 0] = 1 / np.sqrt(np.vecdot(out, out) / COLUMNS + 1e-5)
            out *= r
            out *= w
            out += b
        w_bar, b_bar = np.zeros_like(w), np.zeros_like(b)
        for block in _blocks():
            rows = block.stop - block.start
            h, s, up, back = normal[:rows], scaled[:rows], g[block], x_bar[block]
            np.subtract(x[block], mean[block], out=h)
            h *= rstd[block]
            b_bar += ones[:rows] @ up
            w_bar += np.einsum("ij,ij->j", up, h)
            np.multiply(up, w, out=s)
            h *= np.vecdot(s, h)[:, None] / COLUMNS
            np.subtract(s, (s @ share)[:, None], out=back)
            back -= h
            back *= rstd[block]
        return float(x_bar[0, 0])

    return step
