"""What convolutions check of their arguments before anything is computed, in PyTorch's order and with its error types."""

from __future__ import annotations

from typing import Any

from byhand.tensor import Tensor
from byhand.tensor._dtypes import bool_
from byhand.tensor._graph import Shape

from ._patches import Geometry


def expanded(name: str, value: Any, rank: int) -> Shape:
    """One number for each of `rank` dimensions. Raises TypeError for what is not integers, RuntimeError for too many or few."""
    given = (value,) if isinstance(value, int) else value
    if not isinstance(given, list | tuple) or any(isinstance(v, bool) or not isinstance(v, int) for v in given):
        raise TypeError(f"{name} must be an int or {rank} of them, not {value!r}")
    if len(given) not in (1, rank):
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {rank} values to match the convolution dimensions, "
            f"but got {name}={list(given)}"
        )
    return tuple(given) * (rank // len(given))


def times(sizes: Shape) -> str:
    """`(3 x 5)`"""
    return f"({' x '.join(map(str, sizes))})"


def as_batch(name: str, rank: int, input: Tensor, weight: Tensor) -> Tensor:
    """The input with a dimension for the samples. Raises TypeError for what is no tensor, RuntimeError for a wrong rank."""
    for role, given in (("input", input), ("weight", weight)):
        if not isinstance(given, Tensor):
            raise TypeError(f"{name}(): {role} must be Tensor, not {type(given).__name__}")
    if input.dtype == bool_:
        raise NotImplementedError(f"{name} is not implemented for bool; convert with float() first")
    if input.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to {name}, "
            f"but got input of size: {list(input.shape)}"
        )
    if weight.ndim != rank + 2:
        raise RuntimeError(
            f"Expected a {rank + 2}-dimensional weight for {name}, but got a weight of size {list(weight.shape)}"
        )
    return input if input.ndim == rank + 2 else input.unsqueeze(0)


def check_geometry(at: Geometry) -> None:
    """Raise RuntimeError unless groups, strides and dilations are positive, and paddings not negative."""
    if at.groups < 1:
        raise RuntimeError(f"non-positive groups is not supported, but got groups={at.groups}")
    if min(at.padding) < 0:
        raise RuntimeError(f"negative padding is not supported, but got padding={at.padding}; narrow() the input instead")
    if min(at.stride) < 1:
        raise RuntimeError(f"non-positive stride is not supported, but got stride={at.stride}")
    if min(at.dilation) < 1:
        raise RuntimeError(f"dilation should be greater than zero, but got dilation={at.dilation}")


def check_weight(batch: Tensor, weight: Tensor, bias: Tensor | None, groups: int, *, transposed: bool) -> None:
    """Raise RuntimeError unless the groups divide the weight, and channels and bias fit it."""
    shape = list(weight.shape)
    if shape[0] < groups or shape[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of size {shape}"
        )
    channels, outputs = (shape[0], shape[1] * groups) if transposed else (shape[1] * groups, shape[0])
    if batch.shape[1] != channels:
        raise RuntimeError(
            f"Given {'transposed=1' if transposed else f'groups={groups}'}, weight of size {shape}, expected "
            f"input{list(batch.shape)} to have {channels} channels, but got {batch.shape[1]} channels instead"
        )
    if bias is not None and bias.shape != (outputs,):
        raise RuntimeError(
            f"Given weight of size {shape}, expected bias to be 1-dimensional with {outputs} elements, "
            f"but got bias of size {list(bias.shape)} instead"
        )
    if not all(batch.shape[2:]) or not all(shape[2:]):
        raise RuntimeError(f"input and kernel need a size above 0 in each dimension, but got {list(batch.shape)} and {shape}")


def check_output_padding(more: Shape, at: Geometry) -> None:
    """Raise RuntimeError unless each output padding is smaller than the stride or the dilation, and not negative."""
    if min(more) < 0:
        raise RuntimeError(f"negative output_padding is not supported, but got output_padding={more}")
    if any([m >= max(s, d) for m, s, d in zip(more, at.stride, at.dilation, strict=True)]):
        raise RuntimeError(
            "output padding must be smaller than either stride or dilation, but got "
            f"output_padding={more}, stride={at.stride}, dilation={at.dilation}"
        )
