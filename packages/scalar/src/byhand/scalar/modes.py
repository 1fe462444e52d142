"""Whether operations are recorded: a switch that belongs to the running thread or task, not to the process."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["is_grad_enabled", "no_grad"]

_recording: ContextVar[bool] = ContextVar("byhand.scalar.recording", default=True)

is_grad_enabled = _recording.get


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording, as `with no_grad():` or as a decorator `@no_grad()`.

    Every result inside is a leaf: a number that does not remember where it came from.
    """
    token = _recording.set(False)
    try:
        yield
    finally:
        _recording.reset(token)
