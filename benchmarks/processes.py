"""Each library in a warm process of its own, waiting for its turn: A B A B …, so that whatever else the machine does meets both.

In one process their thread pools would spin against each other, and one's memory would be counted as the other's.
"""

from __future__ import annotations

import gc
import os
import resource
import sys
import traceback
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from time import perf_counter, sleep
from types import TracebackType
from typing import Any, Self

Make = Callable[[], Callable[[], float]]  # makes a workload in the process in which it will run
QUIET = 0.05  # seconds for the threads of the one before to fall asleep


class Missing(Exception):
    """Raised where a workload needs something that is not installed."""


class Failed(Exception):
    """Raised where a workload has raised something; it carries the traceback of the other process."""


class Runner:
    """A process that holds one workload in one library."""

    def __init__(self, make: Make, threads: int) -> None:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = str(threads)  # read, in the new process, when the libraries are loaded
        os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")  # as `byhand.examples` does it; see `byhand.tensor._threads`
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, make), daemon=True)
        self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._connection.close()
        self._process.join(5)
        self._process.kill()

    def _ask(self, *question: Any) -> Any:
        self._connection.send(question)
        answer = self._connection.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def losses(self, steps: int) -> list[float]:
        """What the next steps return. Raises Missing or Failed, as all questions do."""
        return self._ask("losses", steps)  # type: ignore[no-any-return]

    def seconds(self, repeat: int) -> float:
        """The time of one step, over `repeat` of them in a row."""
        sleep(QUIET)
        return self._ask("seconds", repeat)  # type: ignore[no-any-return]

    def peak(self) -> int:
        """The most memory that the process has ever had, in bytes."""
        return self._ask("peak")  # type: ignore[no-any-return]


def _serve(connection: Connection, make: Make) -> None:
    """Answer questions until nobody asks any more."""
    step = _tried(make)
    while True:
        try:
            question, *arguments = connection.recv()
        except EOFError:
            return
        connection.send(step if isinstance(step, Exception) else _tried(_ANSWERS[question], step, *arguments))


def _tried(function: Callable[..., Any], *arguments: Any) -> Any:
    """What the function returns, or what is to be raised where the question was asked."""
    try:
        return function(*arguments)
    except (Missing, ImportError) as error:
        return Missing(str(error))
    except Exception:  # noqa: BLE001 (its traceback is handed on)
        return Failed(traceback.format_exc())


def _losses(step: Callable[[], float], steps: int) -> list[float]:
    return [step() for _ in range(steps)]


def _seconds(step: Callable[[], float], repeat: int) -> float:
    gc.collect()
    start = perf_counter()
    for _ in range(repeat):
        step()
    return (perf_counter() - start) / repeat


def _peak(_: Callable[[], float]) -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


_ANSWERS: dict[str, Callable[..., Any]] = {"losses": _losses, "seconds": _seconds, "peak": _peak}
