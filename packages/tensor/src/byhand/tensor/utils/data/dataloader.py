"""`DataLoader`: batches of a data set, chosen by a sampler, fetched here or in worker threads."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from ...random import Generator
from .collate import default_collate, default_convert
from .dataset import Dataset, IterableDataset
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, draw_seed
from .worker import Exhausted, Fetch, Worker, WorkerInfo, in_threads

__all__ = ["DataLoader"]

T = TypeVar("T", covariant=True)


class DataLoader(Generic[T]):
    """Iterate over a data set in batches; each `iter()` is an epoch.

    Args:
        batch_size: samples a batch; None for single samples, not collated.
        shuffle: a new random order each epoch.
        sampler: an iterable over indices, instead of `shuffle`.
        batch_sampler: an iterable over lists of indices, instead of `batch_size`, `shuffle`, `sampler` and `drop_last`.
        num_workers: how many threads prepare batches ahead of time; 0 prepares each when it is asked for. The order of the
            batches is the same.
        collate_fn: makes a batch of a list of samples; by default `default_collate`.
        drop_last: leave out a last batch that is not full.
        timeout: seconds to wait for a batch of a worker; 0 waits for ever.
        worker_init_fn: called with the worker's number in each worker before its first batch.
        generator: where shuffling and the workers' seeds come from; by default `manual_seed`'s.
        prefetch_factor: batches that each worker prepares ahead; 2 unless given.

    An exception in a worker is raised again where its batch was due, with the worker's traceback in its message; threads
    end with the iteration, also when it is broken off. Raises ValueError for options that contradict each other.
    """

    def __init__(
        self,
        dataset: Dataset[T],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler[Any] | Iterable[Any] | None = None,
        batch_sampler: Sampler[list[Any]] | Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        *,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        generator: Generator | None = None,
        prefetch_factor: int | None = None,
    ) -> None:
        self._iterable = isinstance(dataset, IterableDataset)
        _check_workers(num_workers, timeout, prefetch_factor)
        _check_choice(self._iterable, batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.generator = generator
        self.drop_last = drop_last
        if sampler is None and not self._iterable:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)  # type: ignore[arg-type]
        self.sampler = sampler
        self.batch_size = None if batch_sampler is not None else batch_size
        if batch_size is not None and batch_sampler is None and not self._iterable:
            assert sampler is not None
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_sampler = batch_sampler
        batched = batch_size is not None or batch_sampler is not None
        self.collate_fn = collate_fn or (default_collate if batched else default_convert)

    def __iter__(self) -> Iterator[Any]:
        seed = draw_seed(self.generator)  # in every epoch, so that the order does not depend on the number of workers
        tasks: Iterable[Any] = itertools.repeat(None) if self._iterable else self.batch_sampler or self.sampler or ()
        if not self.num_workers:
            return _here(tasks, self._fetcher)
        crew = functools.partial(self._crew, seed)
        return in_threads(tasks, crew, self.prefetch_factor or 2, self.timeout)

    def __len__(self) -> int:
        """The number of batches. Raises TypeError where the sampler, or an iterable data set, has no length."""
        if not self._iterable:
            return len(self.sampler if self.batch_sampler is None else self.batch_sampler)  # type: ignore[arg-type]
        count = len(self.dataset)  # type: ignore[arg-type]
        if self.batch_size is None:
            return count
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    def _crew(self, seed: int) -> list[Worker]:
        """The workers of one epoch."""
        infos = [WorkerInfo(i, self.num_workers, seed + i, self.dataset) for i in range(self.num_workers)]
        return [Worker(info, self._fetcher, self.worker_init_fn) for info in infos]

    def _fetcher(self) -> Fetch:
        """A function that makes one batch: of the indices it is given, or of the samples that come next."""
        if self._iterable:
            return functools.partial(_next_batch, iter(self.dataset), self.batch_size, self.drop_last, self.collate_fn)
        return functools.partial(_batch_of, self.dataset, self.batch_sampler is not None, self.collate_fn)


def _here(tasks: Iterable[Any], fetcher: Callable[[], Fetch]) -> Iterator[Any]:
    """The batches, each made when it is asked for."""
    fetch = fetcher()
    for task in tasks:
        try:
            batch = fetch(task)
        except Exhausted:
            return
        yield batch


def _batch_of(dataset: Any, batched: bool, collate: Callable[[Any], Any], indices: Any) -> Any:
    if not batched:
        return collate(dataset[indices])
    if callable(several := getattr(dataset, "__getitems__", None)):
        return collate(several(indices))
    return collate([dataset[i] for i in indices])


def _next_batch(samples: Iterator[Any], size: int | None, drop_last: bool, collate: Callable[[Any], Any], _: None) -> Any:
    """The samples that come next. Raises Exhausted when there are none, or too few with `drop_last`."""
    batch = list(itertools.islice(samples, 1 if size is None else size))
    if not batch or (drop_last and len(batch) < (size or 1)):
        raise Exhausted
    return collate(batch[0] if size is None else batch)


def _check_workers(num_workers: int, timeout: float, prefetch_factor: int | None) -> None:
    if num_workers < 0:
        raise ValueError(f"num_workers option should be non-negative, got {num_workers}; 0 loads without threads")
    if timeout < 0:
        raise ValueError(f"timeout option should be non-negative, got {timeout}")
    if timeout and not num_workers:
        raise ValueError("timeout option needs workers: let num_workers > 0 or leave timeout at 0")
    if prefetch_factor is not None and not num_workers:
        raise ValueError("prefetch_factor option could only be specified with workers: let num_workers > 0 or leave it out")
    if prefetch_factor is not None and prefetch_factor <= 0:
        raise ValueError(f"prefetch_factor option should be positive, got {prefetch_factor}")


def _check_choice(
    iterable: bool, batch_size: int | None, shuffle: bool | None, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    if iterable:
        for name, value in (("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)):
            if value is not None:
                raise ValueError(f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value}")
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ValueError("batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last")
    if batch_size is None and batch_sampler is None and drop_last:
        raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
    if batch_size is not None and (isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size <= 0):
        raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
