"""The graph that a computation leaves behind: one `Node` for each recorded operation.

A node knows its operation, its parents (the nodes, or leaf tensors, from which gradient-requiring inputs came) and
exactly the arrays that the rules of those inputs ask for. It never points at the tensor that it produced, so there is no
reference cycle, and a graph dies by reference counting the moment its last tensor goes out of scope.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from ._entry import Op, Plan
    from ._tensor import Tensor

Array = Any  # an ndarray; in rules, under create_graph, a Tensor
Shape = tuple[int, ...]
Edge = Any  # a Node, a Pick, or the leaf Tensor whose .grad receives the gradient


Stamp = tuple[list[int], int]  # the version counter of a saved value's memory, and its version when it was saved
UNCHANGING: Stamp = ([0], 0)  # of what no one else can see

AGE = count(0, -1)  # a step's place in the order of creation: the youngest has the smallest number


class Node:
    """One recorded operation."""

    __slots__ = (
        "__weakref__", "age", "hooks", "op", "options", "outputs", "parents", "plan", "retained", "saved", "shapes", "stamps",
    )  # fmt: skip

    def __init__(
        self,
        op: Op,
        plan: Plan,
        parents: list[Edge | None],
        shapes: list[Shape],
        saved: list[Any],
        stamps: list[Stamp],
        options: dict[str, Any],
    ) -> None:
        self.age = next(AGE)
        self.op = op
        self.plan = plan  # which rules run, and what they ask for
        self.parents = parents  # None for an input that needs no gradient
        self.shapes = shapes  # of the inputs
        self.saved: list[Any] | None = saved
        self.stamps = stamps  # of the saved inputs and outputs
        self.options = options
        self.outputs: tuple[tuple[Shape, Any], ...] | None = None  # shape and dtype of each, where there are several
        self.hooks: dict[int, Callable[[Any], Any]] | None = None
        self.retained: weakref.ref[Tensor] | None = None

    def name(self) -> str:
        """Return PyTorch's name for this step of the backward pass, such as `MulBackward0`."""
        return "".join(map(str.capitalize, self.op.name.strip("_").split("_"))) + "Backward0"

    @property
    def next_functions(self) -> tuple[tuple[Edge | None, int], ...]:
        """The steps that receive this step's gradients: nodes, or the leaf tensors themselves."""
        return tuple((parent, 0) for parent in self.parents)

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"

    def pull(self, g: Any, as_tensors: bool) -> list[Any]:
        """Return the gradient of each input, given the gradient `g` of the output (a list, where there are several).

        The rules run on arrays in an ordinary backward pass, and on tensors under `create_graph`.
        """
        saved = self.saved
        if saved is None:
            raise RuntimeError(
                f"Trying to backward through the graph a second time ({self.op.name}: its saved values have been freed). "
                "Say retain_graph=True in the first backward() or autograd.grad() if you need a second one."
            )
        for counter, version in self.stamps:
            if counter[0] != version:
                saved = self._unchanged(saved)
                break
        if as_tensors:
            saved = self._tensors(saved)
        if self.outputs is not None:
            g = self._fill(g, as_tensors)
        gradients: list[Any] = [None] * len(self.parents)
        for rule, sources, facts, positions, joint in self.plan.pulls:
            if facts:
                pulled = rule(g, *[self._fact(s, positions) if type(s) is str else saved[s] for s in sources])
            else:
                pulled = rule(g, *map(saved.__getitem__, sources))  # half the time of a list
            if joint:
                for position, gradient in zip(positions, pulled, strict=True):
                    gradients[position] = gradient
            else:
                gradients[positions[0]] = pulled
        return gradients

    def release(self) -> None:
        """Drop the saved arrays; a second backward pass that needs them will say so."""
        if self.saved:
            self.saved = None

    def _unchanged(self, saved: list[Any]) -> list[Any]:
        """The saved values without those whose memory has been changed since. Raises RuntimeError if a rule needs one of them."""
        left = saved.copy()
        for i, (counter, version) in enumerate(self.stamps):
            if counter[0] != version:
                if self.plan.names[i] not in self.op.dispensable:
                    raise RuntimeError(
                        "one of the variables needed for gradient computation has been modified by an inplace operation: "
                        f"{self.plan.names[i]!r} of {self.op.name}, shape {np.shape(saved[i])}, is at version {counter[0]}; "
                        f"expected version {version} instead. Clone it before changing it in place."
                    )
                left[i] = None
        return left

    def _fact(self, name: str, positions: tuple[int, ...]) -> Any:
        """What a rule may ask for besides saved arrays: an option, or shapes, or which gradients are needed."""
        if name == "shape":
            return self.shapes[positions[0]]
        if name == "shapes":
            return self.shapes
        if name == "needs":
            return tuple([self.parents[position] is not None for position in positions])
        return self.options[name]

    def _fill(self, gradients: list[Any], as_tensors: bool) -> list[Any]:
        """Zeros for the outputs that played no part in what is being differentiated."""
        from ._tensor import wrap

        assert self.outputs is not None
        filled = []
        for gradient, (shape, dtype) in zip(gradients, self.outputs, strict=True):
            if gradient is None:
                gradient = wrap(np.zeros(shape, dtype)) if as_tensors else np.zeros(shape, dtype)
            filled.append(gradient)
        return filled

    def _tensors(self, saved: list[Any]) -> list[Any]:
        """The saved arrays as tensors that stand in this graph, so that the rules themselves can be differentiated."""
        plan = self.plan
        edges = [self.parents[i] for i in plan.inputs]
        edges += [self if self.outputs is None else Pick(self, i) for i in plan.outputs]
        shown = len(edges)
        tensors = [*map(attach, saved, edges), *saved[shown:]]
        if plan.hidden:
            remade = self.op.remade(dict(zip(plan.names, tensors, strict=True)), self.options)
            tensors[shown:] = [remade.get(name, value) for name, value in zip(plan.names[shown:], tensors[shown:], strict=True)]
        return tensors


class Pick:
    """One output of an operation that has several: it passes its gradient on as that output's part."""

    __slots__ = ("__weakref__", "age", "hooks", "index", "parents", "retained", "shapes")

    def __init__(self, node: Node, index: int) -> None:
        self.age = next(AGE)
        self.index = index
        self.parents = (node,)
        self.shapes = (None,)
        self.hooks: dict[int, Callable[[Any], Any]] | None = None
        self.retained: weakref.ref[Tensor] | None = None

    def name(self) -> str:
        """Return the name of the operation whose output this is."""
        return self.parents[0].name()

    @property
    def next_functions(self) -> tuple[tuple[Edge | None, int], ...]:
        """The inputs of the operation whose output this is."""
        return self.parents[0].next_functions

    def __repr__(self) -> str:
        return f"<{self.name()} object, output {self.index}, at {id(self):#x}>"

    def pull(self, g: Any, as_tensors: bool) -> list[Any]:  # noqa: ARG002 (as Node's)
        """Return the gradient as one part of the operation's."""
        return [Part(self.index, g)]

    def release(self) -> None:
        """Nothing is saved here."""


class Part(NamedTuple):
    """The gradient of one output among several."""

    output: int
    gradient: Any


def attach(value: Any, edge: Edge | None) -> Any:
    """Return a tensor over the array `value` that came from `edge`: a step, a leaf tensor, or nothing that needs a gradient."""
    from ._tensor import Tensor, wrap

    if not isinstance(value, np.ndarray):
        return value
    if isinstance(edge, Tensor):
        return edge
    tensor = wrap(value)
    if edge is not None:
        tensor._node = edge
        tensor._requires_grad = True
    return tensor
