"""Parametrised tensors: a weight that is computed from others each time it is asked for.

    class Symmetric(nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).T

    parametrize.register_parametrization(layer, "weight", Symmetric())

From then on `layer.weight` is symmetric; what is learned is `layer.parametrizations.weight.original`. The layer's class is
replaced by a subclass of its own in which "weight" is a property: nothing else of the layer has to know.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import deepcopy
from typing import Any, TypeVar

from byhand.tensor import Tensor, no_grad

from ..modules.container import ModuleDict
from ..modules.module import Module
from ..parameter import Parameter
from ._parametrization_list import ParametrizationList, check_kept, inverted, register

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]

M = TypeVar("M", bound=Module)
Cache = dict[tuple[Module, str], Any]

_cache: ContextVar[Cache | None] = ContextVar("parametrised tensors", default=None)
UNSAFE = "unless the `unsafe` flag is enabled."


@contextmanager
def cached() -> Iterator[None]:
    """Within it each parametrised tensor is computed once, when it is first asked for. In a loop that saves much."""
    outer = _cache.get()
    token = _cache.set({} if outer is None else outer)
    try:
        yield
    finally:
        _cache.reset(token)


def register_parametrization(module: M, tensor_name: str, parametrization: Module, *, unsafe: bool = False) -> M:
    """Compute a parameter or buffer by `parametrization` from now on; return the module.

    Several may be registered one after another: each is given what the one before computes. It is put in the training mode of
    `module`. The parameter itself, which an optimiser may hold, becomes `module.parametrizations.<name>.original`.

    A parametrisation may have a `right_inverse`, of which `forward(right_inverse(x))` is x or near it. It tells what the
    original becomes when the first one is registered, and when something is assigned to the tensor. If it returns several
    tensors, `forward` takes several, and they are new parameters `original0`, `original1`, …: an optimiser must be told.

    Args:
        module: whose tensor it is.
        tensor_name: its name.
        parametrization: tensor ↦ tensor.
        unsafe: let it change dtype and shape; nothing is checked.

    Raises ValueError if there is no such tensor, or the parametrisation changes its dtype or shape.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        rows: Any = module.parametrizations
        if not unsafe:
            _check_next(module, tensor_name, parametrization)
        rows[tensor_name].append(parametrization)
        rows[tensor_name].unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        row = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe=unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            module.__class__ = _parametrized_class(type(module))  # type: ignore[assignment]
            module.parametrizations = ModuleDict()
        _add_property(type(module), tensor_name)
        module.parametrizations[tensor_name] = row
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name '{tensor_name}'"
        )
    return module


def _check_next(module: Module, name: str, parametrization: Module) -> None:
    """Raise ValueError unless a further parametrisation keeps dtype and shape, forwards and backwards."""
    before = getattr(module, name)
    after = parametrization(before)
    check_kept(before, after, f"module.{name} ", UNSAFE)
    back = inverted(parametrization, after)
    if not isinstance(back, Tensor):
        raise ValueError(f"parametrization.right_inverse must return a tensor. Got: {type(back).__name__}")
    for kind, old, new in (("dtype", before.dtype, back.dtype), ("shape", before.shape, back.shape)):
        if old != new:
            raise ValueError(
                f"The tensor returned by parametrization.right_inverse must have the same {kind} as module.{name}, {UNSAFE}\n"
                f"module.{name}.{kind}: {old}\nreturned {kind}: {new}"
            )


def _parametrized_class(kind: type[Module]) -> type[Module]:
    """A subclass for a single module, to which properties can be added. Its copy gets another."""

    def __deepcopy__(self: Module, memo: dict[int, Any]) -> Module:
        own = _parametrized_class(kind)
        replica = own.__new__(own)
        memo[id(self)] = replica
        replica.__dict__.update(deepcopy(self.__dict__, memo))
        for name in replica.parametrizations:
            _add_property(own, name)
        return replica

    def __getstate__(self: Module) -> Any:  # noqa: ARG001
        raise RuntimeError(
            "Serialization of parametrized modules is only supported through state_dict(): register the same parametrizations "
            "on a new module, and load it there"
        )

    return type(f"Parametrized{kind.__name__}", (kind,), {"__deepcopy__": __deepcopy__, "__getstate__": __getstate__})


def _add_property(kind: type[Module], name: str) -> None:
    """Let reading the tensor compute it, and assigning to it set the originals."""

    def compute(self: Any) -> Any:
        row, cache = self.parametrizations[name], _cache.get()
        if cache is None:
            return row()
        if (self, name) not in cache:
            cache[self, name] = row()
        return cache[self, name]

    def assign(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(kind, name, property(compute, assign))


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Return whether the tensor of that name, or any, is parametrised."""
    rows = module._modules.get("parametrizations")
    if not isinstance(rows, ModuleDict):
        return False
    return len(rows) > 0 if tensor_name is None else tensor_name in rows


def remove_parametrizations(module: M, tensor_name: str, leave_parametrized: bool = True) -> M:
    """Make a parametrised tensor an ordinary one again; return the module.

    It has the value that it is computed as or, without `leave_parametrized`, its original's. It is the same parameter as
    before, which an optimiser may hold, unless it is computed from several.
    Raises ValueError if it is not parametrised, or is to become what it was but is computed from several tensors.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    rows: Any = module.parametrizations
    row = rows[tensor_name]
    if row.is_tensor:
        tensor = row.original
        if leave_parametrized:
            with no_grad():
                tensor.data = getattr(module, tensor_name).detach()
    elif leave_parametrized:
        computed = getattr(module, tensor_name)
        tensor = Parameter(computed.detach()) if computed.requires_grad else computed
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a sequence of "
            "tensors."
        )
    delattr(type(module), tensor_name)
    del rows[tensor_name]
    register(module, tensor_name, tensor)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type[Module]:
    """Return the class of the module, or that which it had before its tensors were parametrised."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(from_module: Module, to_module: M, tensor_name: str | None = None) -> M:
    """Parametrise tensors of `to_module` by the same modules, from the same originals; return it.

    Args:
        from_module: whose parametrisations are shared; if it has none, nothing happens.
        to_module: which is given them; a parameter that it lacks is added.
        tensor_name: which tensor; all of them unless given.
    """
    if not is_parametrized(from_module):
        return to_module
    rows: Any = from_module.parametrizations
    for name in list(rows) if tensor_name is None else [tensor_name]:
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name).detach()))
        for parametrization in rows[name]:
            register_parametrization(to_module, name, parametrization)
        target: Any = to_module.parametrizations
        for held, original in {**rows[name]._parameters, **rows[name]._buffers}.items():
            setattr(target[name], held, original)
    return to_module
