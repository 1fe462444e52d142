"""How a tensor is shown: PyTorch's format (its `torch/_tensor_str.py` states the rules)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ._dtypes import bool_, get_default_dtype, int64
from ._graph import Array

_PRECISION, _WIDTH, _THRESHOLD, _EDGE = 4, 80, 1000, 3  # digits, columns, elements shown in full, and at each end else


def shown(tensor: Any, name: str = "tensor") -> str:
    """Return `tensor([[1.0000, 2.5000]], requires_grad=True)`, in PyTorch's manner."""
    array = tensor._data
    head = f"{name}("
    text = head + (_body(array, len(head)) if array.size else "[]")
    column = len(text) - text.rfind("\n") + 1
    for note in _notes(tensor):
        if column + len(note) + 2 > _WIDTH:
            text += f",\n{' ' * len(head)}{note}"
            column = len(head) + len(note)
        else:
            text += f", {note}"
            column += len(note) + 2
    return text + ")"


def _notes(tensor: Any) -> list[str]:
    """What stands behind the numbers: size, dtype, gradient."""
    array = tensor._data
    notes = []
    if not array.size and array.ndim != 1:
        notes.append(f"size={array.shape}")
    if array.dtype != get_default_dtype() and (not array.size or array.dtype not in (int64, bool_)):
        notes.append(f"dtype={array.dtype}")
    if tensor.grad_fn is not None:
        notes.append(f"grad_fn=<{tensor.grad_fn.name()}>")
    elif tensor.requires_grad:
        notes.append("requires_grad=True")
    return notes


def _body(array: Array, indent: int) -> str:
    if array.size <= _THRESHOLD:
        return _rows(array, indent, *_formatter(array), whole=True)
    ends = np.ix_(*[_ends(size) for size in array.shape])
    return _rows(array, indent, *_formatter(array[ends]), whole=False)


def _ends(size: int) -> list[int]:
    """The positions that are shown of a long dimension."""
    places = list(range(size))
    return places if size <= 2 * _EDGE else places[:_EDGE] + places[-_EDGE:]


def _rows(array: Array, indent: int, form: Callable[[Any], str], width: int, whole: bool) -> str:
    """The array in brackets, its rows below each other."""
    if not array.ndim:
        return form(array.item())
    places = list(range(len(array))) if whole else _ends(len(array))
    if array.ndim == 1:
        parts = [form(array[i].item()) for i in places]
        if len(places) < len(array):
            parts.insert(_EDGE, " ...")
        per_line = max(1, (_WIDTH - indent) // (width + 2))
        lines = [", ".join(parts[i : i + per_line]) for i in range(0, len(parts), per_line)]
        return f"[{(',' + chr(10) + ' ' * (indent + 1)).join(lines)}]"
    parts = [_rows(array[i], indent + 1, form, width, whole) for i in places]
    if len(places) < len(array):
        parts.insert(_EDGE, "...")
    return f"[{(',' + chr(10) * (array.ndim - 1) + ' ' * (indent + 1)).join(parts)}]"


def _formatter(array: Array) -> tuple[Callable[[Any], str], int]:
    """One notation and one width for all numbers: `2.`, `2.0000` or `2.0000e+00`."""
    if array.dtype.kind != "f":
        width = max(len(str(value)) for value in array.ravel().tolist())
        return (lambda value: str(value).rjust(width)), width
    real = array[np.isfinite(array) & (array != 0)].astype(np.float64)
    sizes = np.abs(real)
    whole = bool((real == np.ceil(real)).all())
    if real.size and (sizes.max() / sizes.min() > 1000 or sizes.max() > 1e8 or sizes.min() < 1e-4):
        form = f".{_PRECISION}e"
    else:
        form = ".0f" if whole else f".{_PRECISION}f"

    def text(value: float) -> str:
        return format(value, form) + ("." if form == ".0f" and math.isfinite(value) else "")

    width = max([len(text(value)) for value in real.tolist()], default=1)
    return (lambda value: text(value).rjust(width)), width
