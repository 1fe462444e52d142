"""Element types and PyTorch's rules for mixing them.

A dtype is NumPy's own (`float32 == np.dtype("float32")`), under PyTorch's names. What differs from NumPy is promotion:
Python numbers and 0-d tensors are *weak*: they decide the category of the result (bool < integer < floating < complex)
but not its width, and an integer that must become floating becomes the default dtype, not float64.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import Any

import numpy as np

__all__ = [
    "bool_", "channels_last", "channels_last_3d", "complex128", "complex64", "contiguous_format", "double", "float16",
    "float32", "float64", "get_default_dtype", "half", "int16", "int32", "int64", "int8", "long", "preserve_format",
    "set_default_dtype", "short", "uint8",
]  # fmt: skip

DType = np.dtype[Any]

float16 = half = np.dtype("float16")
float32 = np.dtype("float32")
float64 = double = np.dtype("float64")
complex64 = np.dtype("complex64")
complex128 = np.dtype("complex128")
uint8 = np.dtype("uint8")
int8 = np.dtype("int8")
int16 = short = np.dtype("int16")
int32 = np.dtype("int32")
int64 = long = np.dtype("int64")
bool_ = np.dtype("bool")

# How a tensor may lie in memory: see `clone`.
preserve_format = "preserve"
contiguous_format = "contiguous"
channels_last = "channels_last"
channels_last_3d = "channels_last_3d"

FLOATING = frozenset({float16, float32, float64})
_PYTHON = {builtins.bool: bool_, builtins.int: int64}
_CATEGORY = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}

_default = float32


def get_default_dtype() -> DType:
    """Return the dtype that Python floats become; float32 unless `set_default_dtype` changed it."""
    return _default


def set_default_dtype(dtype: Any) -> None:
    """Set the dtype that Python floats become. Raises TypeError unless `dtype` is floating."""
    global _default
    wanted = as_dtype(dtype)
    if wanted not in FLOATING:
        raise TypeError(f"set_default_dtype: only floating dtypes can be the default, got {wanted}; use float32 or float64")
    _default = wanted


def as_dtype(dtype: Any) -> DType:
    """Return `dtype` as one of the dtypes above; Python's `float` means the default dtype, as in PyTorch."""
    if dtype is builtins.float:
        return _default
    if dtype is builtins.complex:
        return complex64 if _default != float64 else complex128
    if dtype in _PYTHON:
        return _PYTHON[dtype]
    found: DType = np.dtype(dtype)
    return found


def category(dtype: DType) -> int:
    """Return 0 for bool, 1 for integers, 2 for floating, 3 for complex. Raises TypeError for anything else."""
    try:
        return _CATEGORY[dtype.kind]
    except KeyError:
        raise TypeError(f"a tensor holds bool, integer, floating or complex numbers, not {dtype}") from None


def number_dtype(number: Any) -> DType:
    """Return the dtype that a Python number takes when nothing else decides."""
    if isinstance(number, builtins.bool):
        return bool_
    if isinstance(number, builtins.int):
        return int64
    return as_dtype(builtins.complex) if isinstance(number, builtins.complex) else _default


def promoted(full: Iterable[DType], zero_dim: Iterable[DType], numbers: Iterable[Any]) -> DType:
    """Return the dtype in which tensors, 0-d tensors and Python numbers meet.

    The strongest group decides; a weaker group has a say only where its category is higher
    (https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc).
    """
    result: DType | None = None
    for group in (full, zero_dim, map(number_dtype, numbers)):
        candidate: DType | None = None
        for dtype in group:
            candidate = dtype if candidate is None else np.promote_types(_meet(candidate, dtype), _meet(dtype, candidate))
        if candidate is not None and (result is None or category(candidate) > category(result)):
            result = candidate
    assert result is not None, "promoted() needs at least one operand"
    return result


def _meet(dtype: DType, other: DType) -> DType:
    """An integer does not widen a floating partner: int64 with float32 is float32 (NumPy says float64)."""
    return other if category(dtype) < 2 <= category(other) else dtype
