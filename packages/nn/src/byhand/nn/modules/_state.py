"""State dicts: all parameters and buffers of a model under their paths, with PyTorch's keys.

Loading first works out all that will be copied and all that is wrong, and only then changes anything.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from byhand.tensor import Tensor, as_tensor

from ..parameter import Parameter

if TYPE_CHECKING:
    from .module import Module

EXTRA = "_extra_state"


class StateDict(OrderedDict[str, Any]):
    """An ordered dictionary that also carries the version of each module's layout, under the module's path."""

    _metadata: dict[str, dict[str, int]]


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` found wanting or left over."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


def state_dict(
    self: Module, *, destination: dict[str, Any] | None = None, prefix: str = "", keep_vars: bool = False
) -> dict[str, Any]:
    """Return all parameters and persistent buffers under their paths.

    Args:
        destination: a dictionary to add to.
        prefix: what stands before each path, such as "model.".
        keep_vars: return the tensors themselves; otherwise detached ones that share their memory.
    """
    state = destination
    if state is None:
        state = StateDict()
        state._metadata = {}
    for hook in list(self._hooks.get("state_dict_pre", {}).values()):
        hook(self, prefix, keep_vars)
    if hasattr(state, "_metadata"):
        state._metadata[prefix[:-1]] = {"version": self._version}
    for name, tensor in _own(self).items():
        state[prefix + name] = tensor if keep_vars else tensor.detach()
    if hasattr(self, "get_extra_state"):
        state[prefix + EXTRA] = self.get_extra_state()
    for name, module in self._modules.items():
        if module is not None:
            module.state_dict(destination=state, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    for hook in list(self._hooks.get("state_dict_post", {}).values()):
        hook(self, state, prefix, {"version": self._version})
    return state


def load_state_dict(self: Module, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> IncompatibleKeys:
    """Copy parameters and buffers from tensors (or arrays) under their paths.

    Args:
        state_dict: what `state_dict()` returned, here or in PyTorch.
        strict: missing and unexpected keys are errors.
        assign: take the given tensors themselves, with their dtype, instead of copying their elements.

    Returns the missing and the unexpected keys. Raises RuntimeError, having changed nothing, if the keys (when `strict`) or
    any shape do not fit; TypeError if `state_dict` is no mapping.
    """
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict).__name__}.")
    state = OrderedDict(state_dict)
    metadata = getattr(state_dict, "_metadata", None) or {}
    problems: list[str] = []
    keys = IncompatibleKeys([], [])
    modules = list(self.named_modules(remove_duplicate=False))
    plan = []
    for path, module in modules:
        prefix = f"{path}." if path else ""
        for hook in list(module._hooks.get("load_pre", {}).values()):
            hook(module, state, prefix, metadata.get(path, {}), strict, keys.missing_keys, keys.unexpected_keys, problems)
        module._upgrade(state, prefix, metadata.get(path, {}).get("version"))
        plan.append((module, prefix, _wanted(module, prefix, state, keys, problems)))
    expected = {prefix + name for module, prefix, _ in plan for name in (*_own(module), EXTRA) if _expects(module, name)}
    keys.unexpected_keys.extend(key for key in state if key not in expected)
    _complain(self, keys if strict else IncompatibleKeys([], []), problems)
    for module, prefix, found in plan:
        _take_over(module, found, assign)
        if _expects(module, EXTRA) and hasattr(module, "set_extra_state") and prefix + EXTRA in state:
            module.set_extra_state(state[prefix + EXTRA])
    for _, module in reversed(modules):
        for hook in list(module._hooks.get("load_post", {}).values()):
            hook(module, keys)
    return keys


def _own(module: Module) -> dict[str, Tensor]:
    """The parameters and persistent buffers of one module, by name."""
    members = {**module._parameters, **{k: b for k, b in module._buffers.items() if k not in module._temporary}}
    return {name: tensor for name, tensor in members.items() if tensor is not None}


def _expects(module: Module, name: str) -> bool:
    return name != EXTRA or hasattr(module, "set_extra_state")


def _wanted(
    module: Module, prefix: str, state: Mapping[str, Any], keys: IncompatibleKeys, problems: list[str]
) -> dict[str, Tensor]:
    """What `state` has for one module. What it lacks, and what does not fit, is noted."""
    found = {}
    for name, tensor in _own(module).items():
        key = prefix + name
        if key not in state:
            keys.missing_keys.append(key)
            continue
        given = state[key]
        if not hasattr(given, "__array__"):
            problems.append(
                f'While copying the parameter named "{key}", expected Tensor or array from checkpoint but received {type(given)}'
            )
        elif tuple(given.shape) != tensor.shape:
            problems.append(
                f"size mismatch for {key}: copying a param with shape {_size(given.shape)} from checkpoint, "
                f"the shape in current model is {_size(tensor.shape)}."
            )
        else:
            found[name] = given if isinstance(given, Tensor) else as_tensor(np.asarray(given))
    if hasattr(module, "set_extra_state") and prefix + EXTRA not in state:
        keys.missing_keys.append(prefix + EXTRA)
    return found


def _size(shape: Any) -> str:
    return f"torch.Size({list(shape)})"


def _complain(module: Module, keys: IncompatibleKeys, problems: list[str]) -> None:
    """Raise RuntimeError with everything that is wrong, if anything is."""
    for title, names in (("Unexpected", keys.unexpected_keys), ("Missing", keys.missing_keys)):
        if names:
            listed = ", ".join(f'"{name}"' for name in names)
            problems.insert(0, f"{title} key(s) in state_dict: {listed}. ")
    if problems:
        lines = "\n\t".join(problems)
        raise RuntimeError(f"Error(s) in loading state_dict for {type(module).__name__}:\n\t{lines}")


def _take_over(module: Module, found: dict[str, Tensor], assign: bool) -> None:
    for name, given in found.items():
        tensor = _own(module)[name]
        if not assign:
            np.copyto(tensor._data, given._data, casting="unsafe")
            tensor._version[0] += 1
        elif name in module._parameters:
            module._parameters[name] = given if isinstance(given, Parameter) else Parameter(given.detach(), tensor.requires_grad)
        else:
            module._buffers[name] = given
