"""The backward pass: gradients flow from the roots to the leaves, each step once, when all its consumers have spoken.

The steps are taken in the reverse order of their creation. Whatever used a step's result was created later, so when a step
is the youngest of those that wait, its gradient is complete. No recursion: a graph of any depth works. The leaves come last.

Who owns a gradient: what a rule has freshly computed belongs to the step that receives it, and further contributions are
added in place. What a rule merely hands on (add gives the same array to both inputs; reshape gives a view) is borrowed, as
are the gradients that the pass starts from: the next contribution allocates the sum. A leaf's `.grad` is always memory of its
own. (So a rule returns `g`, a view, or a new array, never one that was saved.)
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np

from ._graph import Array, Edge, Part
from ._sums import over_rows
from ._tensor import Tensor, wrap


def run(roots: dict[Edge, Any], wanted: set[Edge] | None, retain: bool, create: bool) -> dict[Edge, Any]:
    """Carry gradients from the roots through the graph behind them; return those of the wanted edges.

    Args:
        roots: the edges from which the pass starts, with the gradient of each.
        wanted: the edges whose gradient is returned; None means: add to the `.grad` of every leaf.
        retain: keep what the steps saved.
        create: run the rules on tensors and record them.
    """
    found: dict[Edge, Any] = {}
    useful = None if wanted is None else _leading_to(wanted, roots)
    pending, borrowed = roots, set(roots)
    steps = [(edge.age, edge) for edge in roots if not isinstance(edge, Tensor)]
    if len(steps) > 1:
        heapify(steps)
    while steps:
        _, node = heappop(steps)
        gradient = pending.pop(node)
        if node.hooks or node.retained or wanted is not None:
            gradient = _shown(node, gradient, found, wanted, create)
            if useful is not None and useful.isdisjoint(node.parents):
                continue
        parts = node.pull(gradient, create)
        if not retain:
            node.release()
        for parent, part, shape in zip(node.parents, parts, node.shapes, strict=True):
            if part is None or parent is None:
                continue
            if shape is not None and part.shape != shape:
                part = sum_to(part, shape)
            if parent in pending:
                _add(pending, borrowed, parent, part, create)
                continue
            if type(part) is np.ndarray:
                if part is gradient or part.base is not None:
                    borrowed.add(parent)
            elif not create or isinstance(part, Part):
                part = _first(part, parent)
            pending[parent] = part
            if not isinstance(parent, Tensor):
                heappush(steps, (parent.age, parent))
    for leaf, gradient in pending.items():
        if leaf._hooks or wanted is not None:
            _reach(leaf, gradient, leaf not in borrowed, found, wanted, create)
        else:
            accumulate(leaf, gradient, leaf not in borrowed, create)
    return found


def _first(part: Any, edge: Edge) -> Any:
    """A first contribution that is no array: one output's part among several, or a number that NumPy made of a 0-d array."""
    if not isinstance(part, Part):
        return np.asarray(part)
    parts = [None] * len(edge.outputs)
    parts[part.output] = part.gradient
    return parts


def _add(pending: dict[Edge, Any], borrowed: set[Edge], edge: Edge, part: Any, create: bool) -> None:
    """Add a further contribution to a pending gradient, in place where the pass owns it."""
    have = pending[edge]
    if isinstance(part, Part):
        other = have[part.output]
        have[part.output] = part.gradient if other is None else other + part.gradient
    elif create or edge in borrowed:
        pending[edge] = have + part if create else np.asarray(have + part)
        borrowed.discard(edge)
    else:
        have += part


def _shown(node: Any, gradient: Any, found: dict[Edge, Any], wanted: set[Edge] | None, create: bool) -> Any:
    """The gradient of a step's output after everyone who asked for it has seen it, and perhaps replaced it."""
    if node.hooks:
        gradient = _hooked(node.hooks, gradient, create)
    retained = node.retained and node.retained()
    if retained is not None:
        accumulate(retained, gradient, owned=False, create=create)
    if wanted is not None and node in wanted:
        found[node] = gradient
    return gradient


def _reach(
    leaf: Tensor, gradient: Any, owned: bool, found: dict[Edge, Any], wanted: set[Edge] | None, create: bool
) -> None:
    """Hand a leaf its gradient: everything has been added up."""
    if leaf._hooks:
        gradient = _hooked(leaf._hooks["gradient"], gradient, create)
        owned = False  # a hook may have kept it
    if wanted is not None:
        if leaf in wanted:
            found[leaf] = gradient
        return
    accumulate(leaf, gradient, owned, create)
    if leaf._hooks:
        for hook in list(leaf._hooks["accumulated"].values()):
            hook(leaf)


def _hooked(hooks: dict[int, Any], gradient: Any, create: bool) -> Any:
    """The gradient after each hook has seen it and perhaps replaced it."""
    if isinstance(gradient, list):
        return gradient
    for hook in list(hooks.values()):
        replaced = hook(gradient if create else wrap(gradient))
        if replaced is not None:
            if tuple(replaced.shape) != gradient.shape:
                was, now = gradient.shape, tuple(replaced.shape)
                raise RuntimeError(f"a hook has changed the size of the gradient from {was} to {now}")
            gradient = replaced if create else replaced._data
    return gradient


def accumulate(tensor: Tensor, gradient: Any, owned: bool, create: bool) -> None:
    """Add to `.grad`, in place where nobody else can be looking at the memory through a graph."""
    have = tensor._grad
    if create:
        tensor._grad = gradient.clone() if have is None else have + gradient
    elif have is None:
        tensor._grad = wrap(gradient if owned else np.array(gradient, order="C"))
    elif have._requires_grad:
        tensor._grad = wrap(np.asarray(have._data + gradient))
    else:
        have._data += gradient
        have._version[0] += 1


def sum_to(gradient: Any, shape: tuple[int, ...]) -> Any:
    """Undo broadcasting: sum a gradient over the dimensions in which an input of `shape` was repeated.

    y_i = x_{b(i)}  ⇒  x̄_j = Σ_{i: b(i)=j} ȳ_i
    """
    extra = gradient.ndim - len(shape)
    if extra and shape == gradient.shape[extra:]:
        return over_rows(gradient.reshape(math.prod(gradient.shape[:extra]), math.prod(shape))).reshape(shape)
    repeated = list(range(extra))
    for dim, size in enumerate(shape, extra):
        if size == 1 and gradient.shape[dim] != 1:
            repeated.append(dim)
    summed = np.add.reduce(gradient, axis=tuple(repeated), keepdims=True) if repeated else gradient
    return summed.reshape(shape) if extra else summed


def behind(roots: Iterable[Edge]) -> set[Edge]:
    """All steps and leaves that can be reached from the roots, themselves included."""
    reached = set(roots)
    stack = list(reached)
    while stack:
        edge = stack.pop()
        if not isinstance(edge, Tensor):
            new = [parent for parent in edge.parents if parent is not None and parent not in reached]
            reached.update(new)
            stack += new
    return reached


def _leading_to(wanted: set[Edge], roots: Iterable[Edge]) -> set[Edge]:
    """The steps from which a wanted edge can be reached; the others need not be computed."""
    useful = set(wanted)
    steps = [edge for edge in behind(roots) if not isinstance(edge, Tensor)]
    for node in sorted(steps, key=lambda node: node.age, reverse=True):  # parents come before what was made of them
        if not useful.isdisjoint(node.parents):
            useful.add(node)
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
    array = gradient._data
    return array if array.dtype is data.dtype else array.astype(data.dtype, copy=False)
