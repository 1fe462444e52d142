"""What the files of `linalg` share: transposing, checking, and calling LAPACK."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._errors import LinAlgError, ShapeError
from .._graph import Array


def transposed(a: Array) -> Array:
    """Each matrix of a batch transposed."""
    return np.swapaxes(a, -1, -2)


def matrices(a: Array) -> Array:
    """The input, once it is sure that it is a batch of floating matrices."""
    if a.ndim < 2:
        raise ShapeError(f"The input tensor A must have at least 2 dimensions, but its shape is {a.shape}.")
    return floating(a)


def square(a: Array) -> Array:
    """The input, once it is sure that it is a batch of square floating matrices."""
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"A must be batches of square matrices, but its shape is {a.shape}.")
    return floating(a)


def floating(a: Array) -> Array:
    """The input, once it is sure that it is floating."""
    if a.dtype.kind != "f":
        raise ShapeError(f"expected a floating point tensor, but got {a.dtype}; call float() first.")
    return a


def lapack(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call one of NumPy's LAPACK routines; what it raises is raised as our own LinAlgError, which is also a RuntimeError."""
    try:
        return function(*args, **kwargs)
    except np.linalg.LinAlgError as error:
        raise LinAlgError(str(error)) from None
