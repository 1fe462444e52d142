"""The parameters of a function, read from its code: a tenth of `inspect.signature`'s time, and an import reads a thousand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

_STARRED = 0x04  # the flag of code with `*args`


class Missing:
    """Stands where there is no default, or no annotation."""


class Parameter(NamedTuple):
    """One parameter of a function."""

    name: str
    default: Any
    annotation: Any
    positional: bool  # it may be given by position
    starred: bool  # it is `*args`


def parameters(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The parameters of a function written in Python, in order; of a wrapped one the original's. `**kwargs` is left out."""
    function = unwrapped(function)
    code, annotations, defaults = function.__code__, function.__annotations__, defaults_of(function)
    count, last = code.co_argcount, code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames

    def parameter(name: str, positional: bool, starred: bool = False) -> Parameter:
        return Parameter(name, defaults.get(name, Missing), annotations.get(name, Missing), positional, starred)

    starred = [parameter(names[last], False, True)] if code.co_flags & _STARRED else []
    return (*[parameter(name, True) for name in names[:count]], *starred, *[parameter(n, False) for n in names[count:last]])


def names_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's parameters, without those of `*args` and `**kwargs`; none for a class."""
    code = getattr(unwrapped(function), "__code__", None)
    return () if code is None else code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def defaults_of(function: Any) -> dict[str, Any]:
    """The defaults of those parameters that have one."""
    values = function.__defaults__ or ()
    count = function.__code__.co_argcount
    by_place = zip(function.__code__.co_varnames[count - len(values) : count], values, strict=True)
    return dict(by_place) | (function.__kwdefaults__ or {})


def unwrapped(function: Any) -> Any:
    """The function that a decorator has wrapped."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function
