"""`Function`: an operation of one's own, forward and backward written on tensors.

    class Exp(Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, g):  # y = eˣ  ⇒  x̄ = ȳ y
            (y,) = ctx.saved_tensors
            return g * y

    Exp.apply(x)

Since `backward` runs on tensors, it is recorded under `create_graph` and can itself be differentiated.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from .._modes import GRAD, is_grad_enabled, no_grad
from .._tensor import Tensor
from .._views import follow_base
from ._context import FunctionCtx
from ._custom import CustomNode, Refusal, edge_of
from ._outputs import enter_graph

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class Function:
    """The base of custom operations: override `forward` and `backward`, both static, and call `apply`.

    `forward(ctx, *args)` computes the outputs, under `no_grad`, from tensors and anything else; or, without `ctx`,
    `forward(*args)` together with `setup_context(ctx, inputs, output)`. `backward(ctx, *grads)` gets the gradient of each
    output and returns that of each argument of the forward: None for what is no tensor or needs none.
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the outputs. Must be overridden."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Any, ...], output: Any) -> None:
        """Save on `ctx` what `backward` needs, where `forward` takes no `ctx`."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: FunctionCtx, *grad_outputs: Any) -> Any:
        """Return the gradient of each input. Must be overridden for the backward pass to go through here."""
        raise NotImplementedError(
            "You must implement the backward method for your custom autograd.Function to use it with backward mode AD."
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` and, if an input requires grad, record the step.

        Raises RuntimeError as PyTorch does for what `mark_dirty` must not touch; TypeError for saving what is no tensor.
        """
        split = cls.setup_context is not Function.setup_context
        if split or kwargs:
            args = _bound(cls, args, kwargs, skip=0 if split else 1)
        for value in args:
            if isinstance(value, Tensor) and value._base is not None:
                follow_base(value)
        parents = [edge_of(value) if isinstance(value, Tensor) else None for value in args]
        ctx = FunctionCtx(tuple(parent is not None for parent in parents))
        with no_grad():
            if split:
                output = cls.forward(*args)
                cls.setup_context(ctx, args, output)
            else:
                output = cls.forward(ctx, *args)
        node = CustomNode(cls, ctx, parents, args) if GRAD.get() and any(ctx.needs_input_grad) else None
        return enter_graph(output, args, ctx, node)


def _bound(cls: type[Function], args: tuple[Any, ...], kwargs: dict[str, Any], skip: int) -> tuple[Any, ...]:
    """All arguments by position, keywords and defaults included, so that each has its place in `backward`'s answer."""
    signature = inspect.signature(cls.forward)
    bound = signature.bind(*[None] * skip, *args, **kwargs)
    bound.apply_defaults()
    return bound.args[skip:]


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a `backward` that cannot itself be differentiated (because it works on arrays, say).

    It runs under `no_grad`; differentiating its results raises RuntimeError, whether or not a gradient that comes in
    requires grad. (PyTorch leaves the second case out and treats the results as constants.)
    """

    @functools.wraps(backward)
    def inside(ctx: FunctionCtx, *grads: Any) -> Any:
        with no_grad():
            outputs = backward(ctx, *grads)
        if not is_grad_enabled():
            return outputs
        behind = [edge_of(g) for g in grads if isinstance(g, Tensor)] + ctx._parents()
        several = outputs if isinstance(outputs, tuple) else (outputs,)
        refused = tuple([Refusal.stamp(out, behind) if isinstance(out, Tensor) else out for out in several])
        return refused if isinstance(outputs, tuple) else refused[0]

    return inside
