"""How the outputs of a custom operation enter the graph."""

from __future__ import annotations

from typing import Any

from .._dtypes import FLOATING
from .._graph import Pick
from .._tensor import Tensor, wrap
from .._views import MADE_WITHOUT_GRAD, check_writable, rebase
from ._context import FunctionCtx
from ._custom import CustomNode


def enter_graph(output: Any, args: tuple[Any, ...], ctx: FunctionCtx, node: CustomNode | None) -> Any:
    """Give each differentiable output of the forward its place behind `node` (None: nothing is recorded)."""
    several = isinstance(output, tuple)
    outs = output if several else (output,)
    _check_dirty(ctx, outs)
    if node is not None:
        if len(outs) > 1:
            node.outputs = tuple([(o._data.shape, o._data.dtype) if isinstance(o, Tensor) else None for o in outs])
        outs = tuple([_placed(out, i, args, ctx, node) for i, out in enumerate(outs)])
        node.save(outs)
    ctx._dirty = ctx._constant = ()  # an output held here would hold the graph in a cycle
    return outs if several else outs[0]


def _check_dirty(ctx: FunctionCtx, outs: tuple[Any, ...]) -> None:
    for tensor in ctx._dirty:
        if not any(out is tensor for out in outs):
            raise RuntimeError(
                "Some elements marked as dirty during the forward method were not returned as output. "
                "The inputs that are modified inplace must all be outputs of the Function."
            )


def _placed(out: Any, i: int, args: tuple[Any, ...], ctx: FunctionCtx, node: CustomNode) -> Any:
    """One output: a constant, an input that was changed in place, or a new tensor behind `node`."""
    if not isinstance(out, Tensor):
        return out
    edge: Any = node if node.outputs is None else Pick(node, i)  # type: ignore[arg-type]
    given = any(value is out for value in args)
    if any(out is constant for constant in ctx._constant) or out._data.dtype not in FLOATING:
        return out.detach() if given else out
    if any(out is tensor for tensor in ctx._dirty):
        check_writable(out, node.function.__name__)
        rebase(out, edge)
        return out
    if given or out._requires_grad:  # it has a place in the graph already: the result is an alias of its own
        alias = wrap(out._data)
        alias._version, alias._seen = out._version, MADE_WITHOUT_GRAD  # to change it in place would bypass `backward`
        out = alias
    out._node, out._requires_grad = edge, True
    return out
