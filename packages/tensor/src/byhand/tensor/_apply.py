"""Applying an operation: the path that every one of them takes, from arguments to result and node."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ._dtypes import FLOATING
from ._entry import Op
from ._errors import explained
from ._graph import UNCHANGING, Edge, Node, Pick
from ._modes import GRAD
from ._quiet import ERRORS, IGNORED
from ._tensor import FROZEN, Tensor, wrap
from ._views import follow_base, link_view

_WEAK = frozenset({float, int, type(None)})  # beside floating tensors, these change no dtype


def record(op: Op, args: Any, arrays: list[Any], options: dict[str, Any], outs: tuple[Any, ...], results: Any) -> Node:
    """Make the node of one application: its parents, and the arrays that the rules in question ask for."""
    parents: list[Edge | None] = []
    mask, bit = 0, 1  # bit i of the mask: input i requires grad
    for a in args:
        if isinstance(a, Tensor) and a._requires_grad:
            mask += bit
            parents.append(a._node or a)
        else:
            parents.append(None)
        bit += bit
    plan = op.plans.get((mask, len(parents)) if op.variadic else mask) or op.plan(mask, len(parents))
    saved, stamps = [], []
    for i in plan.inputs:
        saved.append(arrays[i])
        argument = args[i]
        if isinstance(argument, Tensor):
            counter = argument._version
            if counter is FROZEN:
                raise RuntimeError(
                    f"{op.name}: an inference tensor cannot be saved for backward ({op.arrays[i]!r}, shape "
                    f"{tuple(argument.shape)}). clone() it outside inference_mode first."
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
    return Node(op, plan, parents, saved, stamps, options, [a.shape if isinstance(a, np.ndarray) else () for a in arrays])


def application(op: Op) -> Callable[..., Any]:
    """The function that applies `op` to tensors: the path that every operation takes."""
    forward, promote, defaults, view, rules = op.forward, op.promote, op.defaults, op.view, op.rules
    arity = -1 if op.variadic or inspect.Parameter.empty in defaults.values() else len(op.arrays)
    single = len(op.outputs) == 1
    takes_dtype = "dtype" in defaults

    def apply(*args: Any, **kwargs: Any) -> Any:
        options = defaults
        if kwargs or len(args) != arity:
            args, options = op.bind(args, kwargs)
        arrays: list[Any] = []
        requires, plain, dtype = False, True, None
        for a in args:
            if isinstance(a, Tensor):
                if a._base is not None:
                    follow_base(a)
                if a._requires_grad:
                    requires = True
                array = a._data
                if array.dtype is not dtype:
                    plain = plain and dtype is None
                    dtype = array.dtype
                arrays.append(array)
            else:
                plain = plain and type(a) in _WEAK
                arrays.append(a)
        if not plain or dtype not in FLOATING or (takes_dtype and options["dtype"] is not None):
            if promote is not None:
                args = tuple(promote(list(args), options))
            arrays, requires, args = _unwrap(op, args)

        before = ERRORS.set(IGNORED)  # what `quietly` does, without a call
        try:
            out = forward(*arrays, **options)
        except Exception as error:
            raise explained(error, op.name, op.arrays, arrays, options) from error
        finally:
            ERRORS.reset(before)
        if not single:
            return _several(op, args, arrays, options, out, requires)
        if type(out) is not np.ndarray:
            out = np.asarray(out)
        result = wrap(out)
        if view:
            link_view(result, args[0])
        if requires and rules and GRAD.get():
            result._node = record(op, args, arrays, options, (out,), (result,))
            result._requires_grad = True
        return result

    return apply


def _unwrap(op: Op, args: Any) -> tuple[list[Any], bool, tuple[Any, ...]]:
    """The arrays behind the arguments, after foreign arrays have become tensors."""
    args = tuple([wrap(np.asarray(a)) if isinstance(a, np.ndarray | np.generic) else a for a in args])
    arrays = [a._data if isinstance(a, Tensor) else a for a in args]
    for name, array in zip(op.arrays, arrays, strict=False):
        if not isinstance(array, np.ndarray | int | float | complex | None):
            raise TypeError(f"{op.name}(): argument {name!r} must be Tensor, not {type(array).__name__}")
    return arrays, any([isinstance(a, Tensor) and a._requires_grad for a in args]), args


def _several(op: Op, args: Any, arrays: list[Any], options: dict[str, Any], outs: tuple[Any, ...], requires: bool) -> Any:
    """Wrap the outputs of an operation that has several; the hidden ones stay in the node."""
    results = tuple([wrap(np.asarray(out)) for out in outs[: op.public]])
    if requires and op.rules and GRAD.get():
        node = record(op, args, arrays, options, outs, results)
        if op.public == 1:
            results[0]._node, results[0]._requires_grad = node, True
        else:
            node.outputs = tuple([(result._data.shape, result._data.dtype) for result in results])
            for i, result in enumerate(results):
                if result._data.dtype in FLOATING:
                    result._node, result._requires_grad = Pick(node, i), True
    return results[0] if op.public == 1 else results
