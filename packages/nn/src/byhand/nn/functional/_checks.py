"""What several functional forms check of their arguments."""

from __future__ import annotations

from typing import Any

from byhand.tensor import Tensor

__all__ = ["alike", "check_of_channels", "check_probability"]


def alike(args: list[Any], _: dict[str, Any]) -> list[Any]:
    """A promotion that does not promote: all inputs must have one dtype, as in PyTorch's products and layers."""
    dtypes = [a.dtype for a in args if hasattr(a, "dtype")]
    if len(set(dtypes)) > 1:
        raise RuntimeError(f"expected the same dtype for all, but found {' and '.join(map(str, dtypes))}; convert with to(dtype)")
    return args


def check_of_channels(channels: int, **given: Tensor | None) -> None:
    """Raise RuntimeError unless each tensor given holds one number for each channel."""
    for name, tensor in given.items():
        if tensor is not None and tensor.shape != (channels,):
            raise RuntimeError(f"{name} should contain {channels} elements, one for each channel, not {tuple(tensor.shape)}")


def check_probability(p: float) -> None:
    """Raise ValueError unless 0 ≤ p ≤ 1."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
