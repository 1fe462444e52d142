"""Between tensors and everything else: dtypes, Python numbers, NumPy arrays, copies, pickles."""

from __future__ import annotations

import builtins
import copy
from typing import Any

import numpy as np

from ._dtypes import FLOATING, as_dtype, bool_, float16, float32, float64, int8, int16, int32, int64, uint8
from ._graph import Array
from ._repr import shown
from ._tensor import Tensor, wrap
from .creation import check_device
from .ops.choices import _to_dtype, clone, contiguous

__all__ = [
    "__array__", "__complex__", "__copy__", "__deepcopy__", "__float__", "__format__", "__index__", "__int__",
    "__reduce_ex__", "__repr__", "astype", "bool", "byte", "char", "double", "float", "half", "int", "is_complex",
    "is_floating_point", "item", "long", "numpy", "short", "to", "tolist", "type", "type_as",
]  # fmt: skip


# ---------------------------------------------------------------------- dtypes


def to(
    input: Tensor,
    *args: Any,
    dtype: Any = None,
    device: Any = None,
    copy: builtins.bool = False,
    memory_format: str = "preserve",
) -> Tensor:
    """Return the tensor in another dtype or memory format: `to(dtype)`, `to(other)` or `to("cpu")`; itself if nothing changes.

    Its gradient comes back in the tensor's own dtype. Raises RuntimeError for any device but the CPU, TypeError for a bare
    True or False, which could be PyTorch's `non_blocking` (there is nothing to wait for here) or `copy`.
    """
    for argument in args:
        if isinstance(argument, builtins.bool):
            raise TypeError(f"to() got {argument} without a name; say copy={argument}")
        if isinstance(argument, Tensor):
            dtype = argument.dtype
        elif isinstance(argument, str) and argument.split(":")[0] in ("cpu", "cuda", "mps", "meta"):
            device = argument
        else:
            dtype = argument
    check_device(device)
    wanted = input._data.dtype if dtype is None else as_dtype(dtype)
    if memory_format != "preserve":
        return contiguous(to(input, wanted, copy=copy), memory_format=memory_format)
    if wanted == input._data.dtype:
        return clone(input) if copy else input
    if wanted in FLOATING:
        return _to_dtype(input, dtype=wanted, source=input._data.dtype)
    return wrap(input._data.astype(wanted))


def type(input: Tensor, dtype: Any) -> Tensor:
    """Return the tensor in another dtype, as `to`."""
    return to(input, dtype)


def type_as(input: Tensor, other: Tensor) -> Tensor:
    """Return the tensor in the dtype of `other`."""
    return to(input, other.dtype)


def astype(input: Tensor, dtype: Any) -> Tensor:
    """NumPy's name for `to`, by which rules call it."""
    return to(input, dtype)


def half(input: Tensor, *, memory_format: str = "preserve") -> Tensor:
    """Return the tensor as float16."""
    return to(input, float16, memory_format=memory_format)


def float(input: Tensor, *, memory_format: str = "preserve") -> Tensor:
    """Return the tensor as float32."""
    return to(input, float32, memory_format=memory_format)


def double(input: Tensor, *, memory_format: str = "preserve") -> Tensor:
    """Return the tensor as float64."""
    return to(input, float64, memory_format=memory_format)


def int(input: Tensor, *, memory_format: str = "preserve") -> Tensor:
    """Return the tensor as int32."""
    return to(input, int32, memory_format=memory_format)


def long(input: Tensor, *, memory_format: str = "preserve") -> Tensor:
    """Return the tensor as int64."""
    return to(input, int64, memory_format=memory_format)


def short(input: Tensor, *, memory_format: str = "preserve") -> Tensor:
    """Return the tensor as int16."""
    return to(input, int16, memory_format=memory_format)


def char(input: Tensor, *, memory_format: str = "preserve") -> Tensor:
    """Return the tensor as int8."""
    return to(input, int8, memory_format=memory_format)


def byte(input: Tensor, *, memory_format: str = "preserve") -> Tensor:
    """Return the tensor as uint8."""
    return to(input, uint8, memory_format=memory_format)


def bool(input: Tensor, *, memory_format: str = "preserve") -> Tensor:
    """Return the tensor as bool: whether an element is not 0."""
    return to(input, bool_, memory_format=memory_format)


def is_floating_point(input: Tensor) -> builtins.bool:
    """Whether the dtype is floating."""
    return input._data.dtype in FLOATING


def is_complex(input: Tensor) -> builtins.bool:
    """Whether the dtype is complex."""
    return builtins.bool(input._data.dtype.kind == "c")


# ---------------------------------------------------------------------- to Python and NumPy


def item(input: Tensor) -> Any:
    """Return the only element as a Python number. Raises RuntimeError if there are more."""
    if input._data.size != 1:
        raise RuntimeError(f"a Tensor with {input._data.size} elements (shape {input._data.shape}) cannot be converted to Scalar")
    return input._data.item()


def tolist(input: Tensor) -> Any:
    """Return the elements as nested lists of Python numbers (a number, for 0-d)."""
    return input._data.tolist()


def numpy(input: Tensor, *, force: builtins.bool = False) -> Array:
    """Return the array itself, sharing memory. Raises RuntimeError if it requires grad, unless `force`."""
    if input.requires_grad and not force:
        raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
    return input._data


def __array__(input: Tensor, dtype: Any = None, copy: builtins.bool | None = None) -> Array:
    return np.array(numpy(input), dtype=dtype, copy=copy)


def __float__(input: Tensor) -> builtins.float:
    return builtins.float(item(input))


def __int__(input: Tensor) -> builtins.int:
    return builtins.int(item(input))


def __complex__(input: Tensor) -> complex:
    return complex(item(input))


def __index__(input: Tensor) -> builtins.int:
    if input._data.size != 1 or input._data.dtype.kind not in "iub":
        raise TypeError("only integer tensors of a single element can be converted to an index")
    return builtins.int(input._data.item())


def __format__(input: Tensor, spec: str) -> str:
    return format(item(input), spec) if spec and not input._data.ndim else format(shown(input), spec)


def __repr__(input: Tensor) -> str:
    return shown(input)


# ---------------------------------------------------------------------- copies and pickles


def __deepcopy__(input: Tensor, memo: dict[builtins.int, Any]) -> Tensor:
    if input._node is not None:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol; detach().clone() it"
        )
    if id(input) in memo:
        return memo[id(input)]  # type: ignore[no-any-return]
    twin = _rebuilt(builtins.type(input), np.array(input._data), input._requires_grad)
    memo[id(input)] = twin
    if input._grad is not None:
        twin._grad = copy.deepcopy(input._grad, memo)
    return twin


def __copy__(input: Tensor) -> Tensor:
    return _rebuilt(builtins.type(input), input._data, input._requires_grad)


def __reduce_ex__(input: Tensor, protocol: Any) -> Any:  # noqa: ARG001 (pickle's signature)
    if input._node is not None:
        raise RuntimeError("only leaf tensors can be pickled; detach() it first")
    return _rebuilt, (builtins.type(input), input._data, input._requires_grad)


def _rebuilt(kind: Any, array: Array, requires_grad: builtins.bool) -> Tensor:
    tensor: Tensor = kind.__new__(kind)._start(array)
    return tensor.requires_grad_(requires_grad)
