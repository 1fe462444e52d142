"""What an index means: split once, PyTorch's way, into a basic part and an advanced part.

The *basic* part (integers, slices, None, …) is always a view; the *advanced* part (integer and bool tensors) applies to
that view and is always a copy. NumPy would treat integers beside index arrays as arrays too and move the dimensions
elsewhere.
"""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np

from .._graph import Shape
from .._tensor import Tensor


class Index(NamedTuple):
    """An index in two steps: `x[basic]` is a view, `x[basic][advanced]` is what was asked for."""

    basic: tuple[Any, ...]
    advanced: tuple[Any, ...] | None

    def repeats(self) -> bool:
        """Whether an element may be named more than once."""
        return self.advanced is not None and not all(
            isinstance(part, slice) or part.dtype == bool for part in self.advanced
        )


def parsed(index: Any, shape: Shape) -> Index:
    """Split an index of any kind that NumPy and PyTorch know. Raises IndexError or TypeError for others."""
    given = index if isinstance(index, tuple) else (index,)
    if len(given) <= len(shape) and all(map(_simple, given)):
        return Index(given, None)
    parts = [_part(part) for part in given]
    used = sum(_consumes(part) for part in parts)
    if used > len(shape):
        raise IndexError(f"too many indices for tensor of dimension {len(shape)} (got {used})")
    if Ellipsis not in [part for part in parts if not isinstance(part, np.ndarray)]:
        parts.append(Ellipsis)
    basic: list[Any] = []
    advanced: list[Any] = []
    for part in parts:
        if isinstance(part, np.ndarray):
            basic += [slice(None)] * _consumes(part)
            advanced.append(part)
        elif part is Ellipsis:
            basic += [slice(None)] * (len(shape) - used)
            advanced += [slice(None)] * (len(shape) - used)
        else:
            basic.append(part)
            if not isinstance(part, int):
                advanced.append(slice(None))
    return Index(tuple(basic), tuple(advanced) if any(isinstance(a, np.ndarray) for a in advanced) else None)


def _simple(part: Any) -> bool:
    """Whether NumPy reads a part as it stands: an integer, or a slice of two of them."""
    if type(part) is slice:
        return part.step is None and type(part.start) in _ENDS and type(part.stop) in _ENDS
    return type(part) is int


_ENDS = (int, type(None))


def _part(part: Any) -> Any:
    """One part of an index as int, slice, None, Ellipsis, or an array of integers or bool."""
    if isinstance(part, Tensor):
        part = part._data
        if part.ndim == 0 and part.dtype.kind in "iu":
            return int(part)
    if part is None or part is Ellipsis:
        return part
    if isinstance(part, bool | np.bool):
        return np.asarray(part)
    if isinstance(part, slice):
        if part.step is not None and int(part.step) <= 0:
            raise ValueError("step must be greater than zero; use flip() to go backwards")
        return slice(*[None if end is None else operator.index(end) for end in (part.start, part.stop, part.step)])
    if isinstance(part, int | np.integer):
        return int(part)
    if isinstance(part, str):
        raise TypeError(f"a tensor is indexed by integers, slices, None, … and tensors of integers or bool, not by {part!r}")
    array = np.asarray([] if isinstance(part, list) and not part else part)
    if array.size == 0 and array.dtype.kind == "f":
        array = array.astype(np.int64)
    if array.dtype == np.uint8:
        array = array.astype(bool)
    if array.dtype.kind not in "iub":
        raise IndexError(f"tensors used as indices must be long, int, byte or bool tensors, not {array.dtype}")
    return array


def _consumes(part: Any) -> int:
    """How many dimensions of the indexed tensor a part of the index takes up."""
    if isinstance(part, np.ndarray):
        return part.ndim if part.dtype == bool else 1
    return 0 if part is None or part is Ellipsis else 1
