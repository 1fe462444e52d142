"""Worker threads: each prepares batches ahead of time and keeps the order in which they were asked for.

They are threads, not processes: NumPy sets the interpreter free while it computes, reads or decompresses, nothing is
pickled, and a data set in memory is shared.
"""

from __future__ import annotations

import collections
import itertools
import queue
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any, NamedTuple

from ...random import Generator, own_generator

__all__ = ["WorkerInfo", "get_worker_info"]

_DONE = object()  # the worker's samples are at an end

Fetch = Callable[[Any], Any]


class WorkerInfo(NamedTuple):
    """What a worker knows of itself."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


class Exhausted(Exception):
    """An iterable data set has no more samples."""


class Failure(NamedTuple):
    """An exception that a worker met, with its traceback as text."""

    error: Exception
    text: str


_info: ContextVar[WorkerInfo | None] = ContextVar("byhand.tensor.utils.data.worker", default=None)


def get_worker_info() -> WorkerInfo | None:
    """Return the facts of the worker in which this is called (an iterable data set divides its samples by them), else None."""
    return _info.get()


class Worker:
    """One thread with a queue of tasks and a queue of results.

    Random numbers drawn in it without a generator come from a stream of its own, begun with `info.seed`: so a run can be
    repeated however the threads interleave.
    """

    def __init__(self, info: WorkerInfo, fetcher: Callable[[], Fetch], start: Callable[[int], None] | None) -> None:
        self.info = info
        self.exhausted = False
        self._fetcher = fetcher
        self._start = start
        self._tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"DataLoader worker {info.id}", daemon=True)
        self._thread.start()

    def send(self, task: Any) -> None:
        """Ask for a batch."""
        self._tasks.put((task,))

    def receive(self, timeout: float) -> Any:
        """Return the next batch in the order of the tasks, `_DONE` or a `Failure`. Raises RuntimeError after `timeout` s."""
        try:
            return self._results.get(timeout=timeout or None)
        except queue.Empty:
            raise RuntimeError(f"DataLoader timed out after {timeout} seconds (worker {self.info.id})") from None

    def stop(self) -> None:
        """Let the thread end after the batch in hand."""
        self._stopped.set()
        self._tasks.put(None)

    def join(self) -> None:
        """Wait for the thread's end."""
        self._thread.join()

    def _work(self) -> None:
        _info.set(self.info)
        own_generator.set(Generator().manual_seed(self.info.seed))
        fetch: Fetch | None = None
        while (task := self._tasks.get()) is not None and not self._stopped.is_set():
            try:
                if fetch is None:
                    if self._start is not None:
                        self._start(self.info.id)
                    fetch = self._fetcher()
                result = fetch(task[0])
            except Exhausted:
                result = _DONE
            except Exception as error:  # noqa: BLE001 (raised again where the batch is received)
                result = Failure(error, traceback.format_exc())
            self._results.put(result)


def in_threads(
    tasks: Iterable[Any], crew: Callable[[], list[Worker]], prefetch: int, timeout: float
) -> Iterator[Any]:
    """Yield the batch of each task in order, while the workers prepare the next `prefetch` ones each."""
    workers = crew()
    rota, rest = itertools.cycle(workers), iter(tasks)
    asked: collections.deque[Worker] = collections.deque()
    late = False

    def ask() -> None:
        """Hand the next task to the next worker that still has samples."""
        worker = next((w for w in itertools.islice(rota, len(workers)) if not w.exhausted), None)
        if worker is None:
            return
        for task in itertools.islice(rest, 1):
            worker.send(task)
            asked.append(worker)

    try:
        for _ in range(prefetch * len(workers)):
            ask()
        while asked:
            worker = asked.popleft()
            late = True
            result = worker.receive(timeout)
            late = False
            if result is _DONE:
                worker.exhausted = True
            ask()
            if isinstance(result, Failure):
                raise _again(result, worker.info.id) from result.error
            if result is not _DONE:
                yield result
    finally:
        for worker in workers:
            worker.stop()
        for worker in () if late else workers:  # one that is late may never come
            worker.join()


def _again(failure: Failure, number: int) -> Exception:
    """The worker's exception with the worker's traceback in its message; RuntimeError where it cannot be made anew."""
    kind = type(failure.error)
    text = f"Caught {kind.__name__} in DataLoader worker thread {number}.\nOriginal {failure.text}"
    try:
        return kind(Message(text) if issubclass(kind, KeyError) else text)
    except TypeError:
        return RuntimeError(text)


class Message(str):
    """A text whose line breaks survive in a KeyError, which shows the repr of its argument."""

    def __repr__(self) -> str:
        return str(self)
