"""Methods, operators and in-place forms, attached to `Tensor` from the op table.

The rule is PyTorch's: an operation whose first parameter is called `input` is also a method, and element-wise ones have
an in-place form with an underscore. Importing the package runs `attach` once.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import _conversion, _info, _memory, matrices, ops, random, random_fills
from ._inplace import inplace, reshaped_in_place
from ._signature import names_of
from ._tensor import Tensor
from .ops import (
    bessel,
    blending,
    choices,
    elementary,
    gamma,
    hyperbolic,
    indexing,
    logarithms,
    logic,
    pointwise,
    products,
    rectifier,
    rounding,
    special,
    trigonometry,
)  # fmt: skip

_ELEMENTWISE: tuple[ModuleType, ...] = (
    bessel, blending, choices, elementary, gamma, hyperbolic, logarithms, logic, pointwise, rectifier, rounding, special,
    trigonometry,
)  # fmt: skip

_OPERATORS: dict[str, Callable[..., Any]] = {
    "__neg__": pointwise.neg,
    "__abs__": pointwise.abs,
    "__pos__": lambda input: input,
    "__invert__": choices.bitwise_not,
    "__add__": pointwise.add,
    "__radd__": pointwise.add,
    "__sub__": pointwise.sub,
    "__rsub__": pointwise.rsub,
    "__mul__": pointwise.mul,
    "__rmul__": pointwise.mul,
    "__truediv__": pointwise.div,
    "__rtruediv__": lambda input, other: pointwise.div(other, input),
    "__floordiv__": rounding.floor_divide,
    "__rfloordiv__": lambda input, other: rounding.floor_divide(other, input),
    "__mod__": rounding.remainder,
    "__rmod__": lambda input, other: rounding.remainder(other, input),
    "__pow__": pointwise.pow,
    "__rpow__": lambda input, other: pointwise.pow(other, input),
    "__matmul__": products.matmul,
    "__rmatmul__": lambda input, other: products.matmul(other, input),
    "__lshift__": logic.bitwise_left_shift,
    "__rlshift__": lambda input, other: logic.bitwise_left_shift(other, input),
    "__rshift__": logic.bitwise_right_shift,
    "__rrshift__": lambda input, other: logic.bitwise_right_shift(other, input),
    "__lt__": choices.lt,
    "__le__": choices.le,
    "__gt__": choices.gt,
    "__ge__": choices.ge,
    "__and__": choices.bitwise_and,
    "__rand__": choices.bitwise_and,
    "__or__": choices.bitwise_or,
    "__ror__": choices.bitwise_or,
    "__xor__": choices.bitwise_xor,
    "__rxor__": choices.bitwise_xor,
    "__getitem__": indexing.getitem,
    "__setitem__": indexing.setitem,
    "bernoulli": random.bernoulli,
    "multinomial": random.multinomial,
    "polygamma": lambda input, n: gamma.polygamma(n, input),  # the one function whose tensor comes last
    "polygamma_": inplace(lambda input, n: gamma.polygamma(n, input), "polygamma_"),
}
_FIRST = [("input",), ("self",), ("condition",)]  # how the first parameter of what is a method as well may be called
_IN_PLACE_OPERATORS = {
    "__iadd__": "add_",
    "__isub__": "sub_",
    "__imul__": "mul_",
    "__itruediv__": "div_",
    "__ifloordiv__": "floor_divide_",
    "__imod__": "remainder_",
    "__ipow__": "pow_",
    "__iand__": "bitwise_and_",
    "__ior__": "bitwise_or_",
    "__ixor__": "bitwise_xor_",
    "__ilshift__": "bitwise_left_shift_",
    "__irshift__": "bitwise_right_shift_",
}


def attach() -> None:
    """Give `Tensor` its operations."""
    for table in (*ops.TABLES, _conversion, _info, _memory, matrices, random_fills):
        for name in table.__all__:
            function = getattr(table, name)
            if names_of(function)[:1] in _FIRST:
                setattr(Tensor, name, function)
            if table in _ELEMENTWISE and name not in ("clone", "where", "rsub") and not name.startswith("is"):
                setattr(Tensor, f"{name}_", inplace(function, f"{name}_"))
        for name in getattr(table, "IN_PLACE", ()):
            setattr(Tensor, f"{name}_", inplace(getattr(table, name), f"{name}_"))
    for name in ("squeeze", "swapaxes", "swapdims", "t", "transpose", "unsqueeze"):
        setattr(Tensor, f"{name}_", reshaped_in_place(getattr(ops.shapes, name), f"{name}_"))
    for name in matrices.PROPERTIES:
        setattr(Tensor, name, property(getattr(matrices, name)))
    for name, function in _OPERATORS.items():
        setattr(Tensor, name, function)
    for name, target in _IN_PLACE_OPERATORS.items():
        setattr(Tensor, name, getattr(Tensor, target))
    Tensor.__eq__ = _eq  # type: ignore[method-assign,assignment]
    Tensor.__ne__ = _ne  # type: ignore[method-assign,assignment]


def _eq(input: Tensor, other: Any) -> Any:
    return choices.eq(input, other) if _comparable(other) else NotImplemented


def _ne(input: Tensor, other: Any) -> Any:
    return choices.ne(input, other) if _comparable(other) else NotImplemented


def _comparable(other: Any) -> bool:
    return isinstance(other, Tensor | int | float | complex) or hasattr(other, "__array__")
