"""NumPy's functions on tensors: `np.exp(t)`, `np.sum(t, axis=0)`, `ndarray @ t` give tensors, recorded like any other.

NumPy asks its arguments first (`__array_ufunc__`, NEP 13; `__array_function__`, NEP 18). Each call goes to the operation of
the same name, or to the one that PyTorch calls differently. It is also how rules written in NumPy are differentiated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import creation, ops
from ._tensor import Tensor, wrap
from .ops import blending, choices, masking, pointwise, products, reductions, shapes, slices, statistics

_UFUNCS: dict[str, Callable[..., Any]] = {
    "absolute": pointwise.abs,
    "subtract": pointwise.sub,
    "multiply": pointwise.mul,
    "divide": pointwise.div,
    "negative": pointwise.neg,
    "power": pointwise.pow,
    "equal": choices.eq,
    "not_equal": choices.ne,
    "less": choices.lt,
    "less_equal": choices.le,
    "greater": choices.gt,
    "greater_equal": choices.ge,
    "invert": choices.bitwise_not,
    "matmul": products.matmul,
    "maximum": lambda a, b: pointwise.maximum(*_beside(a, b)),
    "minimum": lambda a, b: pointwise.minimum(*_beside(a, b)),
    "fmax": lambda a, b: blending.fmax(*_beside(a, b)),
    "fmin": lambda a, b: blending.fmin(*_beside(a, b)),
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "broadcast_to": lambda array, shape: shapes.expand(array, shape),
    "concatenate": lambda arrays, axis=0: shapes.cat(list(map(creation.as_tensor, arrays)), axis),
    "dot": products.matmul,
    "expand_dims": lambda a, axis: _expand_dims(a, axis),
    "max": reductions.amax,
    "min": reductions.amin,
    "moveaxis": lambda a, source, destination: _moveaxis(a, source, destination),
    "nonzero": lambda a: masking.nonzero(a, as_tuple=True),
    "repeat": lambda a, repeats, axis=None: slices.repeat_interleave(a, repeats, axis),
    "reshape": lambda a, shape: shapes.reshape(a, shape),
    "squeeze": lambda a, axis=None: shapes.squeeze(a, axis),
    "stack": lambda arrays, axis=0: shapes.stack(list(map(creation.as_tensor, arrays)), axis),
    "swapaxes": shapes.transpose,
    "transpose": lambda a, axes=None: shapes.permute(a, tuple(axes or range(a.ndim)[::-1])),
    "std": lambda a, axis=None, ddof=0, keepdims=False: statistics.std(a, axis, correction=ddof, keepdim=keepdims),
    "var": lambda a, axis=None, ddof=0, keepdims=False: reductions.var(a, axis, correction=ddof, keepdim=keepdims),
    "where": lambda condition, x, y: choices._where(condition, x, y),
}
_REDUCTIONS: dict[Any, Callable[..., Any]] = {np.add: reductions.sum, np.maximum: reductions.amax, np.minimum: reductions.amin}
# Under these names PyTorch means something else; NumPy's own functions take the arrays, as for names we do not have.
_OTHER_MEANING = frozenset({
    "argsort", "corrcoef", "cov", "cross", "isin", "median", "meshgrid", "nanmedian", "nanquantile", "put", "quantile",
    "searchsorted", "sort", "split", "take", "trace", "trapezoid", "unique",
})  # fmt: skip


def array_ufunc(_: Tensor, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
    """Send a NumPy ufunc to the operation of its name, and the reduction by one to its own."""
    if method == "reduce" and ufunc in _REDUCTIONS and out is None:
        return _REDUCTIONS[ufunc](*inputs, **kwargs)
    if out is not None or method != "__call__":
        arrays = [_array(value, ufunc.__name__) for value in inputs]
        return getattr(ufunc, method)(*arrays, **({"out": out} if out else {}), **kwargs)
    function = _UFUNCS.get(ufunc.__name__) or _named(ufunc.__name__)
    if function is None:
        return _wrapped(ufunc(*[_array(value, ufunc.__name__) for value in inputs], **kwargs))
    return function(*inputs, **kwargs)


def array_function(_: Tensor, function: Any, __: Any, args: Any, kwargs: Any) -> Any:
    """Send a NumPy function to the operation of its name; one that has none runs on arrays, if no gradient is at stake."""
    name = function.__name__
    ours = _FUNCTIONS.get(name) or _named(name)
    if ours is not None:
        return ours(*args, **kwargs)
    return function(*[_deep(value, name) for value in args], **{key: _deep(value, name) for key, value in kwargs.items()})


def _named(name: str) -> Callable[..., Any] | None:
    if name in _OTHER_MEANING:
        return None
    return next((getattr(table, name) for table in (*ops.TABLES, creation) if name in table.__all__), None)


def _array(value: Any, name: str) -> Any:
    """The array behind a tensor. Raises RuntimeError where a gradient would be lost without a word."""
    if not isinstance(value, Tensor):
        return value
    if value.requires_grad:
        raise RuntimeError(
            f"NumPy's {name} has no derivative here and the tensor requires grad; use tensor.detach() if that is meant"
        )
    return value._data


def _beside(a: Any, b: Any) -> list[Any]:
    """Two operands of which a number has become a tensor of the other's dtype, as NumPy lets it."""
    return [x if hasattr(x, "dtype") else wrap(np.asarray(x, np.result_type(a.dtype if x is b else b.dtype, x))) for x in (a, b)]


def _deep(value: Any, name: str) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_deep(part, name) for part in value)
    return _array(value, name)


def _wrapped(result: Any) -> Any:
    return tuple(map(_wrapped, result)) if isinstance(result, tuple) else wrap(np.asarray(result))


def _expand_dims(input: Tensor, axis: int | tuple[int, ...]) -> Tensor:
    added = (axis,) if isinstance(axis, int) else tuple(axis)
    shape = np.expand_dims(np.empty(input._data.shape, bool), added).shape
    return shapes.reshape(input, shape)


def _moveaxis(input: Tensor, source: int, destination: int) -> Tensor:
    order = list(range(input._data.ndim))
    order.insert(destination % len(order), order.pop(source))
    return shapes.permute(input, order)


def attach() -> None:
    """Teach `Tensor` NumPy's protocols."""
    Tensor.__array_ufunc__ = array_ufunc  # type: ignore[attr-defined]
    Tensor.__array_function__ = array_function  # type: ignore[attr-defined]
