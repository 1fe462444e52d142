"""Walking a graph of Values: the order of computation, the chain rule, and forgetting.

Nothing here calls itself: a graph may be deeper than Python's stack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from byhand.scalar.value import Value

__all__ = ["backward", "near", "topological", "zero_grad"]


def topological(root: Value) -> list[Value]:
    """Everything `root` was computed from, parents before children; `root` comes last.

    A depth-first walk: a node is listed when all its parents have been. The stack holds each open node with the parents
    it has still to visit.
    """
    order: list[Value] = []
    seen = {root}
    stack = [(root, iter(root.parents))]
    while stack:
        node, unvisited = stack[-1]
        for parent in unvisited:
            if parent not in seen:
                seen.add(parent)
                stack.append((parent, iter(parent.parents)))
                break
        else:
            order.append(node)
            stack.pop()
    return order


def near(root: Value, depth: int | None) -> set[Value]:
    """Everything at most `depth` steps back from `root`, or everything where `depth` is None."""
    found, frontier = {root}, {root}
    while frontier and depth != 0:
        frontier = {parent for node in frontier for parent in node.parents} - found
        found |= frontier
        depth = None if depth is None else depth - 1
    return found


def backward(root: Value, gradient: float) -> None:
    """The chain rule, from `root` back to the leaves: x̄ = Σ ȳ · ∂y/∂x over all y computed from x.

    Children come before parents, so each ȳ is complete before it is passed on. A leaf's gradient of this call is added
    to what it holds from earlier calls; an inner node starts afresh, so that nothing is counted twice.
    """
    order = topological(root)
    earlier = [(node, node.grad) for node in order if not node.parents]
    for node in order:
        node.grad = 0.0
    root.grad = gradient
    for node in reversed(order):
        node.pass_on()
    for leaf, grad in earlier:
        leaf.grad += grad


def zero_grad(root: Value) -> None:
    """Set to zero the gradient of `root` and of everything it was computed from."""
    for node in topological(root):
        node.grad = 0.0
