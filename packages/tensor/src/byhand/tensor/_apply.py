"""Applying an operation: the path that every one of them takes, from arguments to result and node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from ._dtypes import FLOATING, DType
from ._entry import Op
from ._errors import explained
from ._graph import UNCHANGING, Edge, Node, Pick, Shape, Stamp
from ._modes import GRAD
from ._quiet import ERRORS, IGNORED
from ._signature import Missing
from ._tensor import FROZEN, Tensor, wrap
from ._views import follow_base, link_view

_WEAK = frozenset({float, int, type(None)})  # beside floating tensors, these change no dtype


Behind = tuple[list[Any], list[Edge | None], list[Shape], int]


def opened(args: Any) -> tuple[Behind, DType | None]:
    """What stands behind the arguments: their arrays, the edges of those that require grad, the shapes, and a mask (bit i:
    argument i requires grad); and the one floating dtype that all have, or None: then promotion must look at them.
    """
    arrays: list[Any] = []
    edges: list[Edge | None] = []
    shapes: list[Shape] = []
    mask, bit, dtype, alike = 0, 1, None, True
    for a in args:
        if isinstance(a, Tensor):
            if a._base is not None:
                follow_base(a)
            array = a._data
            arrays.append(array)
            shapes.append(array.shape)
            if array.dtype is not dtype:
                alike = alike and dtype is None
                dtype = array.dtype
            if a._requires_grad:
                mask += bit
                edges.append(a._node or a)
            else:
                edges.append(None)
        else:
            arrays.append(a)
            shapes.append(())
            edges.append(None)
            alike = alike and type(a) in _WEAK
        bit += bit
    return (arrays, edges, shapes, mask), dtype if alike and dtype in FLOATING else None


def record(op: Op, args: Any, behind: Behind, options: dict[str, Any], outs: tuple[Any, ...], results: Any) -> Node:
    """Make the node of one application, with the arrays that the rules in question ask for."""
    arrays, edges, shapes, mask = behind
    plan = op.plans.get((mask, len(edges)) if op.variadic else mask) or op.plan(mask, len(edges))
    saved: list[Any] = []
    stamps: list[Stamp] = []
    for i in plan.inputs:
        saved.append(arrays[i])
        a = args[i]
        if isinstance(a, Tensor):
            counter = a._version
            if counter is FROZEN:
                raise RuntimeError(
                    f"{op.name}: an inference tensor cannot be saved for backward ({op.arrays[i]!r}, shape {tuple(a.shape)}). "
                    "clone() it outside inference_mode first."
                )
            stamps.append((counter, counter[0]))
        else:
            stamps.append(UNCHANGING)
    for i in plan.outputs:
        saved.append(outs[i])
        counter = results[i]._version
        stamps.append((counter, counter[0]))
    for i in plan.hidden:
        saved.append(outs[i])
    return Node(op, plan, edges, shapes, saved, stamps, options)


def recorded(op: Op, args: tuple[Any, ...], options: dict[str, Any]) -> Node:
    """Return the node of an operation whose result already stands in memory."""
    behind, _ = opened(args)
    return record(op, args, behind, options, (), ())


def application(op: Op) -> Callable[..., Any]:
    """The function that applies `op` to tensors: the path that every operation takes."""
    forward, promote, defaults, view, rules = op.forward, op.promote, op.defaults, op.view, op.rules
    arity = -1 if op.variadic or Missing in defaults.values() else len(op.arrays)
    several, hidden = op.public > 1, len(op.outputs) > op.public
    takes_dtype = "dtype" in defaults

    def apply(*args: Any, **kwargs: Any) -> Any:
        options = defaults
        if kwargs or len(args) != arity:
            args, options = op.bind(args, kwargs)
        behind, dtype = opened(args)
        if dtype is None or (takes_dtype and options["dtype"] is not None):
            args = _checked(op, args if promote is None else promote(list(args), options))
            behind, _ = opened(args)
        arrays = behind[0]

        before = ERRORS.set(IGNORED)  # what `quietly` does, without a call
        try:
            out = forward(*arrays, **options)
        except Exception as error:
            raise explained(error, op.name, op.arrays, arrays, options) from error
        finally:
            ERRORS.reset(before)
        if several:
            return _several(op, args, behind, options, out)
        first = out[0] if hidden else out
        if type(first) is not ndarray:
            first = np.asarray(first)
        result = wrap(first)
        if view:
            link_view(result, args[0])
        if behind[3] and rules and GRAD.get():
            outs = (first, *out[1:]) if hidden else (first,)
            result._node = record(op, args, behind, options, outs, (result,))
            result._requires_grad = True
        return result

    return apply


def _checked(op: Op, args: Any) -> tuple[Any, ...]:
    """The arguments with foreign arrays as tensors. Raises TypeError for what an operation cannot take."""
    tensors = tuple([wrap(np.asarray(a)) if isinstance(a, ndarray | np.generic) else a for a in args])
    for name, a in zip(op.arrays, tensors, strict=False):
        if not isinstance(a, Tensor | int | float | complex | None):
            raise TypeError(f"{op.name}(): argument {name!r} must be Tensor, not {type(a).__name__}")
    return tensors


def _several(op: Op, args: Any, behind: Behind, options: dict[str, Any], outs: tuple[Any, ...]) -> Any:
    """Wrap the outputs of an operation of which the caller sees several; the hidden ones stay in the node."""
    results = tuple([wrap(np.asarray(out)) for out in outs[: op.public]])
    if op.view:
        for result in results:
            link_view(result, args[0])
    if behind[3] and op.rules and GRAD.get():
        node = record(op, args, behind, options, outs, results)
        node.outputs = tuple([(result._data.shape, result._data.dtype) for result in results])
        for i, result in enumerate(results):
            if result._data.dtype in FLOATING:
                result._node, result._requires_grad = Pick(node, i), True
    return results
