"""The ways to a gradient that `compare` sets side by side: three engines behind one small interface, and differences.

An engine makes variables of arrays, has the functions of a formula, and gives the gradients of Σᵢ gᵢ yᵢ, where y is
the formula's result and g weights it (the gradient that arrives from above).
"""

import importlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import ModuleType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from byhand import scalar
from byhand.examples.expressions import REDUCTIONS, Expression

__all__ = ["Differences", "Engine", "Scalar", "TensorLike", "installed_engines"]

Array = npt.NDArray[np.float64]
Arrays = Mapping[str, Array]
Functions = Mapping[str, Callable[..., Any]]


class Engine(Protocol):
    """Something that differentiates formulas."""

    @property
    def label(self) -> str: ...

    def gradients(self, expression: Expression, inputs: Arrays, upstream: Array) -> dict[str, Array]:
        """∂(Σᵢ gᵢ yᵢ)/∂x for every input x of y = expression(inputs), where g is `upstream`."""
        ...


class Scalar:
    """`byhand.scalar`: NumPy runs the formula on arrays of Values, one graph node for each number."""

    label = "scalar"
    reduce: Functions = {
        "sum": np.sum,
        "mean": np.mean,
        "max": np.frompyfunc(scalar.maximum, 2, 1).reduce,
        "min": np.frompyfunc(scalar.minimum, 2, 1).reduce,
    }

    def variable(self, x: Any) -> Any:
        """An array of Values in the shape of x; those that are Values already stay."""
        value = np.frompyfunc(lambda number: number if isinstance(number, scalar.Value) else scalar.Value(number), 1, 1)
        values: Any = np.asarray(value(x), dtype=object)
        return values

    def call(self, name: str, *operands: Any, dim: int | None = None, keepdim: bool = False) -> Any:
        values = [self.variable(x) for x in operands]
        if name in REDUCTIONS:
            if dim is not None:
                return self.reduce[name](*values, axis=dim, keepdims=keepdim)
            total = self.variable(self.reduce[name](values[0].ravel()))
            return total.reshape((1,) * values[0].ndim) if keepdim else total
        function = getattr(scalar.Value, name, None) or abs
        return np.frompyfunc(function, len(values), 1)(*values)

    def gradients(self, expression: Expression, inputs: Arrays, upstream: Array) -> dict[str, Array]:
        variables = {name: self.variable(x) for name, x in inputs.items()}
        result = self.variable(expression.evaluate(self.call, variables))
        scalar.dot(result.ravel().tolist(), upstream.ravel().tolist()).backward()
        gradient = np.frompyfunc(lambda value: value.grad, 1, 1)
        return {name: np.asarray(gradient(x), dtype=np.float64) for name, x in variables.items()}


class TensorLike:
    """`byhand.tensor`, or `torch` itself: one mirrors the other, so the same lines drive both."""

    reduce = {"sum": "sum", "mean": "mean", "max": "amax", "min": "amin"}

    def __init__(self, module: ModuleType, label: str) -> None:
        self.module, self.label = module, label

    def variable(self, x: Any) -> Any:
        if isinstance(x, self.module.Tensor):
            return x
        return self.module.tensor(x, dtype=self.module.float64, requires_grad=True)

    def call(self, name: str, *operands: Any, dim: int | None = None, keepdim: bool = False) -> Any:
        tensors = [self.variable(x) for x in operands]
        if name in REDUCTIONS:
            axes = tuple(range(tensors[0].ndim)) if dim is None else dim
            return getattr(self.module, self.reduce[name])(*tensors, dim=axes, keepdim=keepdim)
        return getattr(self.module, name)(*tensors)

    def gradients(self, expression: Expression, inputs: Arrays, upstream: Array) -> dict[str, Array]:
        variables = {name: self.variable(x) for name, x in inputs.items()}
        result = self.variable(expression.evaluate(self.call, variables))
        result.backward(self.module.tensor(upstream, dtype=self.module.float64))
        return {name: np.asarray(x.grad.numpy()) for name, x in variables.items()}


class Differences:
    """Central differences in float64: no calculus at all, only the formula's values.

    Five points instead of two, f′(x) = (f(x − 2h) − 8 f(x − h) + 8 f(x + h) − f(x + 2h)) / 12h + O(h⁴)
    (Abramowitz & Stegun, 25.3.6). The error of truncation grows as h⁴ and that of rounding as ε/h, so h = ε^⅕ |x| is
    about best and leaves 12 to 13 digits. A step in proportion to x never crosses 0, where |x|, relu, √ and log break.
    """

    label = "differences"
    step = float(np.finfo(np.float64).eps) ** 0.2
    stencil = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))
    functions: Functions = {
        "sum": np.sum,
        "mean": np.mean,
        "max": np.max,
        "min": np.min,
        "relu": lambda x: np.maximum(x, 0.0),
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    }

    def call(self, name: str, *operands: Any, dim: int | None = None, keepdim: bool = False) -> Any:
        function = self.functions.get(name) or getattr(np, name)
        return function(*operands, axis=dim, keepdims=keepdim) if name in REDUCTIONS else function(*operands)

    def value(self, expression: Expression, inputs: Arrays) -> Array:
        """The formula's value. As in the engines, what is out of a function's domain is nan, without a warning."""
        with np.errstate(all="ignore"):
            return np.asarray(expression.evaluate(self.call, inputs), dtype=np.float64)

    def gradients(self, expression: Expression, inputs: Arrays, upstream: Array) -> dict[str, Array]:
        gradients = {name: np.zeros_like(x) for name, x in inputs.items()}
        for name, x in inputs.items():
            for place in np.ndindex(x.shape):
                h = self.step * (abs(x[place]) or 1.0)
                for steps, weight in self.stencil:
                    moved = x.copy()
                    moved[place] += steps * h
                    y = self.value(expression, {**inputs, name: moved})
                    gradients[name][place] += weight / h * np.sum(upstream * y)
        return gradients


def installed_engines() -> list[Engine]:
    """The scalar engine, the tensor engine, finite differences, and PyTorch where it is installed."""
    engines: list[Engine] = [Scalar(), TensorLike(importlib.import_module("byhand.tensor"), "tensor"), Differences()]
    with suppress(ImportError):
        engines.append(TensorLike(importlib.import_module("torch"), "PyTorch"))
    return engines
