"""Two runners by turns, and what the rounds say: medians, and the ratio with its range."""

from __future__ import annotations

from math import isclose
from statistics import median
from typing import NamedTuple

from .processes import Make, Missing, Runner

FIRST = 3  # steps whose losses must agree


class Row(NamedTuple):
    """One line of the report: what was measured in ours and theirs, and the ratio with its range over the rounds."""

    name: str
    what: str
    beside: str
    ours: float
    theirs: float
    ratio: float
    lowest: float
    highest: float
    unit: str = "s"


class Absent(NamedTuple):
    """A line that says why there are no figures."""

    name: str
    what: str
    beside: str
    why: str


class Pair(NamedTuple):
    """What is to be measured: one workload in ours and theirs, and by how much their first losses may differ, relatively."""

    name: str
    what: str
    beside: str
    ours: Make
    theirs: Make
    repeat: int  # steps in a row before they change over
    tolerance: float


def side_by_side(pair: Pair, rounds: int, threads: int) -> Row | Absent:
    """Run both by turns after their first steps have shown that they agree; times of what does not agree mean nothing."""
    with Runner(pair.ours, threads) as left, Runner(pair.theirs, threads) as right:
        try:
            losses = zip(left.losses(FIRST), right.losses(FIRST), strict=True)
        except Missing as why:
            return Absent(pair.name, pair.what, pair.beside, str(why))
        for number, (mine, other) in enumerate(losses):
            if not isclose(mine, other, rel_tol=pair.tolerance):
                why = f"disagrees: step {number} gives {mine!r} in ours, {other!r} in {pair.beside}"
                return Absent(pair.name, pair.what, pair.beside, why)
        left.seconds(pair.repeat), right.seconds(pair.repeat)  # warm
        times = [(left.seconds(pair.repeat), right.seconds(pair.repeat)) for _ in range(rounds)]
    return row_of(pair.name, pair.what, pair.beside, times)


def row_of(name: str, what: str, beside: str, times: list[tuple[float, float]], unit: str = "s") -> Row:
    """The line that belongs to the figures of some rounds, ours and theirs."""
    ratios = [mine / other for mine, other in times]
    mine, other = (median(figures) for figures in zip(*times, strict=True))
    return Row(name, what, beside, mine, other, median(ratios), min(ratios), max(ratios), unit)
