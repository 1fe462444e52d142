"""Modules that hold parameters: in a list, under names."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from byhand.tensor import Tensor

from ..parameter import Parameter
from .module import Module

__all__ = ["ParameterDict", "ParameterList"]


def _as_parameter(value: Any) -> Parameter:
    """PyTorch's convenience: a plain tensor that is put in becomes a parameter."""
    if isinstance(value, Parameter):
        return value
    if isinstance(value, Tensor):
        return Parameter(value.detach())
    raise TypeError(f"expected a Parameter or a Tensor, not {type(value).__name__}")


class _Parameters(Module):
    """Parameters under names, and how they are shown."""

    def __len__(self) -> int:
        return len(self._parameters)

    def extra_repr(self) -> str:
        """Return a line for each parameter."""
        return "\n".join(
            f"  ({name}): Parameter containing: [{parameter.dtype} of size {'x'.join(map(str, parameter.shape))}]"
            for name, parameter in self._parameters.items()
            if parameter is not None
        )


class ParameterList(_Parameters):
    """A list whose tensors are registered as parameters."""

    def __init__(self, values: Iterable[Tensor] | None = None) -> None:
        super().__init__()
        if values is not None:
            self.extend(values)

    def _name_at(self, index: Any) -> str:
        place = operator.index(index)
        if not -len(self) <= place < len(self):
            raise IndexError(f"index {place} is out of range: the list holds {len(self)} parameters")
        return str(place % len(self))

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return self._parameters[self._name_at(index)]

    def __setitem__(self, index: int, value: Tensor) -> None:
        setattr(self, self._name_at(index), _as_parameter(value))

    def __iter__(self) -> Iterator[Any]:
        return iter(self._parameters.values())

    def append(self, value: Tensor) -> Self:
        """Add a parameter at the end."""
        self.register_parameter(str(len(self)), _as_parameter(value))
        return self

    def extend(self, values: Iterable[Tensor]) -> Self:
        """Add several parameters at the end."""
        for parameter in list(map(_as_parameter, values)):
            self.append(parameter)
        return self

    def __iadd__(self, values: Iterable[Tensor]) -> Self:
        return self.extend(values)


class ParameterDict(_Parameters):
    """A dictionary whose tensors are registered as parameters, in the order of their insertion."""

    def __init__(self, parameters: Mapping[str, Tensor] | Iterable[tuple[str, Tensor]] | None = None) -> None:
        super().__init__()
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key: str) -> Any:
        return self._parameters[key]

    def __setitem__(self, key: str, value: Tensor) -> None:
        setattr(self, key, _as_parameter(value))

    def __delitem__(self, key: str) -> None:
        del self._parameters[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __contains__(self, key: object) -> bool:
        return key in self._parameters

    def clear(self) -> None:
        """Take all parameters out."""
        self._parameters.clear()

    def pop(self, key: str) -> Any:
        """Take a parameter out and return it."""
        return self._parameters.pop(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a parameter, or `default` if there is none of that name."""
        return self._parameters.get(key, default)

    def keys(self) -> Iterable[str]:
        """Return the names."""
        return self._parameters.keys()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Return names and parameters."""
        return self._parameters.items()

    def values(self) -> Iterable[Any]:
        """Return the parameters."""
        return self._parameters.values()

    def update(self, parameters: Mapping[str, Tensor] | Iterable[tuple[str, Tensor]]) -> None:
        """Add parameters from a mapping, or from pairs of name and tensor."""
        for name, value in list(parameters.items() if isinstance(parameters, Mapping) else parameters):
            self[name] = value
