"""Embeddings, bags of them and one-hot vectors against PyTorch's: samples, options, repeated rows, looks, states, errors."""

from functools import partial

import byhand.nn as bn
import byhand.nn.functional as F
import byhand.tensor as bt
import modinfo
import numpy as np
import opinfo
import pytest
import torch
import torch.nn.functional as TF
from beside_torch import agree, compare

LIBRARIES = [pytest.param((bt, bn), id="byhand"), pytest.param((torch, torch.nn), id="torch")]


class Dense:
    """An operation's samples without those that ask for sparse gradients, which are refused."""

    def __init__(self, info):
        self.info = info

    def __getattr__(self, name):
        return getattr(self.info, name)

    def sample_inputs(self, *args, **kwargs):
        return [sample for sample in self.info.sample_inputs(*args, **kwargs) if not sample.kwargs.get("sparse")]


@pytest.mark.parametrize(
    ("info", "dtype"), opinfo.cases("nn.functional.embedding nn.functional.embedding_bag nn.functional.one_hot")
)
def test_samples_of_functions(info, dtype):
    opinfo.agrees(Dense(info), dtype)


@pytest.mark.parametrize("case", modinfo.cases("Embedding"))
def test_samples_of_modules(case):
    modinfo.agrees(case)


def table(rows=11, columns=5, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, columns))


def indices(*shape, rows=11, seed=1):
    return np.random.default_rng(seed).integers(0, rows, shape)


# ---------------------------------------------------------------------- lookups


@pytest.mark.parametrize("shape", [(40,), (6, 7), (), (0,), (2, 0, 3)])
@pytest.mark.parametrize(
    "options", [{}, {"padding_idx": 3}, {"padding_idx": -2, "scale_grad_by_freq": True}, {"scale_grad_by_freq": True}]
)
def test_embedding(shape, options):  # PyTorch's second derivatives forget the scale, and fail for no index at all
    x = indices(*shape)
    compare(
        lambda w: F.embedding(bt.tensor(x), w, **options) ** 2,
        lambda w: TF.embedding(torch.tensor(x), w, **options) ** 2,
        table(),
        second=x.size > 0 and "scale_grad_by_freq" not in options,
    )


def test_gradient_of_many_rows_and_a_large_table():
    for rows in (3, 20000):
        x, w = indices(5000, rows=rows), table(rows, 8)
        compare(lambda w, x=x: F.embedding(bt.tensor(x), w), lambda w, x=x: TF.embedding(torch.tensor(x), w), w)


@pytest.mark.parametrize("norm_type", [2.0, 1.0, float("inf"), 3.5])
def test_rows_that_are_looked_up_are_shortened(norm_type):
    x, w = indices(4), table()
    found = []
    for library, nn in ((bt, bn), (torch, torch.nn)):
        layer = nn.Embedding.from_pretrained(library.tensor(w), freeze=False, max_norm=1.2, norm_type=norm_type)
        out = layer(library.tensor(x))
        out.sum().backward()
        found.append((out, layer.weight, layer.weight.grad))
        bag = nn.functional.embedding_bag(library.tensor(x[None]), library.tensor(w), max_norm=1.2, norm_type=norm_type)
        found[-1] += (bag,)
    for ours, theirs in zip(*found, strict=True):
        agree(ours, theirs)
    assert (found[0][1].detach().numpy() != w).any()


def test_a_table_shortened_after_it_was_saved_is_noticed():
    for library, nn in ((bt, bn), (torch, torch.nn)):
        w = library.tensor(table(), requires_grad=True)
        squares = (w * w).sum()
        nn.functional.embedding(library.tensor([1, 2]), w, max_norm=0.1)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            squares.backward()


# ---------------------------------------------------------------------- bags


BAGS = [
    ((9,), [0, 2, 2, 5], False), ((9,), [0, 0, 9], False), ((9,), [0, 3, 9], True), ((4, 3), None, False), ((0,), [0, 0], False),
]  # fmt: skip


def bags_of(library, side, x, offsets, **options):
    """`embedding_bag` of fixed indices, as a function of the table and the factors."""
    offsets = None if offsets is None else library.tensor(offsets)
    return lambda w, f=None: side.embedding_bag(library.tensor(x), w, offsets, per_sample_weights=f, **options)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("padding_idx", [None, 4, -1])
@pytest.mark.parametrize(("shape", "offsets", "last"), BAGS)
def test_bags(shape, offsets, last, padding_idx, mode):
    options = {"mode": mode, "padding_idx": padding_idx, "include_last_offset": last}
    ours, theirs = (bags_of(library, side, indices(*shape), offsets, **options) for library, side in ((bt, F), (torch, TF)))
    compare(ours, theirs, table(), second=False)


def test_gradients_scaled_by_frequency():  # PyTorch's embedding_bag reads the counts of other rows: with its embedding
    x = indices(9)
    compare(
        bags_of(bt, F, x, [0, 3, 3], mode="sum", scale_grad_by_freq=True),
        lambda w: torch.stack([part.sum(0) for part in TF.embedding(torch.tensor(x), w, None, None, 2, True).split([3, 0, 6])]),
        table(),
        second=False,
    )


def test_the_last_offset_ends_the_last_bag():  # as PyTorch's documentation has it; its kernels disagree
    w = bt.arange(9.0)[:, None]
    assert F.embedding_bag(bt.arange(9), w, bt.tensor([0, 2, 4]), mode="sum", include_last_offset=True).tolist() == [[1.0], [5.0]]


@pytest.mark.parametrize("padding_idx", [None, 4])
def test_bags_with_factors(padding_idx):
    options = {"x": indices(9), "offsets": [0, 3, 3], "mode": "sum", "padding_idx": padding_idx}
    factor = np.random.default_rng(3).normal(size=9)
    compare(bags_of(bt, F, **options), bags_of(torch, TF, **options), table(), factor, second=False)


def test_second_derivatives_of_bags():  # PyTorch has none: by differences
    w, f = bt.tensor(table(), requires_grad=True), bt.tensor(np.random.default_rng(3).normal(size=9), requires_grad=True)
    x, offsets = bt.tensor(indices(9)), bt.tensor([0, 3, 3])
    bags = partial(F.embedding_bag, offsets=offsets, mode="sum")
    assert bt.autograd.gradgradcheck(lambda w, f: bags(x, w**2, per_sample_weights=f), (w, f))
    assert bt.autograd.gradgradcheck(lambda w: F.embedding_bag(x, w**2, offsets, mode="max"), (w,))
    assert bt.autograd.gradgradcheck(lambda w: F.embedding_bag(x, w**2, offsets, scale_grad_by_freq=False), (w,))


# ---------------------------------------------------------------------- modules


@pytest.mark.parametrize("build", [
    lambda nn: nn.Embedding(4, 3), lambda nn: nn.Embedding(4, 3, padding_idx=-1), lambda nn: nn.Embedding(4, 3, 0, 2.5, 1, True),
    lambda nn: nn.EmbeddingBag(4, 3), lambda nn: nn.EmbeddingBag(4, 3, 2.5, 1, True, "sum", padding_idx=-1),
    lambda nn: nn.EmbeddingBag(4, 3, mode="max", include_last_offset=True),
])  # fmt: skip
def test_looks_and_names(build):
    ours, theirs = build(bn), build(torch.nn)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert ours.padding_idx == theirs.padding_idx
    if ours.padding_idx is not None:
        assert not ours.weight[ours.padding_idx].any()
        assert ours.weight.any()


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_tables_from_elsewhere(libraries):
    library, nn = libraries
    w = library.tensor(table())
    for kind in (nn.Embedding, nn.EmbeddingBag):
        frozen, learned = kind.from_pretrained(w), kind.from_pretrained(w, freeze=False, padding_idx=2)
        assert not frozen.weight.requires_grad
        assert learned.weight.requires_grad
        assert learned.weight[2].tolist() == w[2].tolist()  # what is given stays as it is
        assert frozen.weight.dtype == library.float64
        with pytest.raises(AssertionError, match="2-dimensional"):
            kind.from_pretrained(library.ones(3))
        with pytest.raises(AssertionError, match="does not match"):
            kind(3, 2, _weight=library.ones(2, 3))


def test_a_bag_module_hands_on_its_options():
    x, w, f = indices(9), table(), np.random.default_rng(3).normal(size=9)
    found = []
    for library, nn in ((bt, bn), (torch, torch.nn)):
        layer = nn.EmbeddingBag.from_pretrained(library.tensor(w), mode="sum", include_last_offset=True, padding_idx=4)
        found.append(layer(library.tensor(x), library.tensor([0, 4, 9]), library.tensor(f)))
    agree(*found)


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_errors(libraries):
    library, nn = libraries
    f, w, x = nn.functional, library.ones(4, 3), library.tensor([1, 2, 3])
    zero = library.tensor([0])
    before = w.tolist()
    for error, action in [
        (IndexError, lambda: f.embedding(library.tensor([4]), w)),
        (IndexError, lambda: f.embedding(library.tensor([-1]), w, max_norm=0.1)),
        (RuntimeError, lambda: f.embedding(library.tensor([1.0]), w)),
        (RuntimeError, lambda: f.embedding(library.tensor([True]), w)),
        (RuntimeError, lambda: f.embedding(x, w[0])),
        (AssertionError, lambda: f.embedding(x, w, padding_idx=4)),
        (AssertionError, lambda: nn.Embedding(4, 3, padding_idx=-5)),
        (AssertionError, lambda: nn.EmbeddingBag(4, 3, padding_idx=4)),
        (ValueError, lambda: f.embedding_bag(x, w)),
        (ValueError, lambda: f.embedding_bag(x[None], w, zero)),
        (ValueError, lambda: f.embedding_bag(x[None, None], w)),
        (ValueError, lambda: f.embedding_bag(x, w, zero[None])),
        (ValueError, lambda: f.embedding_bag(x, w[0], zero)),
        (ValueError, lambda: f.embedding_bag(x, w, zero, mode="median")),
        (ValueError, lambda: f.embedding_bag(x, w, zero, mode="max", scale_grad_by_freq=True)),
        (ValueError, lambda: f.embedding_bag(x, w, zero, mode="sum", per_sample_weights=library.ones(2))),
        (NotImplementedError, lambda: f.embedding_bag(x, w, zero, per_sample_weights=library.ones(3))),
        (RuntimeError, lambda: f.embedding_bag(x, w, library.tensor([1]))),
        (RuntimeError, lambda: f.embedding_bag(x, w, library.tensor([0, 4]))),
        (RuntimeError, lambda: f.embedding_bag(x, w, library.tensor([0.0]))),
        (RuntimeError, lambda: f.embedding_bag(library.tensor([4]), w, zero)),
        (RuntimeError, lambda: f.embedding_bag(x, w, zero[:0], include_last_offset=True)),
        (RuntimeError, lambda: f.one_hot(library.tensor([1.0]))),
        (RuntimeError, lambda: f.one_hot(library.tensor([-1]))),
        (RuntimeError, lambda: f.one_hot(x, 3)),
        (RuntimeError, lambda: f.one_hot(x[:0])),
    ]:
        with pytest.raises(error):
            action()
    if library is bt:  # PyTorch has already shortened a row
        assert w.tolist() == before


def test_there_are_no_sparse_gradients():
    for refused in (
        lambda: bn.Embedding(4, 3, sparse=True), lambda: bn.EmbeddingBag(4, 3, sparse=True),
        lambda: F.embedding(bt.tensor([1]), bt.ones(4, 3), sparse=True),
        lambda: F.embedding_bag(bt.tensor([[1]]), bt.ones(4, 3), sparse=True),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="dense"):
            refused()
    with pytest.raises(RuntimeError, match="decrease"):  # PyTorch reads nonsense
        F.embedding_bag(bt.tensor([1, 2, 3]), bt.ones(4, 3), bt.tensor([0, 2, 1]))


def test_one_hot():
    for x in (indices(3, 4), np.array(2), np.zeros((0, 2), np.int64)):
        agree(F.one_hot(bt.tensor(x), 12), TF.one_hot(torch.tensor(x), 12))
    agree(F.one_hot(bt.tensor(indices(6))), TF.one_hot(torch.tensor(indices(6))))
