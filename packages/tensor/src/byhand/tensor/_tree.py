"""Nested lists, tuples and dicts of tensors: taken apart into leaves and put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["leaves", "mapped", "rebuilt"]


def leaves(tree: Any) -> list[Any]:
    """Return what hangs on the tree, in order."""
    if isinstance(tree, dict):
        return [leaf for key in tree for leaf in leaves(tree[key])]
    if isinstance(tree, list | tuple):
        return [leaf for branch in tree for leaf in leaves(branch)]
    return [tree]


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """Return a tree of the same form with `function(leaf)` in place of each leaf."""
    if isinstance(tree, dict):
        return {key: mapped(function, branch) for key, branch in tree.items()}
    if isinstance(tree, list | tuple):
        branches = [mapped(function, branch) for branch in tree]
        return type(tree)(*branches) if hasattr(tree, "_fields") else type(tree)(branches)
    return function(tree)


def rebuilt(values: Iterator[Any], tree: Any) -> Any:
    """Return a tree of the same form with the next of `values` in place of each leaf."""
    return mapped(lambda _: next(values), tree)
