"""The picture of a graph: every node with its data and gradient, every edge with its local derivative."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from byhand.scalar.explain import expression, names
from byhand.scalar.graph import near, topological
from byhand.scalar.layout import layered

if TYPE_CHECKING:
    from byhand.scalar.value import Value

__all__ = ["draw", "draw_or_decline"]

LIMIT = 300  # nodes; more than that nobody can read
WIDTH, HEIGHT = 132.0, 58.0  # of a box
LETTERS = 15  # that fit into a line of a box
PORT = 15.0  # between two edges that enter the same box: room for a number
SPACING = 84.0  # between two columns
MARGIN = 12.0
LEAF, INNER, ROOT, CUT = "#e3f0fb", "#ffffff", "#fdf1d3", "#eeeeee"


@dataclass(frozen=True, slots=True)
class Box:
    """A node on the page: its left edge, the height of its centre, its own height, and its colour."""

    node: Value
    left: float
    centre: float
    size: float
    fill: str


@dataclass(frozen=True, slots=True)
class Edge:
    """A curve from one box to another through the given heights, one in each space between two columns' boxes."""

    parent: Box
    child: Box
    partial: float
    heights: list[float]


def draw(root: Value, depth: int | None = None) -> str:
    """The graph of `root` as SVG text, for a browser or a notebook; at most `depth` steps back if given.

    Each box shows the label and the operation, the data and the gradient; the number where an edge enters a box is the
    local derivative of the box by the edge's origin. Leaves are blue, the root is yellow, and a box is grey where
    `depth` cut off what it was computed from. Hovering over a box shows its formula.
    Raises ValueError if there are more than 300 nodes to draw.
    """
    shown = near(root, depth)
    if len(shown) > LIMIT:
        raise ValueError(_refusal(len(shown)))
    order = topological(root)
    name = names(order)
    boxes, edges = _arrange([node for node in order if node in shown])
    right, bottom = max(box.left for box in boxes) + WIDTH, max(box.centre + box.size / 2 for box in boxes)
    marks = [mark for edge in edges for mark in _draw_edge(edge, name)]
    marks += [mark for box in boxes for mark in _draw_box(box, name)]
    return _svg(right + MARGIN, bottom + MARGIN, marks)


def draw_or_decline(root: Value) -> str:
    """`draw(root)`, or of a graph too large to be drawn a picture that says so in words."""
    count = len(near(root, None))
    if count <= LIMIT:
        return draw(root)
    return _svg(1100.0, 60.0, [_text(MARGIN, 24.0, repr(root)), _text(MARGIN, 44.0, _refusal(count))])


def _refusal(count: int) -> str:
    return f"{count} nodes are more than the {LIMIT} that can be drawn; draw(value, depth=3) shows the last steps"


def _arrange(nodes: list[Value]) -> tuple[list[Box], list[Edge]]:
    """Place nodes, the root last, and their edges. Edges enter a box in the order in which they come, to cross less."""
    index = {node: i for i, node in enumerate(nodes)}
    parents = [[index[p] for p in node.parents] if index.keys() >= set(node.parents) else [] for node in nodes]
    sizes = [max(HEIGHT, PORT * (len(above) + 1)) for above in parents]
    layout = layered(parents, sizes)
    fills = [INNER if above else CUT if node.parents else LEAF for node, above in zip(nodes, parents)]
    fills[-1] = ROOT if nodes[-1].parents else LEAF
    boxes = [
        Box(node, MARGIN + column * (WIDTH + SPACING), MARGIN + height, size, fill)
        for node, column, height, size, fill in zip(nodes, layout.column, layout.height, sizes, fills)
    ]
    edges = []
    for child, (box, above) in enumerate(zip(boxes, parents)):
        ways = [(p, partial, layout.passes[p, child]) for p, partial in zip(above, box.node.partials)]
        ways.sort(key=lambda way: [layout.height[way[0]], *way[2]][-1])
        port = box.centre - PORT * (len(ways) - 1) / 2
        for p, partial, passes in ways:
            edges.append(Edge(boxes[p], box, partial, [boxes[p].centre, *[MARGIN + y for y in passes], port]))
            port += PORT
    return boxes, edges


def _draw_box(box: Box, name: dict[Value, str]) -> list[str]:
    """The box and what is written in it; only operations of one or two operands are written out."""
    node, op, about = box.node, "", name[box.node]
    if node.op is not None:
        dots: dict[Value, str] = defaultdict(lambda: "·")
        op = expression(node, dots) if len(node.operands) <= 2 else node.op.symbol
        about = f"{about} = {expression(node, name)}    {node.op.formula}"
    room = LETTERS - len(op)
    label = node.label if len(node.label) <= room else node.label[: max(room - 1, 0)] + "…"
    place = f'x="{box.left:.1f}" y="{box.centre - box.size / 2:.1f}" width="{WIDTH}" height="{box.size:.1f}" rx="6"'
    return [
        f'<g><title>{escape(about)}</title><rect {place} fill="{box.fill}" stroke="#555"/>',
        _text(box.left + 8, box.centre - 11, label, 'font-weight="bold"'),
        _text(box.left + WIDTH - 8, box.centre - 11, op, 'text-anchor="end" fill="#a04000"'),
        _text(box.left + 8, box.centre + 5, f"data {node.data:.5g}"),
        _text(box.left + 8, box.centre + 20, f"grad {node.grad:.5g}", 'fill="#1b6e3c"') + "</g>",
    ]


def _draw_edge(edge: Edge, name: dict[Value, str]) -> list[str]:
    """A curve between two columns for each pair of heights, joined by level lines past the boxes of a column."""
    half, steps = SPACING / 2, [b - a for a, b in pairwise(edge.heights)]
    curves = [f"c {half} 0 {half} {step:.1f} {SPACING} {step:.1f}" for step in steps]
    path = f"M {edge.parent.left + WIDTH:.1f} {edge.heights[0]:.1f} " + f" h {WIDTH} ".join(curves)
    title = f"∂{name[edge.child.node]}/∂{name[edge.parent.node]} = {edge.partial:g}"
    number = 'text-anchor="end" font-size="10" fill="#1a4f8a"'
    return [
        f'<path d="{path}" fill="none" stroke="#999"><title>{escape(title)}</title></path>',
        _text(edge.child.left - 4, edge.heights[-1] - 3, f"{edge.partial:.4g}", number),
    ]


def _text(x: float, y: float, text: str, style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'


def _svg(width: float, height: float, marks: list[str]) -> str:
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="ui-monospace, monospace" font-size="12">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *marks, "</svg>"])
