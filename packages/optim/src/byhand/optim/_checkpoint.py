"""State dictionaries in PyTorch's format, where a parameter is its number, counted through all groups."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np
from byhand.tensor import Tensor
from byhand.tensor._tensor import wrap

from ._bundle import State
from ._groups import Group

Fit = Callable[[Tensor, Any, str, Any], Any]


def packed(groups: list[Group], state: dict[Any, State]) -> dict[str, Any]:
    """Return `{"state": {number: state}, "param_groups": [options with the numbers as "params"]}`."""
    number = {p: i for i, p in enumerate(chain.from_iterable(group["params"] for group in groups))}
    return {
        "state": {number.get(key, key): value for key, value in state.items()},
        "param_groups": [
            {**{key: value for key, value in group.items() if key != "params"}, "params": [number[p] for p in group["params"]]}
            for group in groups
        ],
    }


def unpacked(
    saved: dict[str, Any], groups: list[Group], defaults: Group, fit: Fit
) -> tuple[list[Group], defaultdict[Any, State]]:
    """Return new groups and state for the parameters of `groups`, copied from a state dictionary.

    Options that it lacks are taken from `defaults`; `fit` copies a piece of a parameter's state.
    Raises ValueError if groups or shapes do not match.
    """
    _check_sizes(saved["param_groups"], groups)
    loaded = []
    params: dict[Any, Tensor] = {}
    for old, new in zip(groups, saved["param_groups"], strict=True):
        params |= dict(zip(new["params"], old["params"], strict=True))
        options = copy.deepcopy({key: value for key, value in new.items() if key != "params"})
        names = {"param_names": old["param_names"]} if "param_names" in old else {}
        loaded.append({**defaults, **names, **options, "params": old["params"]})
    state: defaultdict[Any, State] = defaultdict(dict)
    for key, value in saved["state"].items():
        if key in params:
            state[params[key]] = {name: fit(params[key], key, name, item) for name, item in value.items()}
        else:
            state[key] = copy.deepcopy(value)
    return loaded, state


def _check_sizes(saved: list[Group], groups: list[Group]) -> None:
    if len(saved) != len(groups):
        raise ValueError(
            f"loaded state dict has a different number of parameter groups: {len(saved)}, but the optimizer has {len(groups)}"
        )
    for i, (new, old) in enumerate(zip(saved, groups, strict=True)):
        if len(new["params"]) != len(old["params"]):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group: "
                f"group {i} has {len(new['params'])} parameters, the optimizer's {len(old['params'])}"
            )


def fitted(number: Any, name: str, value: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Return a copy of one piece of the state of parameter `number`: in the shape and dtype that it has here."""
    if value is None:
        return None
    array = np.asarray(value._data if isinstance(value, Tensor) else value)
    if shape == ():
        array = array.reshape(()) if array.size == 1 else array
    if array.shape != shape:
        raise ValueError(
            f"loaded state dict doesn't fit: {name!r} of parameter {number} has shape {array.shape}, but should have {shape}"
        )
    return wrap(np.array(array, dtype, order="C"))
