"""Models in safetensors files, as `safetensors.torch` keeps them: weights that are shared are written once."""

from __future__ import annotations

import os
from typing import Any

from byhand.tensor.utils.safetensors import load_file, save_file

from ..modules.module import Module

__all__ = ["load_model", "save_model"]


def save_model(model: Module, filename: str | os.PathLike[str], metadata: dict[str, str] | None = None) -> None:
    """Write the state dict of a model. A tensor under several names is kept under the first of them in alphabetical order.

    The other names stand in the file's metadata, each with the name that was kept.
    """
    kept: dict[tuple[Any, ...], str] = {}
    aliases = {}
    state = model.state_dict()
    for name in sorted(state):
        first = kept.setdefault(_memory(state[name]), name)
        if first != name:
            aliases[name] = first
            del state[name]
    texts = {**(metadata or {}), **aliases}
    save_file(state, filename, texts or None)


def load_model(model: Module, filename: str | os.PathLike[str], strict: bool = True) -> tuple[list[str], list[str]]:
    """Copy a file's tensors into a model; return the missing and the unexpected keys.

    A key is not missing if the tensor is shared in the model and the file has it under another of its names.
    Raises RuntimeError, having changed nothing, if shapes do not fit or, when `strict`, if keys are missing or unexpected;
    SafetensorError if the file is damaged.
    """
    state: dict[str, Any] = dict(load_file(filename))
    own = model.state_dict()
    given = {_memory(own[name]): name for name in state if name in own}
    for name, tensor in own.items():
        if name not in state and _memory(tensor) in given:
            state[name] = state[given[_memory(tensor)]]
    keys = model.load_state_dict(state, strict=strict)
    return keys.missing_keys, keys.unexpected_keys


def _memory(tensor: Any) -> tuple[Any, ...]:
    """What is the same for two tensors exactly if they are one: address, layout and dtype; an empty one is only itself."""
    array = tensor._data
    if not array.size:
        return (id(tensor),)
    return (array.__array_interface__["data"][0], array.shape, array.strides, array.dtype)
