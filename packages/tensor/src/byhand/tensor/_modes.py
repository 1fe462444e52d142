"""Whether operations are recorded: `no_grad`, `enable_grad`, `set_grad_enabled`, `inference_mode`.

The state lives in a ContextVar, so each thread and each async task has its own and a new thread starts recording.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Self, TypeVar

__all__ = [
    "enable_grad", "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "no_grad", "set_grad_enabled",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])

GRAD: ContextVar[bool] = ContextVar("byhand.tensor.grad", default=True)
INFERENCE: ContextVar[bool] = ContextVar("byhand.tensor.inference", default=False)


def is_grad_enabled() -> bool:
    """Tell whether operations on tensors that require grad are being recorded."""
    return GRAD.get()


def is_inference_mode_enabled() -> bool:
    """Tell whether `inference_mode` is on."""
    return INFERENCE.get()


class _Mode:
    """A context manager, also usable as a decorator, that switches recording on or off."""

    def __init__(self, grad: bool) -> None:
        self.grad = grad
        self._tokens: list[Token[bool]] = []

    def __enter__(self) -> Self:
        self._tokens.append(GRAD.set(self.grad))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        GRAD.reset(self._tokens.pop())

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return inside  # type: ignore[return-value]

    def _again(self) -> _Mode:
        """A fresh manager of the same kind: a decorated function may run in several threads at once."""
        return _Mode(self.grad)


class no_grad(_Mode):
    """Record nothing inside: results do not require grad. `with no_grad():`, `@no_grad()` or `@no_grad`."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return super().__new__(cls) if function is None else _Mode(False)(function)

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(_Mode):
    """Record inside, even within `no_grad`. `with enable_grad():`, `@enable_grad()` or `@enable_grad`."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return super().__new__(cls) if function is None else _Mode(True)(function)

    def __init__(self) -> None:
        super().__init__(True)


class set_grad_enabled(_Mode):
    """Switch recording on or off: at once when called as a function, until the end of the block as a context manager."""

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        self._tokens.append(GRAD.set(self.grad))
        self._entered = False

    def __enter__(self) -> Self:
        if self._entered:
            return super().__enter__()
        self._entered = True
        return self

    def __call__(self, function: F) -> F:
        GRAD.reset(self._tokens.pop())  # used as a decorator: nothing changes until the function runs
        return super().__call__(function)


class inference_mode(_Mode):
    """`no_grad`, and what is made inside can never enter a graph later: using it there is an error, not a surprise."""

    def __init__(self, mode: bool = True) -> None:
        super().__init__(not mode)
        self._mode = mode
        self._inference: list[Token[bool]] = []

    def __enter__(self) -> Self:
        self._inference.append(INFERENCE.set(self._mode))
        return super().__enter__()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        super().__exit__(kind, error, trace)
        INFERENCE.reset(self._inference.pop())

    def _again(self) -> _Mode:
        return inference_mode(self._mode)
