"""Rooms that are entered only when someone asks for them: an import of the package then does not pay for them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType


def later(package: str, *names: str) -> Callable[[str], ModuleType]:
    """Return a package's `__getattr__` that imports these of its modules when they are first asked for."""

    def get(name: str) -> ModuleType:
        if name in names:
            return import_module(f"{package}.{name}")  # which makes it an attribute of the package
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get
