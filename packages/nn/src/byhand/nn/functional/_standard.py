"""Standardising, x̂ = (x − μ) r with r = 1/√(σ² + ε), and its derivatives: what all normalisations have in common.

μ and σ² are mean and variance of the d numbers that are standardised together; of RMS normalisation, μ = 0. With

    ∂μ/∂x_j = 1/d,   ∂σ²/∂x_j = 2 (x_j − μ)/d,   hence   ∂r/∂x_j = −½ r³ ∂σ²/∂x_j = −r² x̂_j/d

the Jacobian is symmetric, J_ij = ∂x̂_i/∂x_j = r (δ_ij − 1/d − x̂_i x̂_j/d), and so a gradient a of x̂ becomes, for x,

    J a = r (a − ⟨a⟩ − x̂ ⟨a x̂⟩),   where ⟨·⟩ is the mean over the d numbers (without the term ⟨a⟩ where μ = 0).

J depends on x itself. For second derivatives, uᵀJa is differentiated once more, through r, x̂ and x̂ again:

    ∂(uᵀJa)/∂x = −r (x̂ ⟨u ⊙ Ja⟩ + Ju ⟨a x̂⟩ + Ja ⟨u x̂⟩)

Everything here is plain NumPy, for arrays and for tensors. The kernels that run in an ordinary pass stand beside their ops.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Standard", "pulled_twice", "standardised"]

class Standard(NamedTuple):
    """Standardised numbers, and what is needed to differentiate them."""

    normal: Any  # x̂
    rstd: Any  # r
    over: tuple[int, ...]
    centred: bool

    def mean(self, a: Any) -> Any:
        """⟨a⟩"""
        count = math.prod([a.shape[d] for d in self.over])
        return np.sum(a, axis=self.over, keepdims=True) / max(count, 1)

    def pulled(self, a: Any) -> Any:
        """J a"""
        without_mean = a - self.mean(a) if self.centred else a
        return self.rstd * (without_mean - self.normal * self.mean(a * self.normal))


def standardised(x: Any, over: tuple[int, ...], eps: float, centred: bool = True) -> Standard:
    """Standardise over the dimensions `over`."""
    unscaled = Standard(x, 1.0, over, centred)
    centre = x - unscaled.mean(x) if centred else x
    rstd = 1 / np.sqrt(unscaled.mean(centre * centre) + eps)
    return Standard(centre * rstd, rstd, over, centred)


def pulled_twice(u: Any, v: Any, z: Any, g: Any, weight: Any, x: Standard, beside: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """The gradients of g, x and w, given those of x̄ = J(w ȳ) (u), w̄ = Σ ȳ x̂ (v) and b̄ = Σ ȳ (z), with ȳ = g.

    The sums run over the dimensions `beside`, along which the weight is repeated; v and z have its shape.
    """
    a = g if weight is None else g * weight
    pulled_u, pulled_a = x.pulled(u), x.pulled(a)
    of_g = (pulled_u if weight is None else weight * pulled_u) + v * x.normal + z
    bent = x.normal * x.mean(u * pulled_a) + pulled_u * x.mean(a * x.normal) + pulled_a * x.mean(u * x.normal)
    of_x = x.pulled(v * g) - x.rstd * bent
    return of_g, of_x, None if weight is None else np.sum(g * pulled_u, axis=beside, keepdims=True)
