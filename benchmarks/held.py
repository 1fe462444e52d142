"""How much memory a graph holds between forward and backward: what its steps have saved, parameters and inputs apart."""

from __future__ import annotations

from typing import Any

import numpy as np


def by_ours(training: Any) -> dict[str, int]:
    """The bytes that each kind of operation is the first to hold, each block of memory counted once."""
    apart = {id(_owner(t._data)) for t in (*training.parameters(), *training.given)}
    held: dict[str, int] = {}
    loss = training.loss()
    stack, seen = [loss._node], set()
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        for value in [*(getattr(node, "saved", None) or []), *(getattr(node, "options", None) or {}).values()]:
            owner = _owner(value) if isinstance(value, np.ndarray) else None
            if owner is not None and id(owner) not in apart:
                apart.add(id(owner))
                held[node.name()] = held.get(node.name(), 0) + owner.nbytes
        stack += getattr(node, "parents", ())
    return held


def _owner(array: Any) -> Any:
    """The array whose memory this one looks at."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def by_torch(training: Any) -> int:
    """The bytes that PyTorch's graph holds, each block of memory counted once."""
    import torch

    apart = {t.untyped_storage().data_ptr() for t in (*training.parameters(), *training.given)}
    storages: dict[int, Any] = {}

    def seen(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in apart:
            storages[storage.data_ptr()] = storage  # alive, so that no other has its address
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(seen, lambda tensor: tensor):
        loss = training.loss()
    held = sum(storage.nbytes() for storage in storages.values())
    del loss
    return held
