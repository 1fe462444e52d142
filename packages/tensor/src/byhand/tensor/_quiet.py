"""Running NumPy silently: as in PyTorch, 1/0 is inf and log(−1) is nan, without a warning.

`np.errstate` would do, but costs 0.9 µs an operation. NumPy keeps its error state in a context variable, so a context in
which it was set to "ignore" once can be copied (in constant time, 20 ns) for each call. Nobody else's state is touched.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import TypeVar

import numpy as np

T = TypeVar("T")

_QUIET = Context()
_QUIET.run(np.seterr, all="ignore")


def quietly(function: Callable[..., T], *args: object, **kwargs: object) -> T:
    """Call `function` with NumPy's floating-point warnings off."""
    return _QUIET.copy().run(function, *args, **kwargs)
