"""How a tensor is shown: PyTorch's format, by NumPy's printer."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._dtypes import bool_, get_default_dtype, int64


def shown(tensor: Any, name: str = "tensor") -> str:
    """Return `tensor([[1.0000, 2.5000]], requires_grad=True)`, in PyTorch's manner."""
    array = tensor._data
    head = f"{name}("
    if array.size == 0:
        body = "[]"
    else:
        with np.printoptions(precision=4, floatmode="fixed", threshold=1000, edgeitems=3, linewidth=80 - len(head)):
            body = np.array2string(array, separator=", ", prefix=head, formatter=_formatter(array))
    notes = [body]
    if array.size == 0 and array.ndim != 1:
        notes.append(f"size={array.shape}")
    if array.dtype not in (get_default_dtype(), int64, bool_) or (array.size == 0 and array.dtype != get_default_dtype()):
        notes.append(f"dtype={array.dtype}")
    if tensor.grad_fn is not None:
        notes.append(f"grad_fn=<{tensor.grad_fn.name()}>")
    elif tensor.requires_grad:
        notes.append("requires_grad=True")
    return head + ", ".join(notes) + ")"


def _formatter(array: Any) -> Any:
    """Whole floats as `2.`, other floats with four digits, in one notation and width for the whole tensor."""
    if array.dtype == bool_:
        width = 5 if array.ndim else 0
        return {"bool": lambda value: str(value).rjust(width)}
    if array.dtype.kind != "f":
        return None
    finite = array[np.isfinite(array)]
    magnitude = np.abs(finite[finite != 0])
    large, small = (magnitude.max(), magnitude.min()) if magnitude.size else (0.0, 1.0)
    if np.all(finite == np.floor(finite)):
        form = "{:.4e}" if large > 1e8 else "{:.0f}."
    elif large > 1e8 or small < 1e-4 or large / small > 1000:
        form = "{:.4e}"
    else:
        form = "{:.4f}"

    def text(value: float) -> str:
        return form.format(value) if np.isfinite(value) else str(value)

    width = max(len(text(value)) for value in (array.ravel() if array.size <= 1000 else finite[:1000]))
    return {"float": lambda value: text(value).rjust(width)}
