"""Ready-made parametrisations: orthogonal matrices, spectral and weight normalisation."""

from __future__ import annotations

from typing import Any, TypeVar

from byhand.tensor import Tensor, dot, mv, no_grad, randn

from ..functional import normalize
from ..modules.convolution import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from ..modules.module import Module
from ._orthogonal import MAPS, _Orthogonal
from .parametrize import register_parametrization
from .weight_norm import norm_except

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


def orthogonal(
    module: M, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> M:
    """Keep a matrix, or each of a batch, orthogonal: QᵀQ = 1 if it is tall, QQᵀ = 1 if it is wide. Return the module.

    It starts from the tensor that is there, made orthogonal by a QR decomposition if need be; but from Q = 1 where that
    cannot be had: for "matrix_exp" and "cayley" without trivialisation the tensor is the X that is mapped.

    Args:
        module: whose tensor it is.
        name: its name.
        orthogonal_map: "matrix_exp", "cayley" or "householder": see `_Orthogonal`. If None, the first for square matrices
            and the last for others.
        use_trivialization: map around a `base`, which is kept in the state and which assigning to the tensor moves.

    Raises ValueError if there is no such tensor, it has fewer than two dimensions, or there is no such map.
    """
    weight = _tensor(module, name)
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.shape[-2] == weight.shape[-1] else "householder"
    if orthogonal_map not in MAPS:
        raise ValueError(
            f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}'
        )
    parametrization = _Orthogonal(weight, orthogonal_map, use_trivialization=use_trivialization)
    return register_parametrization(module, name, parametrization, unsafe=True)


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Replace a tensor w by g and v with w = g v/‖v‖; return the module.

    g is `parametrizations.<name>.original0`, v is `original1`. States of the older `nn.utils.weight_norm`, with `<name>_g` and
    `<name>_v`, are loaded too. Salimans and Kingma, arXiv:1602.07868, equation 2.

    Args:
        module: whose tensor it is.
        name: its name.
        dim: each slice along it has a length of its own; None: one length for all.

    Raises ValueError if there is no such tensor.
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename(_: Module, state: dict[str, Any], prefix: str, *__: Any) -> None:
        old = [f"{prefix}{name}_g", f"{prefix}{name}_v"]
        if all(key in state for key in old):
            for i, key in enumerate(old):
                state[f"{prefix}parametrizations.{name}.original{i}"] = state.pop(key)

    module.register_load_state_dict_pre_hook(rename)
    return module


class _WeightNorm(Module):
    """g, v ↦ g v/‖v‖"""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        """Return the weight."""
        return weight_v * (weight_g / norm_except(weight_v, self.dim))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return g and v."""
        return norm_except(weight, self.dim), weight


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> M:
    """Divide a tensor by its spectral norm, the largest singular value; return the module. A vector is divided by its length.

    Miyato, Kataoka, Koyama and Yoshida, arXiv:1802.05957, algorithm 1.

    Args:
        module: whose tensor it is.
        name: its name.
        n_power_iterations: steps of power iteration each time the tensor is asked for in training mode.
        eps: the least length by which is divided.
        dim: the dimension of the outputs: 0, but 1 for transposed convolutions.

    Raises ValueError if there is no such tensor or `n_power_iterations` is not positive, IndexError for a `dim` out of range.
    """
    weight = _tensor(module, name)
    if dim is None:
        dim = 1 if isinstance(module, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)) else 0
    return register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))


class _SpectralNorm(Module):
    """w ↦ w/σ, σ = uᵀ W v, where W is w as a matrix and u, v approach its first singular vectors:

    u ← W v/‖W v‖,  v ← Wᵀ u/‖Wᵀ u‖
    """

    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        if not -weight.ndim <= dim < weight.ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{weight.ndim}, {weight.ndim - 1}] but got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}")
        self.dim = dim % weight.ndim
        self.eps = eps
        if weight.ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._as_matrix(weight)
            for name, size in zip(("_u", "_v"), matrix.shape, strict=True):
                self.register_buffer(name, normalize(randn(size, dtype=weight.dtype), dim=0, eps=eps))
            self._iterate(matrix, 15)

    def _as_matrix(self, weight: Tensor) -> Tensor:
        """The weight with `dim` as rows and everything else as columns."""
        return weight.movedim(self.dim, 0).flatten(1)  # type: ignore[no-any-return]

    @no_grad()
    def _iterate(self, matrix: Tensor, count: int) -> None:
        for _ in range(count):
            self._u.copy_(normalize(mv(matrix, self._v), dim=0, eps=self.eps))
            self._v.copy_(normalize(mv(matrix.mT, self._u), dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the divided weight; in training mode, after `n_power_iterations` steps."""
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = self._as_matrix(weight)
        if self.training:
            self._iterate(matrix, self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()  # the next step changes them, perhaps before this one's backward pass
        return weight / dot(u, mv(matrix, v))

    def right_inverse(self, value: Tensor) -> Tensor:
        """Return the value: what is already normalised stays."""
        return value


def _tensor(module: Module, name: str) -> Tensor:
    """Return a parameter, buffer or parametrised tensor. Raises ValueError if there is none."""
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return weight
