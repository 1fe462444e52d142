"""Line search: how far to go along a direction. The strong Wolfe conditions, by bracketing and zooming.

Nocedal and Wright, *Numerical Optimization* (2nd ed., 2006), section 3.5: along φ(t) = f(x + td), which falls at first,
φ′(0) < 0, a step t is good enough if

    φ(t) ≤ φ(0) + c₁ t φ′(0)        sufficient decrease (Armijo)
    |φ′(t)| ≤ −c₂ φ′(0)             the slope has become flat

with c₁ = 10⁻⁴ and c₂ = 0.9. Algorithm 3.5 goes on until such a t is found or lies between two known points; algorithm 3.6
then narrows that bracket. The safeguards are PyTorch's (`torch/optim/lbfgs.py`), so the steps are too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from byhand.tensor._quiet import quietly

from ._bundle import Array

DECREASE = 1e-4  # c₁
FLATNESS = 0.9  # c₂


class Point(NamedTuple):
    """What is known at x + td: the step t, the loss φ(t), the gradient there, and the slope φ′(t) = gradient · d."""

    step: Any
    loss: float
    gradient: Array
    slope: Any


Evaluate = Callable[[Any], Point]


def strong_wolfe(
    evaluate: Evaluate, start: Point, step: Any, most: int, length: float, tolerance: float
) -> tuple[Point, int]:
    """Return a point that satisfies the strong Wolfe conditions, or the best one found, and how often φ was evaluated.

    Args:
        evaluate: gives the point at a step.
        start: the point at t = 0.
        step: the first t to try.
        most: how often φ may be evaluated after that.
        length: the largest element of |d|.
        tolerance: a bracket in which no element moves by more than this is narrow enough.
    """
    ends, spent, found = _bracket(evaluate, start, step, most)
    if not found and spent < most:
        return _zoom(evaluate, start, ends, spent, most, lambda width: width * length < tolerance)
    return ends[_lower(ends)], spent + 1


def _bracket(evaluate: Evaluate, start: Point, step: Any, most: int) -> tuple[list[Point], int, bool]:
    """Algorithm 3.5: go ever further. Return a good point alone, or two with one between them; the count; whether found."""
    before, here = start, evaluate(step)
    for spent in range(most):
        if _too_high(here, start) or (spent > 1 and here.loss >= before.loss):
            return [before, here], spent, False
        if _flat(here, start):
            return [here], spent, True
        if here.slope >= 0:
            return [before, here], spent, False
        nearest, farthest = here.step + 0.01 * (here.step - before.step), here.step * 10
        further = quietly(cubic_minimum, before, here, nearest, farthest)
        before, here = here, evaluate(further)
    return [start, here], max(most, 0), False


def _zoom(
    evaluate: Evaluate, start: Point, ends: list[Point], spent: int, most: int, narrow: Callable[[Any], bool]
) -> tuple[Point, int]:
    """Algorithm 3.6: put a new point in the place of one of the two ends until it is a good one."""
    low, crowded, found = _lower(ends), False, False
    while not found and spent < most and not narrow(abs(ends[1].step - ends[0].step)):
        step, crowded = _inside(ends, crowded)
        here, spent, high = evaluate(step), spent + 1, 1 - low
        if _too_high(here, start) or here.loss >= ends[low].loss:
            ends[high] = here
            low = _lower(ends)
            continue
        found = bool(_flat(here, start))
        if not found and here.slope * (ends[high].step - ends[low].step) >= 0:
            ends[high] = ends[low]  # φ rises towards the high end: the minimum lies on the other side of the new point
        ends[low] = here
    return ends[low], spent + 1


def _too_high(here: Point, start: Point) -> Any:
    return here.loss > start.loss + DECREASE * here.step * start.slope


def _flat(here: Point, start: Point) -> Any:
    return abs(here.slope) <= -FLATNESS * start.slope


def _lower(ends: list[Point]) -> int:
    """Return the place of the end with the lower loss, of equal ones the first."""
    return 0 if ends[0].loss <= ends[-1].loss else 1


def _inside(ends: list[Point], crowded: bool) -> tuple[Any, bool]:
    """Return the next step to try, and whether it lies close to an end.

    It is the cubic's minimum; but the second time running that this lies within a tenth of the bracket from an end, or at
    once if it lies on the end, a tenth of the bracket away from it: otherwise the bracket might hardly shrink.
    """
    step = quietly(cubic_minimum, *ends)
    first, last = min(ends[0].step, ends[1].step), max(ends[0].step, ends[1].step)
    margin = 0.1 * (last - first)
    if not min(last - step, step - first) < margin:
        return step, False
    if not (crowded or step >= last or step <= first):
        return step, True
    return (last - margin if abs(step - last) < abs(step - first) else first + margin), False


def cubic_minimum(p: Point, q: Point, nearest: Any = None, farthest: Any = None) -> Any:
    """Return the minimum of the cubic with the losses and slopes of two points, kept within bounds: equation 3.59.

        a = φ′(p) + φ′(q) − 3 (φ(p) − φ(q)) / (p − q)
        b = √(a² − φ′(p) φ′(q))
        t = q − (q − p) (φ′(q) + b − a) / (φ′(q) − φ′(p) + 2b)      for p ≤ q

    The bounds are the points themselves unless others are given; if the cubic has no minimum, the middle between them.
    """
    p, q = (p, q) if p.step <= q.step else (q, p)
    nearest, farthest = (p.step, q.step) if nearest is None else (nearest, farthest)
    a = p.slope + q.slope - 3 * (p.loss - q.loss) / (p.step - q.step)
    square = a**2 - p.slope * q.slope
    if not square >= 0:
        return (nearest + farthest) / 2.0
    b = np.sqrt(square)
    step = q.step - (q.step - p.step) * ((q.slope + b - a) / (q.slope - p.slope + 2 * b))
    return min(max(step, nearest), farthest)
