"""`FunctionCtx`: what a custom operation's forward hands to its backward."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from .._tensor import Tensor

if TYPE_CHECKING:
    from ._custom import CustomNode


class FunctionCtx:
    """The `ctx` of a custom operation; further attributes may be set on it freely.

    Attributes:
        needs_input_grad: for each argument of the forward, whether its gradient is wanted.
        saved_tensors: what `save_for_backward` was given.
    """

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._to_save: tuple[Tensor | None, ...] = ()
        self._dirty: tuple[Tensor, ...] = ()
        self._constant: tuple[Tensor, ...] = ()
        self._materialize = True
        self._node: weakref.ref[CustomNode] | None = None  # the node holds its ctx: a reference back would be a cycle

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs, outputs or intermediate tensors for `backward`; changing them in place after that is an error."""
        for i, tensor in enumerate(tensors):
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {i} is of type {type(tensor).__name__}; "
                    "set it as an attribute of ctx instead"
                )
        self._to_save = tensors

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """The saved tensors. Raises RuntimeError once they were freed, or if one has been changed in place."""
        node = None if self._node is None else self._node()
        return self._to_save if node is None else node.saved_tensors

    def mark_dirty(self, *args: Tensor) -> None:
        """Say which inputs the forward has changed in place; each must be among the outputs."""
        self._dirty = _tensors(args, "mark_dirty")

    def mark_non_differentiable(self, *args: Tensor) -> None:
        """Say which outputs are constants to the backward pass: they will not require grad."""
        self._constant = _tensors(args, "mark_non_differentiable")

    def set_materialize_grads(self, value: bool) -> None:
        """Say whether `backward` gets zeros (True, the default) or None for outputs that received no gradient."""
        self._materialize = bool(value)

    def _parents(self) -> list[Any]:
        """The edges to which this step sends gradients."""
        node = None if self._node is None else self._node()
        return [] if node is None else [parent for parent in node.parents if parent is not None]


def _tensors(args: tuple[Any, ...], name: str) -> tuple[Tensor, ...]:
    for value in args:
        if not isinstance(value, Tensor):
            raise RuntimeError(f"{name} only accepts variable arguments, but got {type(value).__name__}")
    return args
