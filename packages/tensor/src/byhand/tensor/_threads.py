"""The threads on which large arrays are worked on, and the peace between them and those of BLAS.

BLAS shares out products among threads of its own, which go on spinning for 2²⁶ ticks (30 ms) after each, and take processors from
ours: with two cores, work shared out here is then no faster, or slower. So it is shared out only if there is very much of it, or
if the environment says that BLAS has one thread, or that its threads rest soon (OPENBLAS_THREAD_TIMEOUT=20, for 2²⁰ ticks;
programs set it before NumPy is loaded). Time of a step with and without that setting: ResNet-8 0.8, the MNIST CNN 0.85.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ._quiet import quietly

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

__all__ = ["get_num_threads", "set_num_threads"]

RESTING = 22  # log₂ of the ticks after which, at the latest, BLAS's threads should rest: 2 ms

Work = Callable[[slice], Any]


class _Workers:
    """How many threads are wanted, and those that help the calling one. They are started when first needed."""

    def __init__(self) -> None:
        self.count = 0  # not yet decided
        self.spinning = True  # BLAS has threads that keep processors busy after its products
        self.pool: ThreadPoolExecutor | None = None
        self.process = 0  # that in which the pool was made: a forked one has none of its parent's threads
        self.lock = threading.Lock()

    def helpers(self) -> ThreadPoolExecutor:
        """The pool of helping threads. To hand over work and to hear that it is done takes 20 to 30 µs."""
        from concurrent.futures import ThreadPoolExecutor  # 10 ms of import that few programs need

        with self.lock:
            if self.pool is None or self.process != os.getpid():
                self.pool = ThreadPoolExecutor(self.count - 1, thread_name_prefix="byhand")
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
        _workers.spinning = _blas_spins(os.environ)
    return _workers.count


def set_num_threads(num: int) -> None:
    """Say on how many threads large arrays are worked on; 1: only on the calling one. Raises RuntimeError for less.

    Products of matrices are BLAS's, which has a setting of its own (OPENBLAS_NUM_THREADS, before NumPy is loaded).
    """
    if num < 1:
        raise RuntimeError(f"set_num_threads expects a positive integer, got {num}")
    get_num_threads()  # reads the environment
    with _workers.lock:
        _workers.count = int(num)
        _workers.pool = None  # idle threads end when nobody holds their pool any more


def _blas_spins(environment: Mapping[str, str]) -> bool:
    if "1" in (environment.get("OPENBLAS_NUM_THREADS") or environment.get("OMP_NUM_THREADS"), environment.get("MKL_NUM_THREADS")):
        return False
    ticks = environment.get("OPENBLAS_THREAD_TIMEOUT", "")
    return not (ticks.isdecimal() and 0 < int(ticks) <= RESTING)


def blas_spins() -> bool:
    """Return whether the threads of BLAS may be keeping other processors busy."""
    return get_num_threads() > 1 and _workers.spinning


def worth(amount: int, least: int) -> bool:
    """Return whether an amount of work is worth several threads: `least`, or 32 times that where those of BLAS may spin."""
    # With 8 times, the MNIST CNN took 112 ms a step instead of 59 in two processes of three.
    return get_num_threads() > 1 and amount >= (32 * least if _workers.spinning else least)


def shared_out(work: Work, parts: Sequence[slice]) -> list[Any]:
    """Return what `work` returns for each part, in order. Each thread takes neighbours; helpers do not ask others for help."""
    share = min(get_num_threads(), len(parts))
    if share == 1 or getattr(_thread, "helping", False):
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


def _each(work: Work, parts: Sequence[slice]) -> list[Any]:
    return [work(part) for part in parts]


def _help(work: Work, parts: Sequence[slice]) -> list[Any]:
    _thread.helping = True
    return quietly(_each, work, parts)
