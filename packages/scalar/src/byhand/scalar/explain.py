"""Every number of a graph in words: how it was computed, and where its gradient comes from."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from byhand.scalar.graph import near, topological

if TYPE_CHECKING:
    from byhand.scalar.value import Value

__all__ = ["explain", "expression", "names"]

INFIX = {"+", "-", "*", "/", "**"}


def explain(root: Value, depth: int | None = None) -> str:
    """The computation of `root` as text, at most `depth` steps back if given.

    First, in order of computation, each node with its expression, its data, the formula of its operation, and the
    local derivatives as numbers. Then, from `root` back, each gradient as the sum that the chain rule makes of it.
    """
    order = topological(root)
    name = names(order)
    shown = near(root, depth)
    forward = [line for node in order if node in shown for line in _forward(node, name)]
    if not any(node.grad for node in order):
        return "\n".join([*forward, "", "All gradients are 0: backward() puts them in."])
    arriving = _arriving(order, name)
    backward = [_backward(node, name[node], arriving[node], node is root) for node in reversed(order) if node in shown]
    return "\n".join([*forward, "", *backward])


def names(order: list[Value]) -> dict[Value, str]:
    """A name for each node: its label, numbered if it is not the only one, or v1, v2, … for the nameless."""
    total = Counter(node.label for node in order)
    met: Counter[str] = Counter()
    name = {}
    for node in order:
        met[node.label] += 1
        number = f"{met[node.label]}"
        if not node.label:
            name[node] = f"v{number}"
        else:
            name[node] = node.label if total[node.label] == 1 else f"{node.label}#{number}"
    return name


def expression(node: Value, name: dict[Value, str]) -> str:
    """The operation as one would write it: `a * b`, `2 - a`, `tanh(a)`; nothing for a leaf."""
    if node.op is None:
        return ""
    operands = [f"{operand:g}" if isinstance(operand, float) else name[operand] for operand in node.operands]
    if node.op.symbol in INFIX:
        return f" {node.op.symbol} ".join(operands)
    return f"{node.op.symbol}({', '.join(operands)})"


def _forward(node: Value, name: dict[Value, str]) -> list[str]:
    if node.op is None:
        return [f"{name[node]} = {node.data:g}"]
    local = [f"    ∂{name[node]}/∂{name[p]} = {partial:g}" for p, partial in zip(node.parents, node.partials)]
    return [f"{name[node]} = {expression(node, name)} = {node.data:g}      with {node.op.formula}", *local]


def _arriving(order: list[Value], name: dict[Value, str]) -> dict[Value, list[tuple[str, str, float]]]:
    """For each node, what each use of it sends back: the product in names, in numbers, and its value."""
    arriving: dict[Value, list[tuple[str, str, float]]] = {node: [] for node in order}
    for child in reversed(order):
        for parent, partial in zip(child.parents, child.partials):
            symbols = f"{name[child]}.grad · ∂{name[child]}/∂{name[parent]}"
            arriving[parent].append((symbols, f"{child.grad:g} · {partial:g}", child.grad * partial))
    return arriving


def _backward(node: Value, name: str, arriving: list[tuple[str, str, float]], is_root: bool) -> str:
    if is_root:
        return f"{name}.grad = {node.grad:g}"
    symbols = " + ".join(term[0] for term in arriving)
    numbers = " + ".join(term[1] for term in arriving)
    earlier = node.grad - sum(term[2] for term in arriving)
    if not node.parents and abs(earlier) > 1e-9 * abs(node.grad):
        symbols, numbers = f"{symbols} + earlier calls", f"{numbers} + {earlier:g}"
    return f"{name}.grad = {symbols} = {numbers} = {node.grad:g}"
