"""How far apart, or how alike in direction, vectors are."""

from __future__ import annotations

from typing import Any

import numpy as np
from byhand.tensor import Tensor, linalg, op
from byhand.tensor._graph import Array
from byhand.tensor._promotion import only_floating
from byhand.tensor._tensor import wrap

__all__ = ["cosine_similarity", "pairwise_distance", "pdist"]


def _length(x: Any, dim: int) -> tuple[Any, Any]:
    """‖x‖ and its slope x/‖x‖, both 0 where x = 0, without the infinite slope of the root there."""
    squares = np.sum(x * x, axis=dim, keepdims=True)
    root = np.sqrt(np.where(squares > 0, squares, 1.0))
    return np.where(squares > 0, root, 0.0), np.where(squares > 0, x / root, 0.0)


@op(promote=only_floating, outputs=("out", "short1", "short2"), public=1)
def _cosine_similarity(x1: Array, x2: Array, *, dim: int, eps: float) -> tuple[Array, Array, Array]:
    r"""y = Σ â b̂, â = a/n_a, n_a = max(‖a‖, ε).   ∂n_a/∂a = a/‖a‖   ⇒   ā = ȳ (b̂ − y a/‖a‖)/n_a, and the same for b

    As in PyTorch, what a length is short of ε counts as a constant: n_a has the slope of ‖a‖ there too.
    """
    x1, x2 = np.broadcast_arrays(x1, x2)
    lengths = [np.sqrt(np.sum(x * x, axis=dim, keepdims=True)) for x in (x1, x2)]
    shorts = [np.maximum(eps - length, 0).astype(x1.dtype) for length in lengths]
    products = (x1 / (lengths[0] + shorts[0])) * (x2 / (lengths[1] + shorts[1]))
    return np.sum(products, axis=dim), *shorts


@_cosine_similarity.vjp("x1", "x2")
def _(g: Any, x1: Any, x2: Any, short1: Any, short2: Any, dim: int) -> tuple[Any, Any]:
    shape = np.broadcast_shapes(tuple(x1.shape), tuple(x2.shape))
    x1, x2 = np.broadcast_to(x1, shape), np.broadcast_to(x2, shape)
    (length1, slope1), (length2, slope2) = _length(x1, dim), _length(x2, dim)
    n1, n2 = length1 + short1, length2 + short2
    a, b = x1 / n1, x2 / n2
    y = np.sum(a * b, axis=dim, keepdims=True)
    if shape:
        g = np.expand_dims(g, dim)
    return g * (b - y * slope1) / n1, g * (a - y * slope2) / n2


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    r"""y = Σ a b/(max(‖a‖, ε) max(‖b‖, ε)), summed over `dim` of the inputs, which are broadcast.

    Raises RuntimeError for shapes that do not broadcast and for integers, IndexError for a dimension that is not there.
    """
    return _cosine_similarity(x1, x2, dim=dim, eps=eps)


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    r"""(Σ_i |a_i − b_i + ε|^p)^{1/p} over the last dimension:   (*, D), (*, D) → (*).

    ε keeps the root's derivative finite where both are equal. Raises RuntimeError for shapes that do not broadcast.
    """
    return linalg.vector_norm(x1 - x2 + eps, p, -1, keepdim)


def pdist(input: Tensor, p: float = 2) -> Tensor:
    r"""y = ‖x_i − x_j‖_p for all pairs of rows i < j, in the order (0, 1), (0, 2), …, (1, 2), …:   (N, M) → (N (N − 1)/2).

    Raises RuntimeError unless the input has two dimensions and is floating, and for a negative p.
    """
    if input.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.ndim}D, shape {tuple(input.shape)}")
    if not input.is_floating_point():
        raise RuntimeError(f"pdist only supports floating-point dtypes, got {input.dtype}; convert with float()")
    if p < 0:
        raise RuntimeError(f"pdist only supports non-negative p values, got {p}")
    first, second = np.triu_indices(input.shape[0], 1)
    return linalg.vector_norm(input[wrap(first)] - input[wrap(second)], p, -1)
