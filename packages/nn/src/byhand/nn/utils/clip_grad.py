"""Clipping gradients: by the norm of all of them together, or each element by itself."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from types import GeneratorType

from byhand.tensor import Tensor, no_grad, stack, tensor
from byhand.tensor.linalg import vector_norm

__all__ = ["clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]

Tensors = Tensor | Iterable[Tensor]


@no_grad()
def get_total_norm(tensors: Tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False) -> Tensor:
    """Return ‖(x₁, x₂, …)‖_p, the p-norm of all elements of all tensors as one vector; p = `norm_type`, which may be inf.

    Raises RuntimeError if it is infinite or nan and `error_if_nonfinite`.
    """
    several = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    norm_type = float(norm_type)
    if not several:
        return tensor(0.0)
    total = vector_norm(stack([vector_norm(x, norm_type).to(several[0].dtype) for x in several]), norm_type)
    if error_if_nonfinite and not total.isfinite():
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be clipped. To "
            "disable this error and scale the gradients by the non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total


@no_grad()
def clip_grads_with_norm_(parameters: Tensors, max_norm: float, total_norm: Tensor) -> None:
    """Multiply all gradients in place by min(1, max_norm/(total_norm + 10⁻⁶)): by no more than is needed, and never up."""
    factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
    for gradient in _gradients(parameters):
        gradient.mul_(factor.to(gradient.dtype))


def clip_grad_norm_(
    parameters: Tensors, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """Scale all gradients in place so that their common p-norm is at most `max_norm`; return the norm they had.

    Pascanu, Mikolov and Bengio, *On the difficulty of training recurrent neural networks*, arXiv:1211.5063, algorithm 1.
    Parameters without a gradient count for nothing. Raises RuntimeError as `get_total_norm`, before anything is changed.
    """
    several = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if isinstance(parameters, GeneratorType) and not several:
        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2)
    total = get_total_norm(_gradients(several), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(several, max_norm, total)
    return total


@no_grad()
def clip_grad_value_(parameters: Tensors, clip_value: float) -> None:
    """Bring each element of each gradient into [−clip_value, clip_value], in place."""
    for gradient in _gradients(parameters):
        gradient.clamp_(min=-float(clip_value), max=float(clip_value))


def _gradients(parameters: Tensors) -> list[Tensor]:
    several = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad for p in several if p.grad is not None]
