"""Data sets, samplers, collation and the loader, with and without worker threads."""

import collections
import itertools
import threading
import time

import byhand.tensor as bt
import numpy as np
import pytest
from byhand.tensor.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    get_worker_info,
    random_split,
)


class Squares(Dataset):
    """i ↦ i², slowly where asked, and broken at one place where asked."""

    def __init__(self, count, broken=None, slow=None):
        self.count, self.broken, self.slow = count, broken, slow

    def __len__(self):
        return self.count

    def __getitem__(self, i):
        if i == self.broken:
            raise KeyError(f"no sample {i}")
        if i == self.slow:
            time.sleep(0.3)
        return i * i


class Stream(IterableDataset):
    """0 … count − 1, divided among the workers."""

    def __init__(self, count):
        self.count = count

    def __iter__(self):
        info = get_worker_info()
        return iter(range(self.count) if info is None else range(info.id, self.count, info.num_workers))


def lists(loader):
    return [batch.tolist() for batch in loader]


def workers():
    return [thread for thread in threading.enumerate() if thread.name.startswith("DataLoader worker")]


def test_datasets():
    x, y = bt.arange(6).reshape(3, 2), bt.arange(3)
    data = TensorDataset(x, y)
    assert len(data) == 3 and [part.tolist() for part in data[1]] == [[2, 3], 1]
    with pytest.raises(ValueError, match="Size mismatch"):
        TensorDataset(x, bt.arange(4))
    both = Squares(3) + Squares(2)
    assert isinstance(both, ConcatDataset) and len(both) == 5
    assert [both[i] for i in (0, 2, 3, 4, -1, -5)] == [0, 4, 0, 1, 1, 0]
    with pytest.raises(IndexError, match="out of range"):
        both[5]
    with pytest.raises(TypeError):
        ConcatDataset([Stream(3)])
    with pytest.raises(ValueError, match="empty"):
        ConcatDataset([])
    part = Subset(Squares(9), [4, 2])
    assert len(part) == 2 and part[0] == 16 and part.__getitems__([1, 0]) == [4, 16]
    with pytest.raises(NotImplementedError):
        Dataset()[0]


def test_random_split():
    def split(lengths, seed=0):
        return [list(p.indices) for p in random_split(Squares(10), lengths, bt.Generator().manual_seed(seed))]

    parts = split([3, 7])
    assert [len(p) for p in parts] == [3, 7] and sorted(itertools.chain(*parts)) == list(range(10))
    assert parts == split([3, 7]) != split([3, 7], seed=1)
    assert [len(p) for p in split([0.35, 0.35, 0.3])] == [4, 3, 3]
    with pytest.raises(ValueError, match="Sum of input lengths"):
        split([3, 3])
    with pytest.raises(ValueError, match="index 0 is not between 0 and 1"):
        split([-0.5, 1.5])
    with pytest.warns(UserWarning, match="index 1 is 0"):
        split([1.0, 0.0])


def test_samplers():
    data = range(7)
    assert list(SequentialSampler(data)) == list(range(7))
    seeded = [list(RandomSampler(data, generator=bt.Generator().manual_seed(s))) for s in (0, 0, 1)]
    assert seeded[0] == seeded[1] != seeded[2] and sorted(seeded[0]) == list(range(7))
    longer = list(RandomSampler(data, num_samples=10))
    assert len(longer) == 10 and sorted(longer[:7]) == list(range(7)) and len(set(longer[7:])) == 3
    drawn = list(RandomSampler(data, replacement=True, num_samples=200))
    assert len(drawn) == 200 and set(drawn) == set(range(7))
    assert sorted(SubsetRandomSampler([3, 9, 5])) == [3, 5, 9]
    assert list(BatchSampler(range(5), 2, False)) == [[0, 1], [2, 3], [4]] and len(BatchSampler(range(5), 2, False)) == 3
    assert list(BatchSampler(range(5), 2, True)) == [[0, 1], [2, 3]] and len(BatchSampler(range(5), 2, True)) == 2
    bt.manual_seed(4)
    first = list(RandomSampler(data)), list(RandomSampler(data))
    bt.manual_seed(4)
    assert first == (list(RandomSampler(data)), list(RandomSampler(data))) and first[0] != first[1]


def test_weighted_sampling():
    drawn = list(WeightedRandomSampler([1.0, 0.0, 3.0], 4000, generator=bt.Generator().manual_seed(0)))
    counts = collections.Counter(drawn)
    assert counts[1] == 0 and abs(counts[2] / 4000 - 0.75) < 0.03
    assert sorted(WeightedRandomSampler([1.0, 0.0, 3.0], 2, replacement=False)) == [0, 2]
    for wrong in ([-1.0, 2.0], [0.0, 0.0], [[1.0]]):
        with pytest.raises(ValueError):
            WeightedRandomSampler(wrong, 1)
    with pytest.raises(ValueError, match="num_samples"):
        WeightedRandomSampler([1.0], 0)
    with pytest.raises(ValueError, match="without replacement"):
        WeightedRandomSampler([1.0, 0.0], 2, replacement=False)


def test_collation():
    Point = collections.namedtuple("Point", "x name")
    batch = default_collate([{"p": Point(1, "a"), "v": np.ones(2)}, {"p": Point(2, "b"), "v": np.zeros(2)}])
    assert batch["p"].x.tolist() == [1, 2] and batch["p"].name == ("a", "b")
    assert batch["v"].tolist() == [[1.0, 1.0], [0.0, 0.0]] and batch["v"].dtype == bt.float64
    numbers = default_collate([(1, 2.0, True), (3, 4.0, False)])
    assert isinstance(numbers, list) and [n.dtype for n in numbers] == [bt.int64, bt.float64, bt.tensor(True).dtype]
    with pytest.raises(RuntimeError, match="equal size"):
        default_collate([[1], [1, 2]])
    with pytest.raises(TypeError, match="found"):
        default_collate([object()])


@pytest.mark.parametrize("num_workers", [0, 1, 3])
def test_the_order_is_that_of_the_sampler(num_workers):
    squares = [i * i for i in range(11)]
    assert lists(DataLoader(Squares(11, slow=0), 4, num_workers=num_workers)) == [squares[:4], squares[4:8], squares[8:]]
    loader = DataLoader(Squares(11), 4, num_workers=num_workers, drop_last=True)
    assert lists(loader) == [squares[:4], squares[4:8]] and len(loader) == 2
    loader = DataLoader(Squares(11), batch_sampler=[[1, 2], [3]], num_workers=num_workers)
    assert lists(loader) == [[1, 4], [9]] and len(loader) == 2
    assert list(DataLoader(Squares(3), batch_size=None, num_workers=num_workers)) == [0, 1, 4]
    assert list(DataLoader(Squares(3), 2, collate_fn=tuple, num_workers=num_workers)) == [(0, 1), (4,)]
    shuffled = lists(DataLoader(Squares(11), 4, True, num_workers=num_workers, generator=bt.Generator().manual_seed(5)))
    assert shuffled == lists(DataLoader(Squares(11), 4, True, generator=bt.Generator().manual_seed(5)))
    assert sorted(itertools.chain(*shuffled)) == squares
    assert not workers()


def test_each_epoch_has_its_own_order():
    loader = DataLoader(Squares(20), 20, shuffle=True, generator=bt.Generator().manual_seed(1))
    assert lists(loader) != lists(loader)


def test_iterable_datasets():
    assert lists(DataLoader(Stream(5), 2)) == [[0, 1], [2, 3], [4]]
    assert lists(DataLoader(Stream(5), 2, drop_last=True)) == [[0, 1], [2, 3]]
    assert list(DataLoader(Stream(3), None)) == [0, 1, 2]
    assert lists(DataLoader(Stream(7), 2, num_workers=2)) == [[0, 2], [1, 3], [4, 6], [5]]
    with pytest.raises(TypeError):
        len(DataLoader(Stream(5)))


@pytest.mark.parametrize("num_workers", [1, 2])
def test_an_exception_in_a_worker_comes_where_its_batch_was_due(num_workers):
    seen = []
    with pytest.raises(KeyError, match=r"worker thread \d(.|\n)*Traceback(.|\n)*in __getitem__(.|\n)*no sample 5"):
        for batch in DataLoader(Squares(12, broken=5), 2, num_workers=num_workers):
            seen.append(batch.tolist())
    assert seen == [[0, 1], [4, 9]] and not workers()


def test_breaking_off_leaves_no_thread():
    for batch in DataLoader(Squares(1000), 2, num_workers=3, prefetch_factor=4):
        assert batch.tolist() == [0, 1] and len(workers()) == 3
        break
    assert not workers()
    batches = iter(DataLoader(Squares(1000), 2, num_workers=2))
    next(batches)
    del batches
    assert not workers()


def test_workers_prepare_no_more_than_asked_for():
    fetched = []

    class Counting(Squares):
        def __getitem__(self, i):
            fetched.append(i)
            return i

    batches = iter(DataLoader(Counting(100), 1, num_workers=2, prefetch_factor=3))
    next(batches)
    for _ in range(5000):
        if len(fetched) >= 7:
            break
        time.sleep(0.001)
    assert sorted(fetched) == list(range(7))
    batches.close()


def test_timeout():
    release = threading.Event()

    class Stuck(Squares):
        def __getitem__(self, i):
            release.wait()
            return i

    with pytest.raises(RuntimeError, match=r"timed out after 0\.05 seconds"):
        list(DataLoader(Stuck(2), num_workers=1, timeout=0.05))
    release.set()
    for thread in workers():
        thread.join()


def test_workers_know_themselves_and_draw_repeatable_numbers():
    started = []

    class Noise(Squares):
        def __getitem__(self, i):
            return float(get_worker_info().id), bt.rand(()).item()

    def epoch():
        bt.manual_seed(7)
        loader = DataLoader(Noise(8), 2, num_workers=2, worker_init_fn=started.append)
        return [[part.tolist() for part in batch] for batch in loader]

    first = epoch()
    assert first == epoch() and sorted(started) == [0, 0, 1, 1]
    assert [ids[0] for ids, _ in first] == [0.0, 1.0, 0.0, 1.0]
    assert len({n for _, numbers in first for n in numbers}) == 8
    assert get_worker_info() is None


@pytest.mark.parametrize(
    "options, message",
    [
        ({"num_workers": -1}, "num_workers"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": 1}, "timeout"),
        ({"prefetch_factor": 2}, "prefetch_factor"),
        ({"prefetch_factor": 0, "num_workers": 1}, "prefetch_factor"),
        ({"sampler": [1], "shuffle": True}, "mutually exclusive with shuffle"),
        ({"batch_sampler": [[1]], "batch_size": 2}, "batch_sampler option is mutually exclusive"),
        ({"batch_sampler": [[1]], "drop_last": True}, "batch_sampler option is mutually exclusive"),
        ({"batch_size": None, "drop_last": True}, "auto-batching"),
        ({"batch_size": 0}, "batch_size"),
    ],
)
def test_contradictory_options(options, message):
    with pytest.raises(ValueError, match=message):
        DataLoader(Squares(3), **options)


@pytest.mark.parametrize("options", [{"shuffle": True}, {"sampler": [1]}, {"batch_sampler": [[1]]}])
def test_an_iterable_dataset_chooses_its_own_order(options):
    with pytest.raises(ValueError, match="IterableDataset"):
        DataLoader(Stream(3), **options)
