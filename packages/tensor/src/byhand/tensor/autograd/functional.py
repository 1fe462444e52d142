"""Jacobians and Hessians, and their products with vectors, of a function at given inputs.

For f: x ↦ y with the Jacobian J = ∂y/∂x and, where y is a scalar, the Hessian H = ∂²y/∂x²:
`vjp` is vᵀJ, one backward pass; `jvp` is Jv, two of them; `vhp` is vᵀH; `hvp` is Hv; `jacobian` is J row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .._modes import enable_grad
from .._tensor import Tensor
from ..creation import ones_like, zeros_like
from ..ops.shapes import reshape, stack
from ._gradients import grad

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = Tensor | tuple[Tensor, ...]
Function = Callable[..., Any]

_INDEPENDENT = "The output of the user-provided function is independent of input {}. This is not allowed in strict mode."
_NO_GRAD = "Output {} of the user-provided function does not require gradients: it is not computed from the inputs. "
_CONSTANT = "The derivative with respect to input {} is independent of the inputs. This is not allowed in strict mode."


def vjp(
    func: Function, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return f(x) and vᵀJ. `v` is shaped as the output and may be left out where that is a single number.

    Args:
        create_graph: make the results differentiable.
        strict: raise RuntimeError where an output does not depend on an input, instead of returning zeros.
    """
    with enable_grad():
        outputs, x, y = _evaluated(func, inputs, "vjp", create_graph, strict)
        start = _vector(v, y, isinstance(outputs, tuple), "the user-provided function returns")
        result = _pulled(y, x, start, create_graph, strict)
    return _shown(y, isinstance(outputs, tuple), create_graph), _shown(result, isinstance(inputs, tuple), create_graph)


def jvp(
    func: Function, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return f(x) and Jv. `v` is shaped as the inputs and may be left out where they are a single number.

    By the double-backward trick: u ↦ uᵀJ is linear with the Jacobian Jᵀ; its product with v, again by a backward pass,
    is vᵀJᵀ = (Jv)ᵀ.
    """
    with enable_grad():
        outputs, x, y = _evaluated(func, inputs, "jvp", create_graph, strict)
        start = _vector(v, x, isinstance(inputs, tuple), "the input to the user-provided function is")
        u = tuple([zeros_like(out, requires_grad=True) for out in y])
        result = _pulled(_pulled(y, x, u, True, strict), u, start, create_graph, strict=False)
    several = isinstance(outputs, tuple)
    return _shown(y, several, create_graph), _shown(result, several, create_graph)


def jacobian(func: Function, inputs: Tensors, create_graph: bool = False, strict: bool = False) -> Any:
    """Return J: for an output of shape (m…) and an input of shape (n…), a tensor of shape (m…, n…).

    A tuple of inputs gives a tuple of Jacobians, a tuple of outputs a tuple of those. One backward pass for each element
    of the outputs. `create_graph` and `strict` as in `vjp`.
    """
    with enable_grad():
        outputs, x, y = _evaluated(func, inputs, "jacobian", create_graph, strict)
        blocks = [_rows(out, x, create_graph, strict) for out in y]
    shown = tuple([_shown(row, isinstance(inputs, tuple), create_graph) for row in blocks])
    return shown if isinstance(outputs, tuple) else shown[0]


def hessian(func: Function, inputs: Tensors, create_graph: bool = False, strict: bool = False) -> Any:
    """Return H of a function with a single number as its result: for inputs of shape (n…), of shape (n…, n…).

    A tuple of inputs gives a tuple of tuples: H[i][j] = ∂²y / ∂x_i ∂x_j. Raises RuntimeError for other results.
    """

    def first(*x: Tensor) -> Any:
        return jacobian(lambda *args: _scalar(func(*args), "hessian"), x, create_graph=True, strict=strict)

    several = jacobian(first, inputs, create_graph=create_graph, strict=strict)
    return several if isinstance(inputs, tuple) else several[0]


def vhp(
    func: Function, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return f(x) and vᵀH, with v shaped as the inputs: the gradient of vᵀ∂y/∂x. Arguments as in `vjp`."""
    with enable_grad():
        _, x, y = _evaluated(func, inputs, "vhp", create_graph, strict)
        start = _vector(v, x, isinstance(inputs, tuple), "the input to the user-provided function is")
        _scalar(y[0] if len(y) == 1 else y, "vhp")
        gradients = _pulled(y, x, (ones_like(y[0]),), True, strict)
        if strict:
            _check_depends(gradients)
        result = _pulled(gradients, x, start, create_graph, strict)
    return _shown(y, False, create_graph), _shown(result, isinstance(inputs, tuple), create_graph)


def hvp(
    func: Function, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return f(x) and Hv. H is symmetric, so this is vᵀH, which takes one pass less than the trick of `jvp`."""
    return vhp(func, inputs, v, create_graph, strict)


# ---------------------------------------------------------------------- parts


def _evaluated(
    func: Function, inputs: Tensors, name: str, create_graph: bool, strict: bool
) -> tuple[Any, tuple[Tensor, ...], tuple[Tensor, ...]]:
    """The outputs as returned, and inputs and outputs as tuples of tensors that stand in the graph."""
    given = _tupled(inputs, "inputs", name)
    x = tuple([_own(tensor, create_graph) for tensor in given])
    outputs = func(*x)
    y = _tupled(outputs, "outputs of the user-provided function", name)
    if strict:
        for i, out in enumerate(y):
            if not out.requires_grad:
                raise RuntimeError(_NO_GRAD.format(i) + "This is not allowed in strict mode.")
    return outputs, x, y


def _own(tensor: Tensor, create_graph: bool) -> Tensor:
    """A tensor of our own to differentiate by, so that the caller's, if the function captures it, stays a constant."""
    if create_graph and tensor.requires_grad:
        return tensor.view_as(tensor)  # type: ignore[no-any-return]
    return tensor.detach().requires_grad_()


def _tupled(values: Any, what: str, name: str) -> tuple[Tensor, ...]:
    several = values if isinstance(values, tuple) else (values,)
    for i, value in enumerate(several):
        if not isinstance(value, Tensor):
            which = f"value at index {i}" if isinstance(values, tuple) else f"given {what}"
            raise TypeError(
                f"The {what} given to {name} must be either a Tensor or a tuple of Tensors "
                f"but the {which} has type {type(value)}."
            )
    return several


def _vector(v: Tensors | None, like: tuple[Tensor, ...], several: bool, whose: str) -> tuple[Tensor, ...]:
    """The vector of a product, checked against what it must be shaped as; one, for a single number."""
    if v is None:
        if len(like) != 1 or like[0]._data.size != 1:
            raise RuntimeError(f"The vector v can only be None if {whose} a single Tensor with a single element.")
        return (ones_like(like[0]),)
    given = v if isinstance(v, tuple) else (v,)
    if len(given) != len(like):
        wrong = f"v is a tuple of invalid length: should be {len(like)} but got {len(given)}."
        raise RuntimeError(wrong if several else "The given v should contain a single Tensor.")
    for i, (part, other) in enumerate(zip(given, like, strict=True)):
        if part.shape != other.shape:
            entry = f"Entry {i} in " if several else ""
            raise RuntimeError(f"{entry}v has invalid size: should be {other.shape} but got {part.shape}.")
    return given


def _pulled(
    y: tuple[Tensor, ...], x: tuple[Tensor, ...], v: tuple[Tensor, ...], create: bool, strict: bool
) -> tuple[Tensor, ...]:
    """vᵀJ; zeros, or in strict mode an error, where nothing connects x with y."""
    pairs = [(out, part) for out, part in zip(y, v, strict=True) if out.requires_grad]
    found: Sequence[Tensor | None] = [None] * len(x)
    if pairs:
        outs, starts = zip(*pairs, strict=True)
        found = grad(outs, x, starts, retain_graph=True, create_graph=create, allow_unused=True)
    for i, gradient in enumerate(found):
        if strict and gradient is None:
            raise RuntimeError(_INDEPENDENT.format(i))
    return tuple([zeros_like(tensor) if g is None else g for g, tensor in zip(found, x, strict=True)])


def _rows(out: Tensor, x: tuple[Tensor, ...], create: bool, strict: bool) -> tuple[Tensor, ...]:
    """The Jacobian of one output by each input: the gradients of its elements, stacked."""
    rows = [_pulled((element,), x, (ones_like(element),), create, strict) for element in reshape(out, (-1,))]
    if strict and create:
        for row in rows:
            _check_depends(row)
    shapes = [(*out.shape, *tensor.shape) for tensor in x]
    if not rows:
        return tuple([out.new_zeros(shape) for shape in shapes])
    return tuple([reshape(stack(parts), shape) for parts, shape in zip(zip(*rows, strict=True), shapes, strict=True)])


def _check_depends(derivatives: tuple[Tensor, ...]) -> None:
    for i, derivative in enumerate(derivatives):
        if not derivative.requires_grad:
            raise RuntimeError(_CONSTANT.format(i))


def _scalar(output: Any, name: str) -> Any:
    if not isinstance(output, Tensor):
        raise RuntimeError(f"The function given to {name} should return a single Tensor")
    if output._data.size != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {name} should contain a single element")
    return reshape(output, ())


def _shown(results: tuple[Tensor, ...], several: bool, create_graph: bool) -> Any:
    """The results as the caller sees them: outside the graph unless asked for, and alone unless several."""
    kept = results if create_graph else tuple([result.detach() for result in results])
    return kept if several else kept[0]
