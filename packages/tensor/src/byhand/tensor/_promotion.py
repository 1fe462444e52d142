"""How the inputs of an operation come to one dtype: the strategies that `@op(promote=…)` takes.

Each is called with the arguments (tensors, foreign arrays, Python numbers, None) and the options, and returns the
arguments brought together. Bringing together is itself the operation `to`, so its gradient comes back in the right dtype.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._dtypes import FLOATING, DType, as_dtype, bool_, category, get_default_dtype, int64, promoted
from ._tensor import Tensor, wrap


def same(args: list[Any], _: dict[str, Any]) -> list[Any]:
    """All inputs meet in their common dtype (`add`, `maximum`, comparisons)."""
    return _meet(args, lambda dtype: dtype)


def floating(args: list[Any], options: dict[str, Any]) -> list[Any]:
    """As `same`, and integers become the default floating dtype (`exp`, `div`); the option `dtype` goes before."""
    return _meet(args, lambda dtype: dtype if category(dtype) >= 2 else get_default_dtype(), options.get("dtype"))


def summing(args: list[Any], options: dict[str, Any]) -> list[Any]:
    """bool and integers are summed in int64, unless the option `dtype` says otherwise (`sum`, `prod`, `cumsum`)."""
    return _meet(args, lambda dtype: dtype if category(dtype) >= 2 else int64, options.get("dtype"))


def only_floating(args: list[Any], options: dict[str, Any]) -> list[Any]:
    """Integers are refused rather than silently made floating (`mean`, `var`)."""
    def check(dtype: DType) -> DType:
        if category(dtype) < 2:
            raise NotImplementedError(
                f"could not infer output dtype: Input dtype must be either a floating point or complex dtype. Got: {dtype}; "
                "call float() first"
            )
        return dtype

    return _meet(args, check, options.get("dtype"))


def no_bool(args: list[Any], options: dict[str, Any]) -> list[Any]:
    """As `same`, but bool is refused, as PyTorch does for `sub` and `neg`."""

    if any([isinstance(a, bool) or getattr(a, "dtype", None) == bool_ for a in args]):
        raise RuntimeError("subtraction and negation of bool tensors are not supported; use logical_not, ~ or ^ instead")
    return same(args, options)


def no_bool_at_all(args: list[Any], _: dict[str, Any]) -> list[Any]:
    """As `same`, but nothing is computed in bool (`abs`, `pow`, `clamp`)."""

    def check(dtype: DType) -> DType:
        if dtype == bool_:
            raise NotImplementedError("this operation is not implemented for bool; convert with int() or float() first")
        return dtype

    return _meet(args, check)


def _meet(args: list[Any], adjust: Callable[[DType], DType], wanted: Any = None) -> list[Any]:
    """Convert the tensors to `wanted`, or else to their common dtype, adjusted."""
    args = [_tensor(a) for a in args]
    if not all([a is None or isinstance(a, (Tensor, bool, int, float, complex)) for a in args]):
        return args  # the operation will say what it cannot take
    tensors = [a for a in args if isinstance(a, Tensor)]
    numbers = [a for a in args if isinstance(a, (bool, int, float, complex))]
    if not tensors and not numbers:
        return args
    if not tensors:
        args = [a if a is None else wrap(np.asarray(a, promoted([], [], numbers))) for a in args]
        tensors, numbers = [a for a in args if a is not None], []
    full = [t._data.dtype for t in tensors if t._data.ndim]
    zero_dim = [t._data.dtype for t in tensors if not t._data.ndim]
    dtype = adjust(promoted(full, zero_dim, numbers)) if wanted is None else as_dtype(wanted)
    return [a.to(dtype) if isinstance(a, Tensor) and a._data.dtype != dtype else _number(a, dtype) for a in args]


def _tensor(value: Any) -> Any:
    """Foreign arrays become tensors; NumPy's scalars become Python's, which are weak."""
    if isinstance(value, np.generic):
        return value.item()
    return wrap(value) if isinstance(value, np.ndarray) else value


def _number(value: Any, dtype: DType) -> Any:
    """A Python number that NumPy will treat as weak beside `dtype`; one too large for it wraps around, as in PyTorch."""
    if not isinstance(value, int):
        return value
    if dtype in FLOATING:
        return float(value)
    if dtype.kind not in "iu" or np.iinfo(dtype).min <= value <= np.iinfo(dtype).max:
        return value
    return np.asarray(value).astype(dtype)
