"""Weights that are computed anew from other parameters before each call of a module: by a forward pre-hook."""

from __future__ import annotations

from functools import partial
from typing import Any

from byhand.tensor import Tensor

from ..modules.module import Module


class Recomputed:
    """A hook that sets `module.<name>` before each forward pass. Subclasses say how, and how it is undone."""

    label: str  # the name of the function that puts it on

    def __init__(self, name: str) -> None:
        self.name = name

    def compute_weight(self, module: Module, training: bool) -> Tensor:
        """Return the weight. Where it has state that only training moves on, `training` says so."""
        raise NotImplementedError(f"{type(self).__name__} must define compute_weight()")

    def __call__(self, module: Module, _: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, module.training))


def refuse_twice(module: Module, hook: Recomputed) -> None:
    """Raise RuntimeError if a hook of the same kind computes the same parameter already."""
    if find(module, type(hook), hook.name) is not None:
        raise RuntimeError(f"Cannot register two {hook.label} hooks on the same parameter {hook.name}")


def find(module: Module, kind: type[Recomputed], name: str) -> tuple[int, Recomputed] | None:
    """The hook of a kind that computes the parameter `name`, with its place among the module's hooks."""
    for key, hook in module._hooks.get("forward_pre", {}).items():
        inner = hook.args[0] if isinstance(hook, partial) else hook
        if isinstance(inner, kind) and inner.name == name:
            return key, inner
    return None


def withdraw(module: Module, kind: type[Recomputed], name: str) -> Recomputed:
    """Take the hook off the module and return it. Raises ValueError if there is none."""
    found = find(module, kind, name)
    if found is None:
        raise ValueError(f"{kind.label} of '{name}' not found in {module}")
    key, hook = found
    del module._hooks["forward_pre"][key]
    return hook
