"""`Registry`: an object whose attributes are parameters, buffers and submodules, each kept in a table of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from byhand.tensor import Tensor

from ..parameter import Parameter
from ._naming import check_name

if TYPE_CHECKING:
    from .module import Module


class Registry:
    """The part of a `Module` that registers what is assigned to it."""

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _temporary: set[str]  # buffers that the state dict leaves out

    def __init__(self) -> None:
        self.__dict__.update(_parameters={}, _buffers={}, _modules={}, _temporary=set())

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under `name`. None reserves the name. Raises KeyError, TypeError or ValueError if it cannot be."""
        self._check_ready("parameters")
        check_name(self, name, "parameter", self._parameters)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"cannot assign '{type(param).__name__}' object to parameter '{name}' (Parameter or None required)")
        if param is not None and not param.is_leaf:
            raise ValueError(f"Cannot assign non-leaf Tensor to parameter '{name}': a result of operations; detach() it")
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is state but is not learned. The state dict holds it if it is `persistent`."""
        self._check_ready("buffers")
        check_name(self, name, "buffer", self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"cannot assign '{type(tensor).__name__}' object to buffer '{name}' (Tensor or None required)")
        self._buffers[name] = tensor
        (self._temporary.discard if persistent else self._temporary.add)(name)

    def add_module(self, name: str, module: Any) -> None:
        """Add a submodule under `name`. Raises KeyError or TypeError if it cannot be."""
        self._check_ready("modules")
        if module is not None and not isinstance(module, Registry):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        check_name(self, name, "module", self._modules)
        self._modules[name] = cast("Module | None", module)

    register_module = add_module

    def _check_ready(self, kind: str) -> None:
        if "_parameters" not in self.__dict__:
            raise AttributeError(f"cannot assign {kind} before Module.__init__() call: begin with super().__init__()")

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Parameter):
            self._check_ready("parameters")
            self._make_room(name, self._parameters)
            self.register_parameter(name, value)
        elif isinstance(value, Registry):
            self._check_ready("modules")
            self._make_room(name, self._modules)
            self.add_module(name, value)
        else:
            self._set_plain(name, value)

    def _set_plain(self, name: str, value: Any) -> None:
        """Assign what registers nothing by its type; the name may be registered already."""
        for kind, table, wanted in _KINDS:
            if name in self.__dict__.get(table, ()):
                if value is not None and not isinstance(value, wanted):
                    given = f"'{type(value).__name__}' as {kind} '{name}'"
                    raise TypeError(f"cannot assign {given} ({wanted.__name__} or None expected)")
                self.__dict__[table][name] = value
                return
        object.__setattr__(self, name, value)

    def _make_room(self, name: str, table: dict[str, Any]) -> None:
        """Take `name` out of all tables but its own, where it will be replaced in its place."""
        for home in (self.__dict__, self._parameters, self._buffers, self._modules):
            if home is not table:
                home.pop(name, None)
        self._temporary.discard(name)

    def __getattr__(self, name: str) -> Any:
        for _, table, _ in _KINDS:
            if name in (members := self.__dict__.get(table, ())):
                return members[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'", name=name, obj=self)

    def __delattr__(self, name: str) -> None:
        for _, table, _ in _KINDS:
            if name in self.__dict__[table]:
                del self.__dict__[table][name]
                self._temporary.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._parameters, *self._buffers, *self._modules})


_KINDS: tuple[tuple[str, str, type], ...] = (
    ("parameter", "_parameters", Parameter),
    ("buffer", "_buffers", Tensor),
    ("child module", "_modules", Registry),
)
