"""Spectral normalisation: a weight divided by its largest singular value, which is followed by power iteration."""

from __future__ import annotations

from typing import TypeVar

from byhand.tensor import Tensor, dot, mv, no_grad, randn

from ..functional import normalize
from ..modules.convolution import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from ..modules.module import Module
from ..parameter import Parameter
from ._recomputed import Recomputed, refuse_twice, withdraw

__all__ = ["remove_spectral_norm", "spectral_norm"]

M = TypeVar("M", bound=Module)


class SpectralNorm(Recomputed):
    r"""w = w₀/σ, σ = uᵀ W₀ v, where W₀ is w₀ as a matrix and u, v approach its first singular vectors:

        v ← W₀ᵀ u/‖W₀ᵀ u‖,   u ← W₀ v/‖W₀ v‖     `n_power_iterations` times before each forward pass in training
    """

    label = "spectral_norm"

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        super().__init__(name)
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.n_power_iterations = n_power_iterations
        self.dim = dim
        self.eps = eps

    def as_matrix(self, weight: Tensor) -> Tensor:
        """The weight with `dim` as rows and everything else as columns."""
        return weight.movedim(self.dim, 0).reshape(weight.shape[self.dim], -1)  # type: ignore[no-any-return]

    def compute_weight(self, module: Module, training: bool) -> Tensor:
        """Return w₀/σ, after a step of power iteration in training."""
        weight, u, v = (getattr(module, f"{self.name}_{part}") for part in ("orig", "u", "v"))
        matrix = self.as_matrix(weight)
        if training:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(normalize(mv(matrix.t(), u), dim=0, eps=self.eps))
                    u.copy_(normalize(mv(matrix, v), dim=0, eps=self.eps))
            u, v = u.clone(), v.clone()  # the next step changes them, perhaps before this one's backward pass
        return weight / dot(u, mv(matrix, v))  # type: ignore[no-any-return]

    def begin(self, module: Module, weight: Parameter) -> None:
        """Put w₀, and random u and v, in the place of the weight."""
        rows, columns = self.as_matrix(weight).shape
        delattr(module, self.name)
        module.register_parameter(f"{self.name}_orig", weight)
        setattr(module, self.name, weight.data)
        for part, size in (("u", rows), ("v", columns)):
            start = normalize(randn(size, dtype=weight.dtype), dim=0, eps=self.eps)
            module.register_buffer(f"{self.name}_{part}", start)


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> M:
    """Divide a parameter by its spectral norm, the largest singular value σ, before each forward pass; return the module.

    Args:
        name: which parameter; it becomes `<name>_orig`, beside the buffers `<name>_u` and `<name>_v`.
        n_power_iterations: steps towards σ before each forward pass in training.
        eps: the least length by which u and v are divided.
        dim: the dimension of the outputs: 0, but 1 for transposed convolutions.

    Miyato, Kataoka, Koyama and Yoshida, arXiv:1802.05957, algorithm 1. Raises RuntimeError if it is on already, KeyError if there
    is no such parameter, ValueError if it is None or `n_power_iterations` is not positive.
    """
    if dim is None:
        dim = 1 if isinstance(module, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)) else 0
    hook = SpectralNorm(name, n_power_iterations, dim, eps)
    refuse_twice(module, hook)
    weight = module._parameters[name]
    if weight is None:
        raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
    hook.begin(module, weight)
    module.register_forward_pre_hook(hook)
    return module


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Make the divided weight an ordinary parameter; return the module. Raises ValueError if it is not on."""
    with no_grad():
        weight = withdraw(module, SpectralNorm, name).compute_weight(module, training=False)
    for gone in (name, *[f"{name}_{part}" for part in ("u", "v", "orig")]):
        delattr(module, gone)
    module.register_parameter(name, Parameter(weight.detach()))
    return module
