"""Comparisons, logic, choices, and changes of dtype: what has a gradient here only hands it on."""

from __future__ import annotations

import numpy as np

from .._dtypes import DType
from .._graph import Array
from .._op import op
from .._promotion import same
from .._tensor import Tensor

__all__ = [
    "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "clone", "eq", "ge", "gt", "isfinite", "isinf",
    "isnan", "le", "logical_and", "logical_not", "logical_or", "logical_xor", "lt", "ne", "where",
]  # fmt: skip


@op(promote=same)
def eq(input: Array, other: Array) -> Array:
    """y = (a = b), element by element, as bool."""
    return np.equal(input, other)


@op(promote=same)
def ne(input: Array, other: Array) -> Array:
    """y = (a ≠ b), element by element, as bool."""
    return np.not_equal(input, other)


@op(promote=same)
def lt(input: Array, other: Array) -> Array:
    """y = (a < b), element by element, as bool."""
    return np.less(input, other)


@op(promote=same)
def le(input: Array, other: Array) -> Array:
    """y = (a ≤ b), element by element, as bool."""
    return np.less_equal(input, other)


@op(promote=same)
def gt(input: Array, other: Array) -> Array:
    """y = (a > b), element by element, as bool."""
    return np.greater(input, other)


@op(promote=same)
def ge(input: Array, other: Array) -> Array:
    """y = (a ≥ b), element by element, as bool."""
    return np.greater_equal(input, other)


@op(promote=same)
def logical_and(input: Array, other: Array) -> Array:
    """y = a ∧ b, element by element, as bool; what is not 0 is true."""
    return np.logical_and(input, other)


@op(promote=same)
def logical_or(input: Array, other: Array) -> Array:
    """y = a ∨ b, element by element, as bool; what is not 0 is true."""
    return np.logical_or(input, other)


@op(promote=same)
def logical_xor(input: Array, other: Array) -> Array:
    """y = a ≠ b, element by element, as bool; what is not 0 is true."""
    return np.logical_xor(input, other)


@op
def logical_not(input: Array) -> Array:
    """y = ¬a, element by element, as bool; what is not 0 is true."""
    return np.logical_not(input)


@op(promote=same)
def bitwise_and(input: Array, other: Array) -> Array:
    """y = a & b, bit by bit (or as logic, for bool)."""
    return np.bitwise_and(input, other)


@op(promote=same)
def bitwise_or(input: Array, other: Array) -> Array:
    """y = a | b, bit by bit (or as logic, for bool)."""
    return np.bitwise_or(input, other)


@op(promote=same)
def bitwise_xor(input: Array, other: Array) -> Array:
    """y = a ^ b, bit by bit (or as logic, for bool)."""
    return np.bitwise_xor(input, other)


@op
def bitwise_not(input: Array) -> Array:
    """y = ~a, bit by bit (or as logic, for bool)."""
    return np.invert(input)


@op
def isnan(input: Array) -> Array:
    """y = (x is not a number)."""
    return np.isnan(input)


@op
def isinf(input: Array) -> Array:
    """y = (x is ∞ or −∞)."""
    return np.isinf(input)


@op
def isfinite(input: Array) -> Array:
    """y = (x is neither infinite nor nan)."""
    return np.isfinite(input)


def _beside_condition(args: list[object], options: dict[str, object]) -> list[object]:
    """The condition stays as it is; the two choices meet."""
    return [args[0], *same(args[1:], options)]


@op(promote=_beside_condition)
def _where(condition: Array, input: Array, other: Array) -> Array:
    r"""y = a where the condition holds, else b.   ā = ȳ where it holds, b̄ = ȳ where it does not"""
    return np.where(condition, input, other)


@_where.vjp("input")
def _(g: Array, condition: Array) -> Array:
    return np.where(condition, g, 0.0)


@_where.vjp("other")
def _(g: Array, condition: Array) -> Array:
    return np.where(condition, 0.0, g)


def where(condition: Tensor, input: Tensor | float | None = None, other: Tensor | float | None = None) -> object:
    """Return `input` where `condition` holds and `other` elsewhere; with `condition` alone, the indices where it holds.

    Raises RuntimeError if `condition` is not bool or the shapes do not broadcast.
    """
    if input is None and other is None:
        return tuple(map(_indices, np.nonzero(condition._data)))
    if condition.dtype != bool and condition.dtype != np.uint8:
        raise RuntimeError(f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition.dtype}")
    return _where(condition, input, other)


def _indices(array: Array) -> Tensor:
    from .._tensor import wrap

    return wrap(array)


@op
def _to_dtype(input: Array, *, dtype: DType, source: DType) -> Array:  # noqa: ARG001 (the rule asks for `source`)
    r"""y = x in another dtype.   x̄ = ȳ in x's own dtype (`source`)"""
    return input.astype(dtype)


@_to_dtype.vjp("input")
def _(g: Array, source: DType) -> Array:
    return g.astype(source)


def in_format(array: Array, memory_format: str) -> Array:
    """The array with its dimensions in the order in which a memory format lays them out. Raises RuntimeError if it cannot."""
    if memory_format == "contiguous":
        return array
    if {"channels_last": 4, "channels_last_3d": 5}.get(memory_format) != array.ndim:
        raise RuntimeError(
            f"memory format {memory_format!r} does not fit {array.ndim} dimensions; there are preserve_format and "
            "contiguous_format for all, channels_last for 4 and channels_last_3d for 5"
        )
    return np.moveaxis(array, 1, -1)


@op
def clone(input: Array, *, memory_format: str = "preserve") -> Array:
    r"""y = x, in memory of its own, laid out as it was unless a format is given.   dy/dx = 1"""
    if memory_format == "preserve":
        return np.array(input, order="K")
    if memory_format == "contiguous":
        return np.array(input, order="C")
    return np.moveaxis(np.array(in_format(input, memory_format), order="C"), -1, 1)


@clone.vjp("input")
def _(g: Array) -> Array:
    return g


def is_contiguous(input: Tensor, *, memory_format: str = "contiguous") -> bool:
    """Whether the elements lie without gaps in the order of the format: row-major, or with the channels last."""
    return bool(in_format(input._data, memory_format).flags.c_contiguous)


def contiguous(input: Tensor, *, memory_format: str = "contiguous") -> Tensor:
    """Return the tensor itself if it is contiguous in the format, else a copy that is."""
    return input if is_contiguous(input, memory_format=memory_format) else clone(input, memory_format=memory_format)
