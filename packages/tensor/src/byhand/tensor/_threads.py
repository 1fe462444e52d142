"""The threads on which blocks of large arrays are worked on. BLAS has threads of its own, and its own settings for them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ._quiet import quietly

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

__all__ = ["get_num_threads", "set_num_threads"]

# Numbers from which another thread pays. Alone it would from about 300,000 on; but in a network BLAS's own threads are still
# spinning from the last product, and with two cores a step then took 8 % longer (ResNet-8, the MNIST CNN).
MANY = 2**22


class _Workers:
    """How many threads are wanted, and those that help the calling one. They are started when first needed."""

    def __init__(self) -> None:
        self.count = 0  # not yet decided
        self.pool: ThreadPoolExecutor | None = None
        self.process = 0  # that in which the pool was made: a forked one has none of its parent's threads
        self.lock = threading.Lock()

    def helpers(self) -> ThreadPoolExecutor:
        """The pool of helping threads."""
        from concurrent.futures import ThreadPoolExecutor  # 10 ms of import that few programs need

        with self.lock:
            if self.pool is None or self.process != os.getpid():
                self.pool = ThreadPoolExecutor(get_num_threads() - 1, thread_name_prefix="byhand")
                self.process = os.getpid()
            return self.pool


_workers = _Workers()
_thread = threading.local()  # `.helping`: this thread is such a helper itself


def get_num_threads() -> int:
    """Return on how many threads large arrays are worked on: OMP_NUM_THREADS, else as many as the process has processors."""
    if not _workers.count:
        given = os.environ.get("OMP_NUM_THREADS", "")
        available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        _workers.count = max(int(given), 1) if given.isdecimal() else available
    return _workers.count


def set_num_threads(num: int) -> None:
    """Say on how many threads large arrays are worked on; 1: only on the calling one. Raises RuntimeError for less."""
    if num < 1:
        raise RuntimeError(f"set_num_threads expects a positive integer, got {num}")
    with _workers.lock:
        _workers.count = int(num)
        _workers.pool = None  # idle threads end when nobody holds their pool any more


def shared_out(work: Callable[[slice], Any], parts: Sequence[slice], numbers: int) -> list[Any]:
    """Return what `work` returns for each part, on several threads if there are so many `numbers` in all that it pays."""
    share = min(get_num_threads(), len(parts))
    if share == 1 or numbers < MANY or getattr(_thread, "helping", False):
        return _each(work, parts)
    pool = _workers.helpers()
    ends = [len(parts) * i // share for i in range(share + 1)]
    futures: list[Future[list[Any]]] = [pool.submit(_help, work, parts[a:b]) for a, b in pairwise(ends[1:])]
    try:
        results = _each(work, parts[: ends[1]])
    finally:  # nobody may still be writing when the caller goes on
        errors = [future.exception() for future in futures]
    for future, error in zip(futures, errors, strict=True):
        if error is not None:
            raise error
        results += future.result()
    return results


def _each(work: Callable[[slice], Any], parts: Sequence[slice]) -> list[Any]:
    return [work(part) for part in parts]


def _help(work: Callable[[slice], Any], parts: Sequence[slice]) -> list[Any]:
    _thread.helping = True
    return quietly(_each, work, parts)
