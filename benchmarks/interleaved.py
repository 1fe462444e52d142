"""Taking turns: A B A B …, so that whatever else the machine does meets both; medians, and the ratio with its range."""

from __future__ import annotations

import gc
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import NamedTuple


class Row(NamedTuple):
    """One line of the report: seconds, and how our time relates to theirs, with the ratio's range over the rounds."""

    name: str
    ours: float
    theirs: float
    ratio: float
    lowest: float
    highest: float


def side_by_side(name: str, ours: Callable[[], object], theirs: Callable[[], object], rounds: int, repeat: int) -> Row:
    """Run both `repeat` times a round, by turns, after one warm-up each, without collecting one's garbage in the other's time."""
    ours(), theirs()
    mine, other = [], []
    for _ in range(rounds):
        for function, seconds in ((ours, mine), (theirs, other)):
            gc.collect()
            start = perf_counter()
            for _ in range(repeat):
                function()
            seconds.append((perf_counter() - start) / repeat)
    ratios = [a / b for a, b in zip(mine, other, strict=True)]
    return Row(name, median(mine), median(other), median(mine) / median(other), min(ratios), max(ratios))
