"""Sizes along the spatial dimensions: one number for all of them, or one for each."""

from __future__ import annotations

from typing import Any

__all__ = ["for_each"]


def for_each(value: Any, count: int) -> tuple[Any, ...]:
    """Return `value` as a tuple: its own elements if it has any, else itself `count` times over."""
    return tuple(value) if hasattr(value, "__iter__") else (value,) * count
