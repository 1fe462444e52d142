"""Whether two tensors are the same, exactly or nearly."""

from __future__ import annotations

import numpy as np

from .._graph import Array
from .._op import op
from .._tensor import Tensor

__all__ = ["allclose", "equal", "isclose"]


@op
def isclose(input: Array, other: Array, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Array:
    """y = (|a − b| ≤ atol + rtol |b|), element by element; ±∞ is close to itself, nan if `equal_nan`.

    Raises RuntimeError for different dtypes or negative tolerances.
    """
    if input.dtype != other.dtype:
        raise ValueError(f"{input.dtype} did not match {other.dtype}; convert one of them with to()")
    if rtol < 0 or atol < 0:
        raise ValueError(f"rtol and atol must not be negative, but got {rtol} and {atol}")
    if input.dtype == bool:
        input, other = input.astype(np.uint8), other.astype(np.uint8)
    return np.isclose(input, other, rtol=rtol, atol=atol, equal_nan=equal_nan)


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements are close, as `isclose` says."""
    return bool(isclose(input, other, rtol, atol, equal_nan)._data.all())


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether shapes and all elements are equal; nan equals nothing. Raises RuntimeError for different dtypes."""
    if input._data.dtype != other._data.dtype:
        raise RuntimeError(
            f"Expected object of data type {input.dtype} but got data type {other.dtype} for argument 'other'; "
            "convert one of them with to()"
        )
    return bool(np.array_equal(input._data, other._data))
