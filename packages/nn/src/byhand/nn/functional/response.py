"""Normalising by neighbours and by length: local response normalisation, vectors of length 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from byhand.tensor import Tensor, norm, op
from byhand.tensor._graph import Array
from byhand.tensor._promotion import floating, only_floating
from byhand.tensor.ops.reductions import Dim, reduced_over

__all__ = ["local_response_norm", "normalize"]


def _window_sums(x: Any, size: int, transposed: bool = False) -> Any:
    """Σ over the window of each channel, c − size//2 … c + (size − 1)//2, as a product with a band matrix of ones."""
    channels = x.shape[1]
    distance = np.arange(channels) - np.arange(channels)[:, None]
    band = ((distance >= -(size // 2)) & (distance <= (size - 1) // 2)).astype(x.dtype)
    return np.reshape(np.matmul(band.T if transposed else band, np.reshape(x, (x.shape[0], channels, -1))), x.shape)


@op(promote=floating)
def _local_response_norm(input: Array, *, size: int, alpha: float, beta: float, k: float, whole: bool = False) -> Array:
    r"""y = x s^{−β}, s = k + (α/n) W x², where the band matrix W sums over a window of n channels.

    ∂y_i/∂x_j = δ_ij s_i^{−β} − β x_i s_i^{−β−1} (α/n) W_ij 2 x_j   ⇒   x̄ = ȳ s^{−β} − (2αβ/n) x Wᵀ(ȳ x s^{−β−1})

    Of integers (`whole`, without gradients) PyTorch averages the squares in integers.
    """
    mean = _window_sums(input * input, size) / size
    scale = (np.floor(mean) if whole else mean) * alpha + k
    return input * scale**-beta


@_local_response_norm.vjp("input")
def _(g: Any, input: Any, size: int, alpha: float, beta: float, k: float) -> Any:
    scale = _window_sums(input * input, size) * (alpha / size) + k
    power = scale**-beta
    received = _window_sums(g * input * power / scale, size, transposed=True)
    return g * power - input * received * (2 * alpha * beta / size)


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    r"""y_c = x_c/(k + (α/n) Σ x²)^β, summed over a window of n = `size` channels around c:   (N, C, …) → (N, C, …).

    Krizhevsky, Sutskever and Hinton, NIPS 2012. Raises ValueError below 3 dimensions, RuntimeError for a window without channels.
    """
    if input.ndim < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {input.ndim} dimensions)")
    if size < 1:
        raise RuntimeError(f"local_response_norm: the window's size must be at least 1, but got {size}")
    if not input.numel():
        return input
    return _local_response_norm(input, size=size, alpha=alpha, beta=beta, k=k, whole=not input.is_floating_point())


def _length(x: Any, dim: Dim, eps: float) -> Any:
    """max(‖x‖₂, ε); the maximum is taken of the squares, so that the root has a slope everywhere."""
    squares = np.sum(x * x, axis=reduced_over(x, dim), keepdims=True)
    return np.sqrt(np.where(squares > eps * eps, squares, eps * eps))


@op(promote=only_floating)
def _unit(input: Array, *, dim: Dim, eps: float) -> Array:
    r"""y = x/n, n = max(‖x‖₂, ε).   ∂n/∂x = x/n = y where n > ε, else 0   ⇒   x̄ = (ȳ − y Σ ȳ y)/n, or ȳ/ε"""
    return input / _length(input, dim, eps).astype(input.dtype, copy=False)


@_unit.vjp("input")
def _(g: Any, input: Any, dim: Dim, eps: float) -> Any:
    length = _length(input, dim, eps)
    unit = input / length
    along = np.sum(g * unit, axis=reduced_over(input, dim), keepdims=True)
    return (g - unit * np.where(length > eps, along, 0)) / length


def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Tensor | None = None) -> Tensor:
    r"""y = x/max(‖x‖_p, ε), where the norm is taken over `dim`; `out` receives the result, if given."""
    result = _unit(input, dim=dim, eps=eps) if p == 2 else input / norm(input, p, dim, keepdim=True).clamp_min(eps)
    return result if out is None else out.copy_(result)
