"""Functions of functions: from f, the function that computes its gradient, Jacobian or Hessian. They nest.

    grad(grad(f))(x), jacrev(jacrev(f))(x), vjp(f, x)

Arguments may be tensors or lists, tuples and dicts of them; results have the arguments' form. A result is differentiable
exactly if something besides the arguments' own values stands behind it: an argument that requires grad, an enclosing
`grad`, or a tensor that f has captured.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._backward import behind
from ._dtypes import FLOATING
from ._modes import enable_grad
from ._tensor import Tensor
from ._tree import leaves, mapped, rebuilt
from .autograd import grad as gradients
from .autograd._custom import edge_of
from .creation import ones_like, zeros_like
from .ops.shapes import reshape, stack

__all__ = ["grad", "grad_and_value", "hessian", "jacrev", "jvp", "vjp"]

Function = Callable[..., Any]
ArgNums = int | tuple[int, ...]


def grad(func: Function, argnums: ArgNums = 0, has_aux: bool = False) -> Function:
    """Return the function that computes ∂f/∂(argument `argnums`) for an f whose result is a single number.

    Args:
        argnums: which argument, or a tuple of several, to differentiate by.
        has_aux: f returns (number, other); the new function returns (gradient, other).

    The new function raises RuntimeError if f returns anything else.
    """

    def gradient(*args: Any, **kwargs: Any) -> Any:
        found, value = grad_and_value(func, argnums, has_aux)(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def grad_and_value(func: Function, argnums: ArgNums = 0, has_aux: bool = False) -> Function:
    """Return the function that computes (gradient, value): as `grad`; with `has_aux`, (gradient, (value, other))."""

    def both(*args: Any, **kwargs: Any) -> Any:
        with enable_grad():
            call = _Call(func, args, kwargs, argnums, has_aux)
            value = call.output
            if not isinstance(value, Tensor):
                raise RuntimeError(f"grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {type(value)}")
            if value._data.ndim:
                raise RuntimeError(
                    f"grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with {value._data.ndim} "
                    "dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
                )
            found = call.chosen(call.pulled([value], [ones_like(value)]))
        shown = call.shown(value)
        return found, (shown, call.aux) if has_aux else shown

    return both


def vjp(func: Function, *primals: Any, has_aux: bool = False) -> Any:
    """Return f(*primals) and the function v ↦ vᵀJ, which may be called again and again; it returns a tuple of cotangents.

    With `has_aux`, f returns (output, other) and `other` comes third.
    """
    with enable_grad():
        call = _Call(func, primals, {}, tuple(range(len(primals))), has_aux)
    outputs = leaves(call.output)

    def pull(cotangents: Any) -> Any:
        given = leaves(cotangents)
        if [tuple(v.shape) for v in given] != [tuple(y.shape) for y in outputs]:
            raise RuntimeError(
                f"vjp: the cotangents have shapes {[tuple(v.shape) for v in given]}, "
                f"the outputs {[tuple(y.shape) for y in outputs]}; give one of the same shape for each output"
            )
        with enable_grad():
            return call.chosen(call.pulled(outputs, given))

    shown = mapped(call.shown, call.output)
    return (shown, pull, call.aux) if has_aux else (shown, pull)


def jvp(func: Function, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    """Return f(*primals) and Jv for the tangents v, shaped as the primals: u ↦ uᵀJ is linear, and its pullback is v ↦ Jv."""
    output, pull = vjp(func, *primals)
    u = mapped(zeros_like, output)
    _, push = vjp(pull, u)
    return output, push(tangents)[0]


def jacrev(func: Function, argnums: ArgNums = 0, has_aux: bool = False) -> Function:
    """Return the function that computes J: for an output of shape (m…) and an argument of shape (n…), of shape (m…, n…).

    One backward pass for each element of the output. Nested outputs give a Jacobian for each; `argnums`, `has_aux` as in
    `grad`.
    """

    def jacobian(*args: Any, **kwargs: Any) -> Any:
        with enable_grad():
            call = _Call(func, args, kwargs, argnums, has_aux)
            found = mapped(lambda out: _jacobian_of(out, call), call.output)
        return (found, call.aux) if has_aux else found

    return jacobian


def hessian(func: Function, argnums: ArgNums = 0) -> Function:
    """Return the function that computes H = ∂²f/∂x²: the Jacobian of the Jacobian."""
    return jacrev(jacrev(func, argnums), argnums)


class _Call:
    """One evaluation of f at arguments of our own, with the means to pull gradients back to them."""

    def __init__(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: ArgNums, has_aux: bool) -> None:
        numbers = (argnums,) if isinstance(argnums, int) else argnums
        if any(not -len(args) <= n < len(args) for n in numbers):
            raise RuntimeError(f"Got argnums={argnums}, but only {len(args)} positional inputs")
        self.single = isinstance(argnums, int)
        own = list(args)
        for n in numbers:
            own[n] = mapped(_own, args[n])
        self.arguments = [own[n] for n in numbers]
        self.inputs = [x for tree in self.arguments for x in leaves(tree)]
        result = func(*own, **kwargs)
        if has_aux and not (isinstance(result, tuple) and len(result) == 2):
            raise RuntimeError("has_aux=True: f(*args) must return a tuple (output, aux)")
        self.output, aux = result if has_aux else (result, None)
        self.again = _has_more_behind(leaves(self.output), self.inputs)
        self.aux = mapped(lambda value: self.shown(value) if isinstance(value, Tensor) else value, aux)

    def pulled(self, outputs: list[Tensor], cotangents: list[Tensor]) -> list[Tensor]:
        """The gradient of each input; zeros where it plays no part."""
        pairs = [(y, v) for y, v in zip(outputs, cotangents, strict=True) if y.requires_grad]
        if not pairs:
            return [zeros_like(x) for x in self.inputs]
        create = self.again or any(v.requires_grad for v in cotangents)
        starts = [v for _, v in pairs]
        found = gradients([y for y, _ in pairs], self.inputs, starts, True, create, materialize_grads=True)
        return [x for x in found if x is not None]

    def chosen(self, found: list[Tensor]) -> Any:
        """One tensor for each input, in the form of the arguments."""
        values = iter(found)
        trees = tuple([rebuilt(values, tree) for tree in self.arguments])
        return trees[0] if self.single else trees

    def shown(self, output: Tensor) -> Tensor:
        """An output as the caller sees it: in the graph only if that leads to something of the caller's."""
        return output if self.again else output.detach()


def _jacobian_of(output: Tensor, call: _Call) -> Any:
    rows = [call.pulled([element], [ones_like(element)]) for element in reshape(output, (-1,))]
    shapes = [(*output.shape, *x.shape) for x in call.inputs]
    if not rows:
        return call.chosen([output.new_zeros(shape) for shape in shapes])
    return call.chosen([reshape(stack(column), shape) for column, shape in zip(zip(*rows, strict=True), shapes, strict=True)])


def _own(value: Any) -> Tensor:
    """A tensor of our own to differentiate by; it stays in the caller's graph, if it stood in one."""
    if not isinstance(value, Tensor) or value._data.dtype not in FLOATING:
        raise RuntimeError(f"can only differentiate by floating tensors, got {getattr(value, 'dtype', type(value).__name__)}")
    return value.clone() if value.requires_grad else value.detach().requires_grad_()


def _has_more_behind(outputs: list[Any], inputs: list[Tensor]) -> bool:
    """Whether the outputs depend on a leaf that is none of our own inputs."""
    roots = [edge for y in outputs if isinstance(y, Tensor) and (edge := edge_of(y)) is not None]
    own = {id(x) for x in inputs}
    return any(isinstance(edge, Tensor) and id(edge) not in own for edge in behind(roots))
