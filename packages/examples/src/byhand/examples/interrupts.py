"""Ctrl-C that waits for the step to end."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["finishing_steps"]


@contextmanager
def finishing_steps() -> Iterator[Callable[[], bool]]:
    """Within, the first Ctrl-C only makes the function that is given answer True; the second stops at once, as ever.

    Outside the main thread, where Python sends no signals, Ctrl-C is not waited for.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = signal.getsignal(signal.SIGINT)

    def first(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (a handler's signature)
        asked.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, first)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)
