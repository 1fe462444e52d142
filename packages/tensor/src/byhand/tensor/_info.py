"""Questions about dtypes and tensors: limits, promotion, kinds."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._dtypes import DType, as_dtype, category, get_default_dtype, number_dtype, promoted
from ._tensor import Tensor

__all__ = [
    "can_cast", "finfo", "iinfo", "is_nonzero", "is_same_size", "is_signed", "is_tensor", "promote_types", "result_type",
]  # fmt: skip


class finfo:
    """The limits of a floating dtype: bits, eps, max, min, tiny (also smallest_normal), resolution."""

    def __init__(self, dtype: Any = None) -> None:
        wanted = get_default_dtype() if dtype is None else as_dtype(dtype)
        if wanted.kind != "f":
            raise TypeError(f"torch.finfo() requires a floating point input type. Use iinfo to handle {wanted}")
        limits = np.finfo(wanted)
        self.bits = int(limits.bits)
        self.dtype = wanted.name
        self.eps, self.max, self.min = float(limits.eps), float(limits.max), float(limits.min)
        self.resolution, self.smallest_normal, self.tiny = (
            10.0**-limits.precision, float(limits.smallest_normal), float(limits.tiny),
        )  # fmt: skip

    def __repr__(self) -> str:
        return (f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
                f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})")  # fmt: skip


class iinfo:
    """The limits of an integer dtype: bits, max, min."""

    def __init__(self, dtype: Any) -> None:
        wanted = as_dtype(dtype)
        if wanted.kind not in "iu":
            raise TypeError(f"torch.iinfo() requires an integer input type. Use finfo to handle {wanted}")
        limits = np.iinfo(wanted)
        self.bits = int(limits.bits)
        self.dtype = wanted.name
        self.max, self.min = int(limits.max), int(limits.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


def promote_types(type1: Any, type2: Any) -> DType:
    """Return the dtype in which tensors of two dtypes meet."""
    return promoted([as_dtype(type1), as_dtype(type2)], [], [])


def result_type(tensor1: Any, tensor2: Any) -> DType:
    """Return the dtype of an operation on two tensors or Python numbers; numbers and 0-d tensors decide the category only."""
    tensors = [t._data for t in (tensor1, tensor2) if isinstance(t, Tensor)]
    numbers = [t for t in (tensor1, tensor2) if not isinstance(t, Tensor)]
    if not tensors:
        return promoted([number_dtype(n) for n in numbers], [], [])
    return promoted([a.dtype for a in tensors if a.ndim], [a.dtype for a in tensors if not a.ndim], numbers)


def can_cast(from_: Any, to: Any) -> bool:
    """Whether a result of one dtype may be written into a tensor of another: not from a higher category to a lower one."""
    return category(as_dtype(from_)) <= category(as_dtype(to))


def is_tensor(obj: Any) -> bool:
    """Whether an object is a tensor."""
    return isinstance(obj, Tensor)


def is_nonzero(input: Tensor) -> bool:
    """Whether the only element is not 0. Raises RuntimeError unless there is exactly one."""
    return bool(input)


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape."""
    return bool(input._data.shape == other._data.shape)


def is_signed(input: Tensor) -> bool:
    """Whether the dtype has negative numbers."""
    return bool(input._data.dtype.kind in "ifc")
