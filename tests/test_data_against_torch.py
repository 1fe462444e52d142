"""`byhand.tensor.utils.data` beside `torch.utils.data`: the same batches, lengths and exceptions."""

import warnings

import byhand.tensor as bt
import byhand.tensor.utils.data as ours
import numpy as np
import pytest
import torch
import torch.utils.data as theirs

PAIRS = ((bt, ours), (torch, theirs))


def plain(value):
    """Containers, dtypes and numbers, without the library."""
    if isinstance(value, bt.Tensor | torch.Tensor):
        return str(value.dtype).removeprefix("torch."), tuple(value.shape), value.tolist()
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value), [plain(part) for part in value]
    return value


def both(program):
    """The outcomes of a program in the two libraries: what it returns, or the kind of exception."""
    outcomes = []
    for lib, data in PAIRS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                outcomes.append(plain(program(lib, data)))
        except Exception as error:  # noqa: BLE001 (the kind is what is compared)
            outcomes.append(type(error).__name__)
    return outcomes


BATCHES = {
    "numbers": [1, 2],
    "floats": [1.5, 2.5],
    "bools": [True, False],
    "strings": ["a", "b"],
    "tuples": [(1, 2.0), (3, 4.0)],
    "lists": [[1], [2]],
    "dicts": [{"a": 1, "b": (2, 3)}, {"a": 4, "b": (5, 6)}],
    "arrays": [np.arange(3), np.arange(3)],
    "scalars": [np.float32(1), np.float32(2)],
    "unequal": [[1], [1, 2]],
    "shapes": [np.zeros(2), np.zeros(3)],
    "objects": [object(), object()],
    "words in arrays": [np.array("a"), np.array("b")],
}


@pytest.mark.parametrize("name", BATCHES)
def test_collation(name):
    a, b = both(lambda _, data: data.default_collate(BATCHES[name]))
    np.testing.assert_equal(a, b)


@pytest.mark.parametrize("name", BATCHES)
def test_conversion(name):
    a, b = both(lambda _, data: data.default_convert(BATCHES[name]))
    np.testing.assert_equal(a, b)


LOADERS = {
    "plain": {},
    "batches": {"batch_size": 4},
    "drop_last": {"batch_size": 4, "drop_last": True},
    "sampler": {"batch_size": 2, "sampler": [4, 2, 9]},
    "batch_sampler": {"batch_sampler": [[1, 2, 3], [5]]},
    "no batches": {"batch_size": None},
    "collate_fn": {"batch_size": 3, "collate_fn": len},
    "shuffle and sampler": {"shuffle": True, "sampler": [1]},
    "batch_sampler and batch_size": {"batch_sampler": [[1]], "batch_size": 3},
    "batch_sampler and shuffle": {"batch_sampler": [[1]], "shuffle": True},
    "no batches, drop_last": {"batch_size": None, "drop_last": True},
    "no samples a batch": {"batch_size": 0},
    "half a batch": {"batch_size": 2.5},
    "fewer than no workers": {"num_workers": -1},
    "negative timeout": {"timeout": -1},
    "prefetch without workers": {"prefetch_factor": 2},
}


@pytest.mark.parametrize("name", LOADERS)
def test_loader(name):
    def program(lib, data):
        x = np.arange(20.0).reshape(10, 2)
        loader = data.DataLoader(data.TensorDataset(lib.tensor(x), lib.arange(10)), **LOADERS[name])
        return [len(loader), *loader]

    a, b = both(program)
    assert a == b


@pytest.mark.parametrize(
    "options", [{"batch_size": 3}, {"batch_size": 3, "drop_last": True}, {"shuffle": True}, {"sampler": [1]}]
)
def test_loader_of_an_iterable(options):
    def program(_, data):
        kind = type("Stream", (data.IterableDataset,), {"__iter__": lambda self: iter(range(7)), "__len__": lambda self: 7})
        loader = data.DataLoader(kind(), **options)
        return [len(loader), *loader]

    a, b = both(program)
    assert a == b


@pytest.mark.parametrize("lengths", [[3, 7], [0.5, 0.5], [0.35, 0.35, 0.3], [1.0, 0.0], [3, 3], [0.4, 0.4], [-0.5, 1.5]])
def test_random_split(lengths):
    def program(lib, data):
        parts = data.random_split(range(10), lengths, lib.Generator().manual_seed(0))
        return [[len(part) for part in parts], sorted(i for part in parts for i in part.indices)]

    a, b = both(program)
    assert a == b


SAMPLERS = {
    "sequential": lambda data: data.SequentialSampler(range(5)),
    "random": lambda data: data.RandomSampler(range(5)),
    "more than there are": lambda data: data.RandomSampler(range(5), num_samples=10),
    "none": lambda data: data.RandomSampler(range(5), num_samples=0),
    "of nothing": lambda data: data.RandomSampler([]),
    "replacement": lambda data: data.RandomSampler(range(5), replacement="yes"),
    "subset": lambda data: data.SubsetRandomSampler([4, 7]),
    "batches": lambda data: data.BatchSampler(range(5), 2, False),
    "full batches": lambda data: data.BatchSampler(range(5), 2, True),
    "empty batches": lambda data: data.BatchSampler(range(5), 0, True),
    "weights": lambda data: data.WeightedRandomSampler([0.0, 1.0], 3),
    "no draws": lambda data: data.WeightedRandomSampler([0.0, 1.0], 0),
    "matrix": lambda data: data.WeightedRandomSampler([[1.0]], 1),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers(name):
    def program(_, data):
        sampler = SAMPLERS[name](data)
        return [len(sampler), sorted(sampler)]

    a, b = both(program)
    assert a == b
