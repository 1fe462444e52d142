"""Errors as a user should meet them: what was asked, with which shapes and dtypes, and what to do next.

NumPy's exceptions are turned into PyTorch's types at one place, where every forward is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def explained(error: Exception, name: str, inputs: Sequence[str], values: Sequence[Any], options: dict[str, Any]) -> Exception:
    """Return the exception to raise instead of `error`, which the forward of `name` raised."""
    given = _given(inputs, values, options)
    if isinstance(error, LinAlgError):
        return LinAlgError(f"{name}: {error}. Given {given}.")
    if isinstance(error, np.exceptions.AxisError):
        rank = error.ndim
        bounds = f"expected to be in range of [{-max(rank or 1, 1)}, {max(rank or 1, 1) - 1}], but got {error.axis}"
        return IndexError(f"{name}: Dimension out of range ({bounds}). Given {given}.")
    if isinstance(error, ShapeError):
        return RuntimeError(f"{name}: {error} Given {given}.")
    if isinstance(error, ValueError) and "empty sequence" in str(error):
        return IndexError(f"{name}: expected the reduced dimension to have non-zero size. Given {given}.")
    if isinstance(error, ValueError) and "zero-size array" in str(error):
        kind = RuntimeError if options.get("dim") is None else IndexError
        return kind(f"{name}: expected the reduced dimension to have non-zero size. Given {given}.")
    if isinstance(error, ValueError) and "broadcast" in str(error):
        return RuntimeError(f"{name}: {_mismatch([np.shape(v) for v in values if v is not None])} Given {given}.")
    if isinstance(error, IndexError):
        return IndexError(f"{name}: {error}. Given {given}.")
    if isinstance(error, np._core._exceptions.UFuncTypeError):  # type: ignore[attr-defined]
        return NotImplementedError(f"{name} is not implemented for these dtypes. Given {given}.")
    if type(error) is TypeError and "not supported for the input types" in str(error):
        return NotImplementedError(f"{name} is not implemented for these dtypes. Given {given}.")
    if type(error) is TypeError:
        return TypeError(f"{name}: {error}. Given {given}.")
    if type(error) is ValueError:
        return RuntimeError(f"{name}: {error}. Given {given}.")
    return error


class LinAlgError(RuntimeError, np.linalg.LinAlgError):
    """Raised where a matrix has no inverse, no factor, or no decomposition that converges: PyTorch's error and NumPy's."""


class ShapeError(ValueError):
    """Raised inside a forward when shapes do not fit; the message is a full sentence. Users see a RuntimeError."""


def _given(inputs: Sequence[str], values: Sequence[Any], options: dict[str, Any]) -> str:
    """`input (2, 3) float32, other (4,) int64, dim=1`"""
    names = [*inputs, *([inputs[-1]] * (len(values) - len(inputs)))]
    parts = [
        f"{name} {value.shape} {value.dtype}" if isinstance(value, np.ndarray) else f"{name} {value!r}"
        for name, value in zip(names, values, strict=False)
    ]
    parts += [f"{name}={value!r}" for name, value in options.items() if not isinstance(value, np.ndarray)]
    return ", ".join(parts) or "nothing"


def _mismatch(shapes: list[tuple[int, ...]]) -> str:
    """PyTorch's sentence about the first dimension, from the right, at which shapes do not broadcast."""
    rank = max(map(len, shapes), default=0)
    for dim in range(rank - 1, -1, -1):
        sizes = [shape[dim - rank + len(shape)] for shape in shapes if dim - rank + len(shape) >= 0]
        real = [size for size in sizes if size != 1]
        if len(set(real)) > 1:
            a, b = real[0], next(size for size in real if size != real[0])
            return (
                f"The size of tensor a ({a}) must match the size of tensor b ({b}) at non-singleton dimension {dim}; "
                "reshape or unsqueeze one of them."
            )
    return "the shapes do not broadcast."
