"""Tensors from data and from nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ._dtypes import DType, as_dtype, category, get_default_dtype, number_dtype, promoted
from ._graph import Array
from ._tensor import Tensor, wrap
from .ops.shapes import sizes

__all__ = [
    "arange", "as_tensor", "empty", "empty_like", "empty_strided", "eye", "from_numpy", "full", "full_like", "linspace",
    "logspace", "ones", "ones_like", "scalar_tensor", "tensor", "zeros", "zeros_like",
]  # fmt: skip


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a new tensor that copies `data`: numbers, nested sequences, an array or a tensor.

    Python floats become the default dtype, ints int64, bools bool; arrays keep their dtype.
    Raises ValueError for ragged sequences, TypeError for what is not numeric.
    """
    check_device(device)
    return wrap(_native(np.array(_array_of(data, dtype)))).requires_grad_(requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """Return `data` as a tensor, sharing memory where it is an array or a tensor of the right dtype already."""
    check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(as_dtype(dtype))
    return wrap(_native(_array_of(data, dtype)))


def from_numpy(array: Array) -> Tensor:
    """Return a tensor that shares the array's memory. Raises TypeError for anything but a numeric `numpy.ndarray`."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__}); use tensor() for other data")
    return wrap(_native(array))


def check_device(device: Any) -> None:
    """Raise RuntimeError for any device but the CPU."""
    if device is not None and str(device).split(":")[0] != "cpu":
        raise RuntimeError(f"device {device!r} is not available: byhand runs on the CPU; leave device out or say 'cpu'")


def _native(array: Array) -> Array:
    category(array.dtype)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _array_of(data: Any, dtype: Any) -> Array:
    """The data as an array of `dtype`, or else of its own, with PyTorch's choice for Python numbers."""
    if isinstance(data, Tensor):
        data = data._data
    if dtype is not None:
        return _asarray(data).astype(as_dtype(dtype), copy=False)
    if isinstance(data, np.ndarray | np.generic):
        return np.asarray(data)
    array = _asarray(data)
    return array.astype(get_default_dtype()) if array.dtype == np.float64 and not _holds_arrays(data) else array


def _asarray(data: Any) -> Array:
    """NumPy's reading of numbers, nested sequences, arrays and tensors."""
    if isinstance(data, Sequence) and any(isinstance(item, Tensor | Sequence) for item in data):
        data = [_plain(item) for item in data]
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ValueError(f"expected sequences of equal length at every level: {error}") from None
    if array.dtype.kind not in "biufc":
        kind = RuntimeError if array.dtype == object else TypeError
        raise kind(f"a tensor is made of numbers; got {type(data).__name__} that NumPy reads as {array.dtype}")
    return array


def _plain(item: Any) -> Any:
    """An item of a sequence, with tensors as arrays at every depth."""
    if isinstance(item, Tensor):
        return item._data if item._data.ndim else item._data.item()
    if isinstance(item, list | tuple):
        return [_plain(part) for part in item]
    return item


def _holds_arrays(data: Any) -> bool:
    """Whether a nested sequence holds NumPy's own values, whose float64 was meant."""
    while isinstance(data, Sequence) and len(data):
        data = data[0]
    return isinstance(data, np.ndarray | np.generic)


def full(size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of shape `size` filled with `fill_value`, in its dtype unless `dtype` is given."""
    check_device(device)
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    wanted = number_dtype(fill_value) if dtype is None else as_dtype(dtype)
    shape = sizes(size if isinstance(size, tuple) else (size,))
    return wrap(np.full(_checked(shape), fill_value, wanted)).requires_grad_(requires_grad)


def _checked(shape: tuple[int, ...]) -> tuple[int, ...]:
    if any(size < 0 for size in shape):
        raise RuntimeError(f"Trying to create tensor with negative dimension: {list(shape)}")
    return shape


def _of_size(size: tuple[Any, ...], dtype: Any, device: Any, requires_grad: bool, make: Any) -> Tensor:
    check_device(device)
    if not size:
        raise TypeError("missing the argument 'size'; () stands for a single number")
    wanted = get_default_dtype() if dtype is None else as_dtype(dtype)
    return wrap(make(_checked(sizes(size)), wanted)).requires_grad_(requires_grad)


def zeros(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of zeros: `zeros(2, 3)` or `zeros((2, 3))`."""
    return _of_size(size, dtype, device, requires_grad, np.zeros)


def ones(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of ones: `ones(2, 3)` or `ones((2, 3))`."""
    return _of_size(size, dtype, device, requires_grad, np.ones)


def empty(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor whose elements are whatever the memory held."""
    return _of_size(size, dtype, device, requires_grad, np.empty)


def zeros_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return zeros in the shape (and, unless given, the dtype) of `input`."""
    return full_like(input, 0, dtype=dtype, device=device, requires_grad=requires_grad)


def ones_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return ones in the shape (and, unless given, the dtype) of `input`."""
    return full_like(input, 1, dtype=dtype, device=device, requires_grad=requires_grad)


def empty_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return uninitialised memory in the shape (and, unless given, the dtype) of `input`."""
    return empty(input.shape, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def full_like(input: Tensor, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a filled tensor in the shape (and, unless given, the dtype) of `input`."""
    return full(input.shape, fill_value, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return start, start + step, … below `end`: ⌈(end − start)/step⌉ numbers; `arange(n)` counts 0 … n − 1.

    Raises RuntimeError if step is 0 or leads away from `end`.
    """
    check_device(device)
    if end is None:
        start, end = 0, start
    start, end, step = (v.item() if isinstance(v, Tensor) else v for v in (start, end, step))
    if not all(map(math.isfinite, (start, end, step))):
        raise RuntimeError(f"arange: unsupported range: {start} -> {end}, step {step}; the ends must be finite")
    if step == 0 or (end - start) * step < 0:
        raise RuntimeError(
            f"arange: upper bound and lower bound inconsistent with step sign: start {start}, end {end}, step {step}"
        )
    wanted = promoted([], [], (start, end, step)) if dtype is None else as_dtype(dtype)
    if wanted.kind in "iu":
        start, end, step = int(start), int(end), int(step)
    steps = np.arange(int(np.ceil((end - start) / step)), dtype=np.float64 if wanted.kind == "f" else np.int64)
    return wrap((start + steps * step).astype(wanted)).requires_grad_(requires_grad)


def linspace(
    start: Any, end: Any, steps: int, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return `steps` numbers, equally spaced from `start` to `end`, both included; integers are cut, not rounded."""
    check_device(device)
    wanted = get_default_dtype() if dtype is None else as_dtype(dtype)
    return wrap(_spaced("linspace", start, end, steps, wanted).astype(wanted)).requires_grad_(requires_grad)


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return `base` to the power of `steps` numbers, equally spaced from `start` to `end`, both included."""
    check_device(device)
    wanted = get_default_dtype() if dtype is None else as_dtype(dtype)
    exponents = _spaced("logspace", start, end, steps, wanted)
    return wrap(np.asarray(np.power(float(base), exponents)).astype(wanted)).requires_grad_(requires_grad)


def _spaced(name: str, start: Any, end: Any, steps: int, dtype: DType) -> Array:
    """Equally spaced numbers in float64, counted from the nearer end; the ends themselves are cut to integers for such dtypes."""
    if steps < 0:
        raise RuntimeError(f"{name}: number of steps must be non-negative, got {steps}")
    start, end = (v.item() if isinstance(v, Tensor) else v for v in (start, end))
    if dtype.kind in "iu":
        start, end = int(start), int(end)
    step = (end - start) / max(steps - 1, 1)
    place = np.arange(steps, dtype=np.float64)
    return np.where(place < steps / 2, start + step * place, end - step * (steps - 1 - place))


def empty_strided(
    size: Sequence[int], stride: Sequence[int], *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a tensor of this shape and with these steps, in elements, whose elements are whatever the memory held."""
    check_device(device)
    wanted = get_default_dtype() if dtype is None else as_dtype(dtype)
    shape = _checked(tuple(size))
    if len(shape) != len(stride) or min(stride, default=0) < 0:
        raise RuntimeError(f"empty_strided: needs a stride, not negative, for each size, got {list(size)} and {list(stride)}")
    span = 1 + sum((n - 1) * step for n, step in zip(shape, stride, strict=True)) if math.prod(shape) else 0
    array = np.ndarray(shape, wanted, np.empty(span, wanted), 0, [step * wanted.itemsize for step in stride])
    return wrap(array).requires_grad_(requires_grad)


def scalar_tensor(s: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a 0-d tensor of one number, in the default dtype unless `dtype` is given."""
    return full((), s, dtype=get_default_dtype() if dtype is None else dtype, device=device, requires_grad=requires_grad)


def eye(n: int, m: int | None = None, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return the n × m matrix (n × n, unless given) with ones on its diagonal and zeros elsewhere."""
    check_device(device)
    wanted = get_default_dtype() if dtype is None else as_dtype(dtype)
    return wrap(np.eye(*_checked((n, n if m is None else m)), dtype=wanted)).requires_grad_(requires_grad)
