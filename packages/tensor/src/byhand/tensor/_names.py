"""NumPy's names for PyTorch's options: `axis` for `dim`, `keepdims` for `keepdim`. PyTorch takes them too."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

_ALIASES = {"axis": "dim", "keepdims": "keepdim"}


def torch_name(name: str) -> str:
    """PyTorch's name for an option."""
    return _ALIASES.get(name, name)


def numpy_names(function: F) -> F:
    """Let a function that is no op itself take NumPy's names as well."""

    @functools.wraps(function)
    def renamed(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **{torch_name(name): value for name, value in kwargs.items()})

    return renamed  # type: ignore[return-value]
