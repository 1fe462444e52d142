"""Arithmetic that answers where Python raises.

Python's floats stop a program at 1/0, at exp(1000) and at log(0). IEEE 754, and with it C, NumPy and PyTorch, goes on
with inf and nan; so do we, because a gradient that overflowed is something to look at, not a reason to lose the graph.
"""

import math

__all__ = ["cos", "divide", "exp", "log", "power", "sin", "sqrt"]


def divide(a: float, b: float) -> float:
    """a / b, with 0/0 = nan and otherwise a/0 = ±inf, the sign being that of the signs of a and of the zero."""
    try:
        return a / b
    except ZeroDivisionError:
        return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)


def power(a: float, b: float) -> float:
    """aᵇ, with overflow = ±inf, 0⁰ = 1, 0⁻ᵇ = ±inf, and nan, never complex, for a broken power of a negative number."""
    try:
        return math.pow(a, b)
    except (OverflowError, ValueError):
        if a < 0 and b % 1 != 0:
            return math.nan
        negative = math.copysign(1.0, a) < 0 and b % 2 == 1
        return -math.inf if negative else math.inf


def exp(x: float) -> float:
    """eˣ, with overflow = inf."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def log(x: float) -> float:
    """log x, with log 0 = −inf and nan below."""
    if x == 0:
        return -math.inf
    return math.nan if x < 0 else math.log(x)


def sqrt(x: float) -> float:
    """√x, with nan below zero."""
    return math.nan if x < 0 else math.sqrt(x)


def sin(x: float) -> float:
    """sin x, with sin ±inf = nan."""
    return math.nan if math.isinf(x) else math.sin(x)


def cos(x: float) -> float:
    """cos x, with cos ±inf = nan."""
    return math.nan if math.isinf(x) else math.cos(x)
