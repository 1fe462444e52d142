"""Custom operations in the graph: a node that calls the user's `backward`, with what the forward saved."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._graph import AGE, Array, Edge, Pick, attach
from .._tensor import FROZEN, Tensor, wrap
from .._views import follow_base

if TYPE_CHECKING:
    from ._context import FunctionCtx
    from .function import Function

Kind = tuple[tuple[int, ...], Any]  # shape and dtype


def edge_of(tensor: Tensor) -> Edge | None:
    """Where `tensor`'s gradient goes: the step that made it, itself if it is a leaf, None if it requires no gradient."""
    if tensor._base is not None:
        follow_base(tensor)
    if not tensor._requires_grad:
        return None
    return tensor if tensor._node is None else tensor._node


class Saved(NamedTuple):
    """A tensor kept for the backward pass: its memory, its place in the graph, and its version when it was saved."""

    array: Array
    edge: Edge | None
    output: int | None  # which output of the step itself it is: an edge to the step would be a cycle
    counter: list[int]
    version: int


class CustomNode:
    """One application of a `Function`, with the interface of `Node`."""

    __slots__ = (
        "__weakref__", "age", "ctx", "freed", "function", "hooks", "kinds", "outputs", "parents", "retained", "saved", "shapes",
    )  # fmt: skip

    def __init__(self, function: type[Function], ctx: FunctionCtx, parents: list[Edge | None], args: tuple[Any, ...]) -> None:
        self.age = next(AGE)
        self.function = function
        self.ctx = ctx
        self.parents = parents
        self.shapes: list[tuple[int, ...] | None] = [a._data.shape if isinstance(a, Tensor) else None for a in args]
        self.kinds = [a._data.dtype if isinstance(a, Tensor) else None for a in args]
        self.outputs: tuple[Kind | None, ...] | None = None  # shape and dtype of each, where there are several
        self.saved: tuple[Saved | None, ...] = ()
        self.freed = False
        self.hooks: dict[int, Any] | None = None
        self.retained: weakref.ref[Tensor] | None = None
        ctx._node = weakref.ref(self)

    def name(self) -> str:
        """Return the class's name and `Backward`, as PyTorch does."""
        return f"{self.function.__name__}Backward"

    @property
    def next_functions(self) -> tuple[tuple[Edge | None, int], ...]:
        """The steps that receive this step's gradients."""
        return tuple((parent, 0) for parent in self.parents)

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"

    def save(self, results: tuple[Any, ...]) -> None:
        """Take over what the forward gave to `save_for_backward`."""
        tensors, self.ctx._to_save = self.ctx._to_save, ()
        self.saved = tuple([None if tensor is None else self._saved(tensor, results) for tensor in tensors])

    def _saved(self, tensor: Tensor, results: tuple[Any, ...]) -> Saved:
        counter = tensor._version
        if counter is FROZEN:
            raise RuntimeError(
                f"{self.function.__name__}: Inference tensors cannot be saved for backward (shape {tuple(tensor.shape)}). "
                "clone() it outside inference_mode first."
            )
        output = next((i for i, result in enumerate(results) if result is tensor and tensor._requires_grad), None)
        return Saved(tensor._data, edge_of(tensor) if output is None else None, output, counter, counter[0])

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What was saved, as tensors that stand in the graph where the saved ones stood."""
        if self.freed:
            raise RuntimeError(
                "Trying to backward through the graph a second time (or directly access saved tensors after they have already "
                f"been freed): {self.name()}. Say retain_graph=True in the first backward() or autograd.grad()."
            )
        return tuple([None if saved is None else self._restored(saved) for saved in self.saved])

    def _restored(self, saved: Saved) -> Tensor:
        if saved.counter[0] != saved.version:
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an inplace operation: a tensor of "
                f"shape {saved.array.shape} saved by {self.function.__name__} is at version {saved.counter[0]}; "
                f"expected version {saved.version} instead. Clone it before changing it in place."
            )
        edge = saved.edge
        if saved.output is not None:
            edge = self if self.outputs is None else Pick(self, saved.output)  # type: ignore[arg-type]
        tensor: Tensor = attach(saved.array, edge)
        if tensor is not edge:
            tensor._version = saved.counter
        return tensor

    def release(self) -> None:
        """Drop the saved tensors."""
        self.freed = bool(self.saved)
        self.saved = ()

    def pull(self, g: Any, as_tensors: bool) -> list[Any]:
        """Ask the user's `backward` for the gradient of each argument, given that of the output (or outputs)."""
        if self.freed:
            self.saved_tensors  # noqa: B018 (raises)
        gradients = g if self.outputs is not None else [g]
        given = [wrap(x) if isinstance(x, np.ndarray) else x for x in gradients]
        if self.outputs is not None and self.ctx._materialize:
            given = [_zeros(kind) if x is None else x for x, kind in zip(given, self.outputs, strict=True)]
        answer = self.function.backward(self.ctx, *given)
        several = answer if isinstance(answer, tuple) else (answer,)
        fitted = [self._fitted(i, part) for i, part in enumerate(self._one_each(several))]
        # A view, since the tensor may be the user's own: the engine adds to nothing that has a base.
        return fitted if as_tensors else [None if part is None else part._data.view() for part in fitted]

    def _one_each(self, answer: tuple[Any, ...]) -> tuple[Any, ...]:
        """As many gradients as there are arguments; further ones may only be None."""
        count = len(self.parents)
        if len(answer) < count or any(part is not None for part in answer[count:]):
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected {count}, got {len(answer)})"
            )
        return answer[:count]

    def _fitted(self, i: int, gradient: Any) -> Tensor | None:
        """Check one gradient against its input and give it the input's dtype; the engine undoes broadcasting."""
        if gradient is None:
            return None
        shape = self.shapes[i]
        if shape is None:
            raise RuntimeError(
                f"function {self.name()} returned a gradient different than None at position {i + 1}, "
                "but the corresponding forward input was not a Variable"
            )
        if not isinstance(gradient, Tensor):
            raise RuntimeError(f"expected Variable or None (got {type(gradient).__name__}) from {self.name()}")
        if not _expandable(shape, gradient._data.shape):
            raise RuntimeError(
                f"Function {self.name()} returned an invalid gradient at index {i} - got {list(gradient.shape)} "
                f"but expected shape compatible with {list(shape)}"
            )
        return gradient if self.parents[i] is None else gradient.to(self.kinds[i])


class Refusal:
    """Behind the results of a `once_differentiable` backward: a step that cannot be taken."""

    __slots__ = ("__weakref__", "age", "hooks", "outputs", "parents", "retained", "shapes")

    def __init__(self, parents: list[Edge | None]) -> None:
        self.age = next(AGE)
        self.parents = parents
        self.shapes = [None] * len(parents)
        self.outputs = None
        self.hooks: dict[int, Any] | None = None
        self.retained: weakref.ref[Tensor] | None = None

    @classmethod
    def stamp(cls, result: Tensor, parents: list[Edge | None]) -> Tensor:
        """Return `result` as a tensor that may be used but not differentiated."""
        return attach(result._data, cls(parents))  # type: ignore[no-any-return]

    def name(self) -> str:
        """Return the name of the step."""
        return "OnceDifferentiableBackward"

    @property
    def next_functions(self) -> tuple[tuple[Edge | None, int], ...]:
        """The steps to which nothing will be sent."""
        return tuple((parent, 0) for parent in self.parents)

    def pull(self, g: Any, as_tensors: bool) -> list[Any]:  # noqa: ARG002 (as Node's)
        """Raise RuntimeError."""
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")

    def release(self) -> None:
        """Nothing is saved here."""


def _zeros(kind: Kind | None) -> Tensor | None:
    """The gradient of an output that received none; None for one that is no tensor."""
    return None if kind is None else wrap(np.zeros(*kind))


def _expandable(shape: tuple[int, ...], wider: tuple[int, ...]) -> bool:
    """Whether an array of `shape` broadcasts to exactly the shape `wider`."""
    extra = len(wider) - len(shape)
    return extra >= 0 and all(size in (1, other) for size, other in zip(shape, wider[extra:], strict=True))
