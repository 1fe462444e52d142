"""Between tensors and everything else: dtypes, Python numbers, NumPy arrays, copies and pickles; and looking at memory."""

from __future__ import annotations

import builtins
import copy
from typing import Any

import numpy as np

from ._dtypes import FLOATING, as_dtype, bool_, float16, float32, float64, int32, int64
from ._graph import Array
from ._inplace import store
from ._repr import shown
from ._tensor import Tensor, wrap
from ._views import check_writable
from .creation import check_device, full
from .creation import tensor as new
from .ops.choices import _to_dtype, clone
from .ops.indexing import getitem
from .ops.shapes import expand, in_range, reshape
from .ops.shapes import view as view_of

__all__ = [
    "__array__", "__complex__", "__copy__", "__deepcopy__", "__float__", "__format__", "__index__", "__int__",
    "__reduce_ex__", "__repr__", "astype", "bool", "contiguous", "copy_", "cpu", "dim", "double",
    "element_size", "expand_as", "fill_", "float", "half", "int", "is_complex", "is_contiguous",
    "is_floating_point", "item", "long", "narrow", "new_full", "new_ones", "new_tensor", "new_zeros", "numel",
    "numpy", "reshape_as", "select", "size", "stride", "to", "tolist", "type", "type_as", "view_as", "zero_",
]  # fmt: skip


# ---------------------------------------------------------------------- dtypes


def to(input: Tensor, *args: Any, dtype: Any = None, device: Any = None, copy: builtins.bool = False, **_: Any) -> Tensor:
    """Return the tensor in another dtype: `to(dtype)`, `to(other)` or `to("cpu")`; itself if nothing changes.

    Its gradient comes back in the tensor's own dtype. Raises RuntimeError for any device but the CPU.
    """
    for argument in args:
        if isinstance(argument, Tensor):
            dtype = argument.dtype
        elif isinstance(argument, str) and argument.split(":")[0] in ("cpu", "cuda", "mps", "meta"):
            device = argument
        elif not isinstance(argument, builtins.bool):
            dtype = argument
    check_device(device)
    wanted = input._data.dtype if dtype is None else as_dtype(dtype)
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


def half(input: Tensor) -> Tensor:
    """Return the tensor as float16."""
    return to(input, float16)


def float(input: Tensor) -> Tensor:
    """Return the tensor as float32."""
    return to(input, float32)


def double(input: Tensor) -> Tensor:
    """Return the tensor as float64."""
    return to(input, float64)


def int(input: Tensor) -> Tensor:
    """Return the tensor as int32."""
    return to(input, int32)


def long(input: Tensor) -> Tensor:
    """Return the tensor as int64."""
    return to(input, int64)


def bool(input: Tensor) -> Tensor:
    """Return the tensor as bool: whether an element is not 0."""
    return to(input, bool_)


def is_floating_point(input: Tensor) -> builtins.bool:
    """Whether the dtype is floating."""
    return input._data.dtype in FLOATING


def is_complex(input: Tensor) -> builtins.bool:
    """Whether the dtype is complex."""
    return input._data.dtype.kind == "c"


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


def __reduce_ex__(input: Tensor, protocol: Any) -> Any:
    if input._node is not None:
        raise RuntimeError("only leaf tensors can be pickled; detach() it first")
    return _rebuilt, (builtins.type(input), input._data, input._requires_grad)


def _rebuilt(kind: Any, array: Array, requires_grad: builtins.bool) -> Tensor:
    tensor: Tensor = kind.__new__(kind)._start(array)
    return tensor.requires_grad_(requires_grad)


# ---------------------------------------------------------------------- writing


def copy_(input: Tensor, src: Any, non_blocking: builtins.bool = False) -> Tensor:
    """Write the elements of `src`, broadcast, into this tensor's memory and return it; the gradient goes to `src`."""
    check_writable(input, "copy_")
    source = src if isinstance(src, Tensor) else new(src)
    try:
        value = expand(to(source, input._data.dtype), input._data.shape)
    except RuntimeError:
        raise RuntimeError(
            f"copy_: the source's shape {list(source.shape)} does not broadcast to the tensor's shape {list(input.shape)}"
        ) from None
    store(input, value, "copy_")
    return input


def fill_(input: Tensor, value: Any) -> Tensor:
    """Fill the tensor with one number (or 0-d tensor) and return it."""
    if isinstance(value, Tensor) and value._data.ndim:
        raise RuntimeError(f"fill_ only supports 0-dimension value tensor but got tensor with {value._data.ndim} dimensions.")
    return copy_(input, value)


def zero_(input: Tensor) -> Tensor:
    """Fill the tensor with zeros and return it."""
    return fill_(input, 0)


# ---------------------------------------------------------------------- memory and shape


def size(input: Tensor, dim: builtins.int | None = None) -> Any:
    """Return the shape, or the size of one dimension."""
    return input.shape if dim is None else input.shape[dim]


def dim(input: Tensor) -> builtins.int:
    """Return the number of dimensions."""
    return input._data.ndim


def numel(input: Tensor) -> builtins.int:
    """Return the number of elements."""
    return input._data.size


def element_size(input: Tensor) -> builtins.int:
    """Return the bytes an element takes."""
    return input._data.itemsize


def stride(input: Tensor, dim: builtins.int | None = None) -> Any:
    """Return how many elements lie between neighbours along each dimension (or one) in memory."""
    steps = tuple(step // input._data.itemsize for step in input._data.strides)
    return steps if dim is None else steps[dim]


def is_contiguous(input: Tensor) -> builtins.bool:
    """Whether the elements lie in row-major order without gaps."""
    return input._data.flags.c_contiguous


def contiguous(input: Tensor) -> Tensor:
    """Return the tensor itself if it is contiguous, else a copy that is."""
    return input if is_contiguous(input) else clone(input, memory_format="contiguous")


def cpu(input: Tensor) -> Tensor:
    """Return the tensor itself: it is on the CPU."""
    return input


def narrow(input: Tensor, dim: builtins.int, start: Any, length: builtins.int) -> Tensor:
    """Return the view of `length` slices along `dim` from `start` on. Raises RuntimeError or IndexError out of range."""
    dim = _dimension("narrow", dim, input)
    total = input._data.shape[dim]
    start = builtins.int(start)
    if not -total <= start <= total:
        raise IndexError(f"start out of range (expected to be in range of [{-total}, {total}], but got {start})")
    start = start + total if start < 0 else start
    if length < 0 or start + length > total:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({total}).")
    return getitem(input, (slice(None),) * dim + (slice(start, start + length),))


def select(input: Tensor, dim: builtins.int, index: Any) -> Tensor:
    """Return the view of one slice along `dim`, without that dimension. Raises IndexError out of range."""
    if not input._data.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    return getitem(input, (slice(None),) * _dimension("select", dim, input) + (builtins.int(index),))


def _dimension(name: str, dim: builtins.int, input: Tensor) -> builtins.int:
    try:
        return in_range(dim, input._data.ndim)
    except np.exceptions.AxisError as error:
        raise IndexError(f"{name}: Dimension out of range: {error}, shape {tuple(input.shape)}") from None


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """Return a view in the shape of `other`."""
    return view_of(input, other._data.shape)


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """Return the same elements in the shape of `other`."""
    return reshape(input, other._data.shape)


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """Return a view repeated to the shape of `other`."""
    return expand(input, other._data.shape)


# ---------------------------------------------------------------------- others of the same kind


def new_tensor(input: Tensor, data: Any, *, dtype: Any = None, requires_grad: builtins.bool = False) -> Tensor:
    """Return a tensor of `data` in this tensor's dtype."""
    return new(data, dtype=dtype or input.dtype, requires_grad=requires_grad)


def new_full(input: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, requires_grad: builtins.bool = False) -> Tensor:
    """Return a tensor of shape `size` filled with one number, in this tensor's dtype."""
    return full(tuple(size), fill_value, dtype=dtype or input.dtype, requires_grad=requires_grad)


def new_zeros(input: Tensor, *size: Any, dtype: Any = None, requires_grad: builtins.bool = False) -> Tensor:
    """Return zeros of shape `size` in this tensor's dtype."""
    return new_full(input, _shape(size), 0, dtype=dtype, requires_grad=requires_grad)


def new_ones(input: Tensor, *size: Any, dtype: Any = None, requires_grad: builtins.bool = False) -> Tensor:
    """Return ones of shape `size` in this tensor's dtype."""
    return new_full(input, _shape(size), 1, dtype=dtype, requires_grad=requires_grad)


def _shape(size: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(size[0]) if len(size) == 1 and isinstance(size[0], tuple | list) else size
