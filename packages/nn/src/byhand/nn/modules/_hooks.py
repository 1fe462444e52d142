"""Hooks: functions that see, and may replace, what goes into a module, what comes out, and the gradients of both.

What a full backward hook sees passes two boundaries: one step of the graph over all inputs together, one over all outputs.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from byhand.tensor import Tensor, op
from byhand.tensor._graph import Array
from byhand.tensor._handles import RemovableHandle
from byhand.tensor._tensor import wrap

if TYPE_CHECKING:
    from .module import Module

Hook = Callable[..., Any]


# ---------------------------------------------------------------------- registration (methods of Module)


def register_forward_pre_hook(self: Module, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False) -> RemovableHandle:
    """Call `hook(module, args)` before `forward`; what it returns (a value or a tuple) replaces the arguments.

    With `with_kwargs`: `hook(module, args, kwargs)`, which returns None or a pair (args, kwargs).
    """
    return _register(self, "forward_pre", hook if with_kwargs else partial(_without_kwargs_before, hook), prepend)


def register_forward_hook(self: Module, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False) -> RemovableHandle:
    """Call `hook(module, args, output)` after `forward`; what it returns replaces the output.

    With `with_kwargs`: `hook(module, args, kwargs, output)`.
    """
    return _register(self, "forward", hook if with_kwargs else partial(_without_kwargs_after, hook), prepend)


def register_full_backward_pre_hook(self: Module, hook: Hook, prepend: bool = False) -> RemovableHandle:
    """Call `hook(module, grad_output)` when the gradients of the outputs are known; what it returns replaces them."""
    return _register(self, "backward_pre", hook, prepend)


def register_full_backward_hook(self: Module, hook: Hook, prepend: bool = False) -> RemovableHandle:
    """Call `hook(module, grad_input, grad_output)` when the gradients of the inputs are known; the result replaces them."""
    return _register(self, "backward", hook, prepend)


def register_state_dict_pre_hook(self: Module, hook: Hook) -> RemovableHandle:
    """Call `hook(module, prefix, keep_vars)` before the state dict is made."""
    return _register(self, "state_dict_pre", hook)


def register_state_dict_post_hook(self: Module, hook: Hook) -> RemovableHandle:
    """Call `hook(module, state_dict, prefix, local_metadata)` when the state dict is made; it may change it in place."""
    return _register(self, "state_dict_post", hook)


def register_load_state_dict_pre_hook(self: Module, hook: Hook) -> RemovableHandle:
    """Call `hook(module, state_dict, prefix, metadata, strict, missing, unexpected, errors)` before loading."""
    return _register(self, "load_pre", hook)


def register_load_state_dict_post_hook(self: Module, hook: Hook) -> RemovableHandle:
    """Call `hook(module, incompatible_keys)` after loading."""
    return _register(self, "load_post", hook)


def _register(module: Module, kind: str, hook: Hook, prepend: bool = False) -> RemovableHandle:
    hooks = module._hooks.setdefault(kind, OrderedDict())
    handle = RemovableHandle(hooks, hook)
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def _without_kwargs_before(hook: Hook, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    replaced = hook(module, args)
    return None if replaced is None else (replaced if isinstance(replaced, tuple) else (replaced,), kwargs)


def _without_kwargs_after(hook: Hook, module: Module, args: tuple[Any, ...], _: dict[str, Any], output: Any) -> Any:
    return hook(module, args, output)


# ---------------------------------------------------------------------- calling


def call(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run `module.forward` between its hooks."""
    for hook in list(module._hooks.get("forward_pre", {}).values()):
        replaced = hook(module, args, kwargs)
        if replaced is not None:
            if not (isinstance(replaced, tuple) and len(replaced) == 2):
                raise RuntimeError(f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {replaced}.")
            args, kwargs = replaced
    backward = _Backward(module) if module._hooks.get("backward") or module._hooks.get("backward_pre") else None
    if backward:
        args = backward.through(args, backward.at_inputs)
    output = module.forward(*args, **kwargs)
    for hook in list(module._hooks.get("forward", {}).values()):
        replaced = hook(module, args, kwargs, output)
        output = output if replaced is None else replaced
    if not backward:
        return output
    if isinstance(output, Tensor):
        return backward.through((output,), backward.at_outputs)[0]
    return backward.through(output, backward.at_outputs) if isinstance(output, tuple) else output


class _Backward:
    """The backward hooks of one call: they see the outputs' gradients first, then the inputs'."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.inputs = 0
        self.sees_inputs = False
        self.grad_output: tuple[Any, ...] = ()

    def through(self, values: tuple[Any, ...], hook: Hook) -> tuple[Any, ...]:
        """Let those of `values` that require grad pass a boundary at which `hook` is called."""
        places = [i for i, value in enumerate(values) if isinstance(value, Tensor) and value.requires_grad]
        if hook == self.at_inputs:
            self.inputs, self.sees_inputs = len(values), bool(places)
        if not places:
            return values
        passed = _boundary(len(places))(*[values[i] for i in places], hook=partial(_spread, hook, len(values), places))
        passed = passed if len(places) > 1 else (passed,)
        changed = dict(zip(places, passed))
        return tuple(changed.get(i, value) for i, value in enumerate(values))

    def at_outputs(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        """The outputs' gradients are known."""
        for hook in list(self.module._hooks.get("backward_pre", {}).values()):
            gradients = _replaced(gradients, hook(self.module, gradients))
        self.grad_output = gradients
        if not self.sees_inputs:
            self.at_inputs((None,) * self.inputs)
        return gradients

    def at_inputs(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        """The inputs' gradients are known."""
        for hook in list(self.module._hooks.get("backward", {}).values()):
            gradients = _replaced(gradients, hook(self.module, gradients, self.grad_output))
        return gradients


def _replaced(gradients: tuple[Any, ...], given: Any) -> tuple[Any, ...]:
    if given is None:
        return gradients
    replacements: tuple[Any, ...] = given if isinstance(given, tuple) else (given,)
    if len(replacements) != len(gradients):
        counts = f"got {len(replacements)}, but expected {len(gradients)}"
        raise RuntimeError(f"Backward hook returned an invalid number of gradients, {counts}")
    return replacements


def _spread(hook: Hook, count: int, places: list[int], gradients: list[Any]) -> list[Any]:
    """Call `hook` with a gradient, or None, for each of `count` values; return those at `places`."""
    known = dict(zip(places, gradients))
    seen = hook(tuple(known.get(i) for i in range(count)))
    return [seen[i] for i in places]


_boundaries: dict[int, Any] = {}


def _boundary(count: int) -> Any:
    """The operation that hands on `count` tensors and, on the way back, shows all their gradients to a hook."""
    if count not in _boundaries:
        _boundaries[count] = _made_boundary(count)
    return _boundaries[count]


def _made_boundary(count: int) -> Any:
    @op(outputs=tuple(f"out{i}" for i in range(count)))
    def backward_hook(*inputs: Array, hook: Hook) -> Any:  # noqa: ARG001 (for the rule)
        r"""y_i = x_i.   x̄_i = ȳ_i, or what the hook makes of it"""
        copies = tuple(np.array(x) for x in inputs)
        return copies if count > 1 else copies[0]

    @backward_hook.vjp("inputs")
    def _(g: Any, hook: Hook) -> list[Any]:
        plain = not isinstance(g[0] if count > 1 else g, Tensor)
        gradients = list(g) if count > 1 else [g]
        seen = hook([wrap(gradient) if plain else gradient for gradient in gradients])
        return [gradient._data if plain and gradient is not None else gradient for gradient in seen]

    return backward_hook
