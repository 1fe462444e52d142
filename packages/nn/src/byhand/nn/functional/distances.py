"""How far, or how much in one direction, two vectors are: pairwise_distance and cosine_similarity."""

from __future__ import annotations

from byhand.tensor import Tensor, linalg, no_grad

__all__ = ["cosine_similarity", "pairwise_distance"]


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    r"""(Σ_i |a_i − b_i + ε|^p)^{1/p} over the last dimension:   (*, D), (*, D) → (*).

    ε keeps the root's derivative finite where both are equal. Raises RuntimeError for shapes that do not broadcast.
    """
    return linalg.vector_norm(x1 - x2 + eps, p, -1, keepdim)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    r"""Σ_i a_i b_i/(‖a‖ ‖b‖) along `dim`, the norms counted as at least ε; the gradient does not see the ε.

    Raises RuntimeError for shapes that do not broadcast.
    """
    products = x1 * x2
    units = [x.expand(products.shape).to(products.dtype) for x in (x1, x2)]
    return (_unit(units[0], dim, eps) * _unit(units[1], dim, eps)).sum(dim)  # type: ignore[no-any-return]


def _unit(x: Tensor, dim: int, eps: float) -> Tensor:
    norm = linalg.vector_norm(x, 2, dim, True)
    with no_grad():
        short = norm.clamp(min=eps) - norm
    return x / (norm + short)  # type: ignore[no-any-return]
