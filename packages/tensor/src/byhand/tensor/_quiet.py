"""Running NumPy silently: as in PyTorch, 1/0 is inf and log(−1) is nan, without a warning.

`np.errstate` would do, but costs 0.9 µs an operation. NumPy keeps its error state in a context variable: which one, and what
"ignore" looks like there, is read once from a fresh context. Setting it and putting it back costs 0.1 µs, and each thread and
task has its own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import TypeVar

import numpy as np

T = TypeVar("T")

_fresh = Context()
_fresh.run(np.seterr, all="ignore")
((ERRORS, IGNORED),) = _fresh.items()


def quietly(function: Callable[..., T], *args: object, **kwargs: object) -> T:
    """Call `function` with NumPy's floating-point warnings off."""
    before = ERRORS.set(IGNORED)
    try:
        return function(*args, **kwargs)
    finally:
        ERRORS.reset(before)
