"""Where to draw the nodes of a graph: in columns from left to right, so that few edges cross.

The layered drawing of Sugiyama, Tagawa and Toda (1981) in its simplest form: a column for each node, waypoints where an
edge passes through other columns, then sweeps that pull every point towards the mean height of its neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

__all__ = ["Layout", "layered"]

GAP = 16.0  # between two points of a column
WAYPOINT = 4.0  # height kept free for an edge that passes through a column
SWEEPS = 16  # a few to the right and back; later ones hardly move anything

Edge = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """Node i is centred at `height[i]` in `column[i]`; edge (p, i) passes the columns between at `passes[p, i]`."""

    column: list[int]
    height: list[float]
    passes: dict[Edge, list[float]]


def layered(parents: Sequence[Sequence[int]], sizes: Sequence[float]) -> Layout:
    """Place nodes 0, 1, …, each listed after its `parents` and as high as `sizes` says. The topmost point is at 0."""
    column = _columns(parents)
    chains = _waypoints(parents, column)
    room = [*sizes, *[WAYPOINT] * (len(column) - len(sizes))]
    left: list[list[int]] = [[] for _ in column]
    right: list[list[int]] = [[] for _ in column]
    for (parent, child), chain in chains.items():
        for a, b in pairwise([parent, *chain, child]):
            right[a].append(b)
            left[b].append(a)
    columns = [[point for point, c in enumerate(column) if c == k] for k in range(max(column) + 1)]
    height = [0.0] * len(column)
    for _ in range(SWEEPS):
        for points in columns:
            _pull(points, left, height, room)
        for points in reversed(columns):
            _pull(points, right, height, room)
    top = min(y - size / 2 for y, size in zip(height, room))
    height = [y - top for y in height]
    n = len(parents)
    return Layout(column[:n], height[:n], {edge: [height[point] for point in chain] for edge, chain in chains.items()})


def _columns(parents: Sequence[Sequence[int]]) -> list[int]:
    """Each node one column right of its last parent; then each leaf moved right, beside the first node that uses it."""
    column: list[int] = []
    for above in parents:
        column.append(1 + max([column[p] for p in above], default=-1))
    first_use: dict[int, int] = {}
    for node, above in enumerate(parents):
        for p in above:
            first_use[p] = min(first_use.get(p, column[node]), column[node])
    return [c if parents[node] or node not in first_use else first_use[node] - 1 for node, c in enumerate(column)]


def _waypoints(parents: Sequence[Sequence[int]], column: list[int]) -> dict[Edge, list[int]]:
    """For each edge the points where it passes other columns. They are new points, appended to `column`.

    All edges out of one node share theirs: they run together until they must part.
    """
    chains: dict[Edge, list[int]] = {}
    trunk: dict[int, list[int]] = {}
    for child, above in enumerate(parents):
        for parent in above:
            chain = trunk.setdefault(parent, [])
            length = column[child] - column[parent] - 1
            while len(chain) < length:
                chain.append(len(column))
                column.append(column[parent] + len(chain))
            chains[parent, child] = chain[:length]
    return chains


def _pull(points: list[int], neighbours: list[list[int]], height: list[float], room: list[float]) -> None:
    """Sort a column by where its neighbours want each point, and set it there, apart from one another."""
    wanted = {p: fmean([height[q] for q in neighbours[p]]) if neighbours[p] else height[p] for p in points}
    points.sort(key=wanted.__getitem__)
    edge = -float("inf")
    for p in points:
        height[p] = max(wanted[p], edge + room[p] / 2)
        edge = height[p] + room[p] / 2 + GAP
    shift = fmean([wanted[p] - height[p] for p in points])
    for p in points:
        height[p] += shift
