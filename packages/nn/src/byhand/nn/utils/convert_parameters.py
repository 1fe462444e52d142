"""All parameters of a model as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from byhand.tensor import Tensor, cat

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Return all elements of all parameters, one parameter behind the other, as one vector (N,), in the graph too."""
    return cat([parameter.reshape(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Let each parameter hold its part of the vector: the way back from `parameters_to_vector`.

    As in PyTorch the parameters become views of the vector's memory. Raises TypeError if `vec` is no tensor, RuntimeError
    if it is too short, before anything is changed.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    several = list(parameters)
    needed = sum(parameter.numel() for parameter in several)
    if vec.numel() < needed:
        raise RuntimeError(f"vector_to_parameters: the vector has {vec.numel()} elements, the parameters {needed}")
    start = 0
    for parameter in several:
        end = start + parameter.numel()
        parameter.data = vec[start:end].view(tuple(parameter.shape)).data
        start = end
