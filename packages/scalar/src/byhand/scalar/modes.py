"""Whether operations are recorded: a switch that belongs to the running thread or task, not to the process."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["is_grad_enabled", "no_grad", "recording"]

recording: ContextVar[bool] = ContextVar("byhand.scalar.recording", default=True)


def is_grad_enabled() -> bool:
    """Whether operations are recorded: False inside `no_grad`."""
    return recording.get()


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording, as `with no_grad():` or as a decorator `@no_grad()`.

    Every result inside is a leaf: a number that does not remember where it came from.
    """
    token = recording.set(False)
    try:
        yield
    finally:
        recording.reset(token)
