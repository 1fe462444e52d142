"""One number that remembers how it was computed."""

import operator
from collections.abc import Callable
from numbers import Real
from typing import Any, TypeVar

from byhand.scalar import graph, ops
from byhand.scalar.drawing import draw_or_decline
from byhand.scalar.explain import explain
from byhand.scalar.modes import recording
from byhand.scalar.ops import Op

__all__ = ["Operand", "Value", "apply"]


def number(x: object) -> float:
    """x as a float. Raises TypeError if it is no real number: a string, None, a complex number, an array."""
    if isinstance(x, Real):
        return float(x)
    raise TypeError(f"expected a real number or a Value, got {x!r}, a {type(x).__name__}")


def binary(op: Op) -> tuple[Callable[["Value", "Operand"], "Value"], Callable[["Value", "Operand"], "Value"]]:
    """The methods for `value ∘ other` and `number ∘ value`.

    What is no number gets NotImplemented, so that its own operators have a say; an array's go through its elements.
    """
    rule = op.rule

    def method(self: "Value", other: "Operand") -> Any:
        if isinstance(other, Value):
            data, partials = rule(self.data, other.data)
            return record_of_two(data, op, self, other, partials)
        return apply(op, self, other) if isinstance(other, Real) else NotImplemented

    def reflected(self: "Value", other: "Operand") -> Any:
        return apply(op, other, self) if isinstance(other, Real) else NotImplemented

    method.__doc__ = reflected.__doc__ = op.rule.__doc__
    return method, reflected


def unary(op: Op) -> Callable[["Value"], "Value"]:
    """The method for `op(value)`."""
    rule = op.rule

    def method(self: "Value") -> "Value":
        data, partials = rule(self.data)
        operands = (self,)
        return record(data, op, operands, operands, partials)

    method.__doc__ = op.rule.__doc__
    return method


def comparison(compare: Callable[[float, float], bool]) -> Callable[["Value", object], bool]:
    """The method that compares the data of two Values, or of a Value and a number."""

    def method(self: "Value", other: object) -> Any:
        if isinstance(other, Value):
            return compare(self.data, other.data)
        return compare(self.data, number(other)) if isinstance(other, Real) else NotImplemented

    return method


class Value:
    """A number, its gradient and its graph.

    ```
    x = Value(3.0)
    y = x * x + 2 * x
    y.backward()
    x.grad            # dy/dx = 2x + 2 = 8.0
    print(y.explain())
    ```

    - `data`: the number, a float. `grad`: ∂root/∂self from the last `backward`, summed over calls if self is a leaf.
    - `label`: an optional name for drawings and explanations.
    - `op`, `operands`: what computed the number, and from what, plain numbers included; None and () for a leaf. (What an
      operation computed is of a class below this one, `Result` or `ResultOfTwo`.)
    - `parents`, `partials`: the operands that are Values, and the number ∂self/∂parent for each of them. They were
      taken when the operation ran: changing a parent's `data` later, as an optimiser does, does not change them.

    Plain numbers may stand on either side of an operator, and arrays too: NumPy applies the operator to each element.
    Comparisons, `bool`, `float`, `int` and `format` go by `data`, as with PyTorch's one-element tensors; hashing goes
    by identity, so equal Values are different keys. Python's `max` and `min`, and NumPy's, choose one argument by
    comparison; at a tie only `maximum` and `minimum` share the gradient. Results are those of IEEE 754, as PyTorch's
    are: 1/0 is inf and log(−1) is nan. Every Value is differentiable: there is no `requires_grad`, and what leaves the
    graph is the plain number `data`, or what is computed under `no_grad`.
    """

    __slots__ = ("data", "grad", "label")

    data: float
    grad: float
    label: str
    op: Op | None = None

    def __init__(self, data: float, label: str = "") -> None:
        self.data = number(data)
        self.grad = 0.0
        self.label = label

    @property
    def operands(self) -> tuple["Operand", ...]:
        """What the number was computed from, plain numbers included."""
        return self.parents

    @property
    def parents(self) -> tuple["Value", ...]:
        """The operands that are Values."""
        return ()

    @property
    def partials(self) -> tuple[float, ...]:
        """∂self/∂parent for each parent."""
        return ()

    def pass_on(self) -> None:
        """The chain rule, one step of it: to the gradient of each parent x add ȳ · ∂y/∂x, where y is self and ȳ its gradient.

        An op that chooses passes nothing at all to what it did not choose.
        """

    __add__, __radd__ = binary(ops.add)
    __sub__, __rsub__ = binary(ops.sub)
    __mul__, __rmul__ = binary(ops.mul)
    __truediv__, __rtruediv__ = binary(ops.div)
    __pow__, __rpow__ = binary(ops.pow)
    __neg__ = unary(ops.neg)
    __abs__ = unary(ops.abs)
    exp = unary(ops.exp)
    log = unary(ops.log)
    sqrt = unary(ops.sqrt)
    sin = unary(ops.sin)
    cos = unary(ops.cos)
    tanh = unary(ops.tanh)
    sigmoid = unary(ops.sigmoid)
    relu = unary(ops.relu)

    def __pos__(self) -> "Value":
        return self

    def maximum(self, other: "Operand") -> "Value":
        """y = max(self, other); at a tie each receives half of the gradient."""
        return apply(ops.maximum, self, other)

    def minimum(self, other: "Operand") -> "Value":
        """y = min(self, other); at a tie each receives half of the gradient."""
        return apply(ops.minimum, self, other)

    max, min = maximum, minimum

    __eq__ = comparison(operator.eq)
    __ne__ = comparison(operator.ne)
    __lt__ = comparison(operator.lt)
    __le__ = comparison(operator.le)
    __gt__ = comparison(operator.gt)
    __ge__ = comparison(operator.ge)
    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return self.data != 0

    def __float__(self) -> float:
        return self.data

    def __int__(self) -> int:
        return int(self.data)

    def __format__(self, spec: str) -> str:
        return format(self.data, spec)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self.data}, grad={self.grad}{label})"

    def backward(self, gradient: float = 1.0) -> None:
        """Put gradient · ∂self/∂v into `v.grad` for every v that self was computed from.

        As in PyTorch, leaves add up over calls, whether of one graph or of several that share a trunk. An inner node
        shows the gradient of the last call. The graph stays: it may be called again, without `retain_graph`.
        Raises TypeError if `gradient` is no number.
        """
        graph.backward(self, number(gradient))

    def zero_grad(self) -> None:
        """Set to zero the gradient of self and of everything it was computed from; of a leaf, only its own."""
        graph.zero_grad(self)

    def explain(self, depth: int | None = None) -> str:
        """The computation as text to print, at most `depth` steps back if given.

        First every node with its expression, its data and its local derivatives, then every gradient as the sum that the
        chain rule makes of it.
        """
        return explain(self, depth)

    def _repr_svg_(self) -> str:
        return draw_or_decline(self)


Operand = Value | float
R = TypeVar("R", "Result", "ResultOfTwo")


class Result(Value):
    """What an operation computed."""

    __slots__ = ("op", "operands", "parents", "partials")

    op: Op
    operands: tuple[Operand, ...]
    parents: tuple[Value, ...]
    partials: tuple[float, ...]

    def pass_on(self) -> None:
        ybar, every = self.grad, not self.op.chooses
        for parent, partial in zip(self.parents, self.partials):
            if partial or every:
                parent.grad += ybar * partial


class ResultOfTwo(Value):
    """What an arithmetic operator computed from two Values, as most are.

    With tuples in place of single slots a step of micrograd's demo takes 1.6 times as long: Python's garbage collector looks at
    each of them.
    """

    __slots__ = ("a", "b", "by_a", "by_b", "op")

    op: Op
    a: Value
    b: Value
    by_a: float
    by_b: float

    @property
    def parents(self) -> tuple[Value, ...]:
        return (self.a, self.b)

    @property
    def partials(self) -> tuple[float, ...]:
        return (self.by_a, self.by_b)

    def pass_on(self) -> None:
        self.a.grad += self.grad * self.by_a
        self.b.grad += self.grad * self.by_b


def apply(op: Op, *operands: Operand) -> Value:
    """Run `op` on Values and plain numbers. Plain numbers are constants: operands, but no parents."""
    values = [v for v in operands if isinstance(v, Value)]
    if len(values) == len(operands):
        data, partials = op.rule(*[v.data for v in values])
        parents = tuple(values)
        return record(data, op, parents, parents, partials)
    operands = tuple([v if isinstance(v, Value) else number(v) for v in operands])
    data, partials = op.rule(*[v.data if isinstance(v, Value) else v for v in operands])
    if not values:
        return Value(data)
    taken = tuple([partial for v, partial in zip(operands, partials) if isinstance(v, Value)])
    return record(data, op, operands, tuple(values), taken)


def record(data: float, op: Op, operands: tuple[Operand, ...], parents: tuple[Value, ...], partials: tuple[float, ...]) -> Value:
    """What `op` computed from `operands`, of which `parents` are Values; under `no_grad` a leaf."""
    if not recording.get():
        return Value(data)
    node = computed(Result, data, op)
    node.operands, node.parents, node.partials = operands, parents, partials
    return node


def record_of_two(data: float, op: Op, a: Value, b: Value, partials: tuple[float, ...]) -> Value:
    """What `op` computed from `a` and `b`; under `no_grad` a leaf."""
    if not recording.get():
        return Value(data)
    node = computed(ResultOfTwo, data, op)
    node.a, node.b = a, b
    node.by_a, node.by_b = partials
    return node


def computed(kind: type[R], data: float, op: Op) -> R:
    """A result of `op`, still without operands, and without the checks of `__init__`, for speed."""
    node = object.__new__(kind)
    node.data = data
    node.grad = 0.0
    node.label = ""
    node.op = op
    return node
