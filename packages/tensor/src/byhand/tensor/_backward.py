"""The backward pass: gradients flow from the roots to the leaves, each step once, when all its consumers have spoken.

Kahn's algorithm, iteratively: count how many consumers each step has among those reachable from the roots; a step is
ready when that count has fallen to zero. A graph of any depth works.

Who owns a gradient: what a rule has freshly computed belongs to the step that receives it, and further contributions are
added in place. What a rule merely hands on (add gives the same array to both inputs; reshape gives a view) is borrowed:
the next contribution allocates the sum. A leaf's `.grad` is always memory of its own. (So a rule returns `g`, a view, or
a new array, never one that was saved.)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ._graph import Array, Edge, Part
from ._quiet import quietly
from ._tensor import Tensor, wrap


class Pass:
    """One backward pass over the graph behind some roots.

    Args:
        wanted: the edges whose gradient is returned; None means: add to the `.grad` of every leaf.
        retain: keep what the steps saved.
        create: run the rules on tensors and record them.
    """

    def __init__(self, roots: dict[Edge, Any], wanted: set[Edge] | None, retain: bool, create: bool) -> None:
        self.pending = roots
        self.owned: set[Edge] = set()
        self.wanted = wanted
        self.retain = retain
        self.create = create
        self.consumers = count_consumers(roots)
        self.useful = None if wanted is None else _leading_to(wanted, roots, dict(self.consumers))
        self.found: dict[Edge, Any] = {}

    def run(self) -> dict[Edge, Any]:
        """Carry the gradients through; return those of the wanted edges."""
        consumers = self.consumers
        ready = [edge for edge in self.pending if not consumers[edge]]
        while ready:
            edge = ready.pop()
            gradient = self.pending.pop(edge, None)
            if isinstance(edge, Tensor):
                self._reach_leaf(edge, gradient)
                continue
            gradients = self._step(edge, gradient)
            for parent, part in zip(edge.parents, gradients, strict=True):
                if parent is None:
                    continue
                if part is not None:
                    self._add(parent, part, fresh=part is not gradient)
                consumers[parent] -= 1
                if not consumers[parent]:
                    ready.append(parent)
        return self.found

    def _step(self, node: Any, gradient: Any) -> list[Any]:
        """One step of the pass: the gradients of a node's inputs, each in its input's shape."""
        if gradient is None or (self.useful is not None and node not in self.useful):
            return [None] * len(node.parents)
        if node.hooks:
            gradient = self._hooked(node.hooks, gradient)
        retained = node.retained and node.retained()
        if retained is not None:
            _accumulate(retained, gradient, owned=False, create=self.create)
        if self.wanted is not None and node in self.wanted:
            self.found[node] = gradient
        if self.useful is not None and not any(parent in self.useful for parent in node.parents):
            return [None] * len(node.parents)
        gradients: list[Any] = node.pull(gradient, self.create)
        if not self.retain:
            node.release()
        for i, shape in enumerate(node.shapes):
            part = gradients[i]
            if part is None or shape is None or node.parents[i] is None:
                continue
            if part.shape != shape:
                part = gradients[i] = sum_to(part, shape)
            if not self.create and type(part) is not np.ndarray:
                gradients[i] = np.asarray(part)
        return gradients

    def _add(self, edge: Edge, part: Any, fresh: bool) -> None:
        pending = self.pending
        if isinstance(part, Part):
            slots = pending.setdefault(edge, [None] * len(edge.outputs))
            have = slots[part.output]
            slots[part.output] = part.gradient if have is None else have + part.gradient
        elif edge not in pending:
            pending[edge] = part
            if fresh and not self.create and part.base is None:
                self.owned.add(edge)
        elif self.create:
            pending[edge] = pending[edge] + part
        elif edge in self.owned:
            have = pending[edge]
            quietly(np.add, have, part, out=have)
        else:
            pending[edge] = np.asarray(quietly(np.add, pending[edge], part))
            self.owned.add(edge)

    def _reach_leaf(self, leaf: Tensor, gradient: Any) -> None:
        if gradient is None:
            return
        owned = leaf in self.owned
        if leaf._hooks:
            gradient = self._hooked(leaf._hooks["gradient"], gradient)
            owned = False  # a hook may have kept it
        if self.wanted is not None:
            if leaf in self.wanted:
                self.found[leaf] = gradient
            return
        _accumulate(leaf, gradient, owned=owned, create=self.create)
        if leaf._hooks:
            for hook in list(leaf._hooks["accumulated"].values()):
                hook(leaf)

    def _hooked(self, hooks: dict[int, Any], gradient: Any) -> Any:
        """The gradient after each hook has seen it and perhaps replaced it."""
        if isinstance(gradient, list):
            return gradient
        for hook in list(hooks.values()):
            given = gradient if self.create else wrap(gradient)
            replaced = hook(given)
            if replaced is not None:
                if tuple(replaced.shape) != gradient.shape:
                    raise RuntimeError(
                        f"a hook has changed the size of the gradient from {gradient.shape} to {tuple(replaced.shape)}"
                    )
                gradient = replaced if self.create else replaced._data
        return gradient


def _accumulate(tensor: Tensor, gradient: Any, owned: bool, create: bool) -> None:
    """Add to `.grad`, in place where nobody else can be looking at the memory through a graph."""
    have = tensor._grad
    if create:
        tensor._grad = gradient.clone() if have is None else have + gradient
    elif have is None:
        tensor._grad = wrap(gradient if owned else np.array(gradient, order="C"))
    elif have._requires_grad:
        tensor._grad = wrap(np.asarray(quietly(np.add, have._data, gradient)))
    else:
        quietly(np.add, have._data, gradient, out=have._data)
        have._version[0] += 1


def deliver(tensor: Tensor, gradient: Any, create: bool) -> None:
    """Add a gradient that was asked for by `backward(inputs=…)`."""
    _accumulate(tensor, gradient, owned=False, create=create)


def sum_to(gradient: Any, shape: tuple[int, ...]) -> Any:
    """Undo broadcasting: sum a gradient over the dimensions in which an input of `shape` was repeated.

    y_i = x_{b(i)}  ⇒  x̄_j = Σ_{i: b(i)=j} ȳ_i
    """
    extra = gradient.ndim - len(shape)
    repeated = tuple(range(extra)) + tuple(
        i + extra for i, size in enumerate(shape) if size == 1 and gradient.shape[i + extra] != 1
    )
    summed = quietly(np.sum, gradient, axis=repeated, keepdims=True) if repeated else gradient
    return np.reshape(summed, shape) if extra else summed


def count_consumers(roots: Iterable[Edge]) -> dict[Edge, int]:
    """Count, for each step and leaf behind the roots, how many steps will send it a gradient."""
    counts: dict[Edge, int] = dict.fromkeys(roots, 0)
    stack = list(counts)
    while stack:
        edge = stack.pop()
        if isinstance(edge, Tensor):
            continue
        for parent in edge.parents:
            if parent is None:
                continue
            if parent in counts:
                counts[parent] += 1
            else:
                counts[parent] = 1
                stack.append(parent)
    return counts


def _leading_to(wanted: set[Edge], roots: Iterable[Edge], consumers: dict[Edge, int]) -> set[Edge]:
    """The steps from which a wanted edge can be reached; the others need not be computed."""
    order = []
    ready = [edge for edge in roots if not consumers[edge]]
    while ready:
        edge = ready.pop()
        order.append(edge)
        for parent in () if isinstance(edge, Tensor) else edge.parents:
            if parent is not None:
                consumers[parent] -= 1
                if not consumers[parent]:
                    ready.append(parent)
    useful = set(wanted)
    for edge in reversed(order):
        if not isinstance(edge, Tensor) and any(parent in useful for parent in edge.parents):
            useful.add(edge)
    return useful


def as_gradient(root: Tensor, gradient: Any, create: bool) -> Array | Tensor:
    """Check the gradient given for a root and return it as the pass wants it."""
    data = root._data
    if gradient is None:
        if data.size != 1:
            raise RuntimeError(
                f"grad can be implicitly created only for scalar outputs, but the shape is {data.shape}; "
                "reduce it (sum, mean) or pass gradient="
            )
        ones = np.ones(data.shape, data.dtype)
        return wrap(ones) if create else ones
    if not isinstance(gradient, Tensor):
        raise TypeError(f"gradient must be a Tensor or None, not {type(gradient).__name__}; wrap it with tensor()")
    if gradient._data.shape != data.shape:
        raise RuntimeError(f"Mismatch in shape: the gradient has shape {gradient._data.shape}, the output {data.shape}")
    if create:
        return gradient if gradient._data.dtype == data.dtype else gradient.to(data.dtype)
    return gradient._data.astype(data.dtype, copy=False)
