"""Parameter groups: from what the user passes to a checked dictionary, without touching what was passed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from byhand.tensor import Tensor

Group = dict[str, Any]
Params = Iterable[Tensor] | Iterable[tuple[str, Tensor]] | Iterable[Group]


def as_groups(params: Params) -> list[Group]:
    """Return the groups that `params` describes: tensors, (name, tensor) pairs, or dictionaries.

    Raises TypeError for a lone tensor, ValueError if there is nothing.
    """
    if isinstance(params, Tensor):
        raise TypeError(
            "params argument given to the optimizer should be an iterable of Tensors or dicts, but got a Tensor; "
            "put it in a list"
        )
    items: list[Any] = list(params)
    if not items:
        raise ValueError("optimizer got an empty parameter list")
    return items if isinstance(items[0], dict) else [{"params": items}]


def completed(group: Group, defaults: Group, others: list[Group], check: Callable[[Group], None]) -> Group:
    """Return a new group with the tensors in a list, their names in another, and the defaults filled in.

    Raises TypeError or ValueError if it is no group, or does not go with the `others`; whatever `check` raises.
    """
    if not isinstance(group, dict):
        raise TypeError(f"param_group must be a dict, but got {type(group)}")
    params, names = _tensors(group["params"])
    complete = {**defaults, **group, "params": params}
    if names:
        complete["param_names"] = names
    check(complete)
    taken = {id(p) for other in others for p in other["params"]}
    if not taken.isdisjoint(map(id, params)):
        raise ValueError("some parameters appear in more than one parameter group")
    if any(("param_names" in other) != ("param_names" in complete) for other in others):
        raise ValueError("all optimizer param groups should be with/without names.")
    return complete


def _tensors(params: Any) -> tuple[list[Tensor], list[str]]:
    """Return the tensors of a group, each once and a leaf, and their names if they came in pairs."""
    if isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets will "
            "change between runs. Please use a list instead."
        )
    items = [params] if isinstance(params, Tensor) else list(params)
    names = [item[0] for item in items if isinstance(item, tuple)]
    if names and len(names) != len(items):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    tensors = [item[1] if isinstance(item, tuple) else item for item in items]
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(tensor).__name__}")
        if not (tensor.is_leaf or tensor.retains_grad):
            raise ValueError("can't optimize a non-leaf Tensor")
    if len(set(map(id, tensors))) != len(tensors):
        raise ValueError("some parameters appear twice in one parameter group; name each once")
    return tensors, names


def check_implementation(group: Group) -> None:
    """Raise an error for those of PyTorch's choices of an implementation that would change what happens.

    `foreach` and `fused` do not: by PyTorch's promise all implementations agree, and here one serves for all.
    """
    if group.get("foreach") and group.get("fused"):
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    if group.get("capturable"):
        raise ValueError(
            "capturable=True is for CUDA graphs, which do not exist on a CPU (PyTorch refuses it there too, in the first step); "
            "leave it False, in a loaded state dict as well"
        )
    if group.get("differentiable"):
        raise ValueError(
            "differentiable=True is not supported: a step changes the parameters' memory and is not recorded; to differentiate "
            "through an update, write it with tensors: new = p - lr * grad, with grad from autograd.grad(…, create_graph=True)"
        )


def check_rate(group: Group, name: str = "lr", words: str = "learning rate") -> None:
    """Raise ValueError unless an option is a number (or a tensor of one element) and not negative."""
    value = group[name]
    if isinstance(value, Tensor) and value._data.size != 1:
        raise ValueError(f"Tensor {name} must be 1-element, but its shape is {tuple(value.shape)}")
    if not value >= 0.0:  # so that nan is refused
        raise ValueError(f"Invalid {words}: {value}")


def check_betas(group: Group) -> None:
    """Raise ValueError unless each of `betas` is in [0, 1)."""
    for i, beta in enumerate(group["betas"]):
        if isinstance(beta, Tensor) and beta._data.size != 1:
            raise ValueError(f"Tensor betas[{i}] must be 1-element, but its shape is {tuple(beta.shape)}")
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
