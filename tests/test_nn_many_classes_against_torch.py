"""The losses of very many classes, LinearCrossEntropyLoss and AdaptiveLogSoftmaxWithLoss, against PyTorch's."""

import inspect
import tracemalloc
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

STRIDE = 7  # of the 857 samples of the module, all combinations of a dozen options; every one agrees, in 12 s

RNG = np.random.default_rng(0)
X, W, B = RNG.normal(size=(13, 4)), RNG.normal(size=(6, 4)), RNG.normal(size=6)
TARGET = np.array([0, 5, 2, 2, 1, 3, 3, 4, 0, 5, 1, 1, 2])


# ---------------------------------------------------------------------- linear_cross_entropy


@pytest.mark.parametrize(("info", "dtype"), opinfo.cases("nn.functional.linear_cross_entropy"))
def test_samples_of_function(info, dtype):
    opinfo.agrees(info, dtype)


@pytest.mark.parametrize("case", modinfo.cases("LinearCrossEntropyLoss"))
def test_samples_of_module(case, monkeypatch):
    every = modinfo.samples
    monkeypatch.setattr(modinfo, "samples", lambda info, case: every(info, case)[::STRIDE])
    modinfo.agrees(case)


def test_arguments():
    for ours, theirs in (
        (F.linear_cross_entropy, TF.linear_cross_entropy),
        (bn.LinearCrossEntropyLoss.__init__, torch.nn.LinearCrossEntropyLoss.__init__),
        (bn.AdaptiveLogSoftmaxWithLoss.__init__, torch.nn.AdaptiveLogSoftmaxWithLoss.__init__),
    ):
        left, right = (inspect.signature(function).parameters.values() for function in (ours, theirs))
        assert [(p.name, p.default, p.kind) for p in left] == [(p.name, p.default, p.kind) for p in right]
    assert repr(bn.LinearCrossEntropyOptions()) == repr(torch.nn.LinearCrossEntropyOptions())


def call(library, functional, nn, x, w, b, *, reduction, options, ignore=None, **rest):
    made = nn.LinearCrossEntropyOptions(allow_retain_graph=True, **options)
    target = library.tensor(TARGET)
    return functional.linear_cross_entropy(
        x, w, target, linear_bias=b, reduction=reduction, ignore_index=ignore, options=made, **rest
    )


OPTIONS = [
    {}, {"batch_chunk_size": 1}, {"batch_chunk_size": 5}, {"batch_chunk_size": 50}, {"chunking_method": "aspect_ratio"},
    {"chunking_method": "aspect_ratio:4"}, {"chunking_method": None}, {"acc_policy": "accurate"}, {"acc_policy": "balanced"},
]  # fmt: skip


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("options", OPTIONS)
def test_chunks(options, reduction):
    ours = partial(call, bt, F, bn, reduction=reduction, options=options, ignore=2)
    theirs = partial(call, torch, TF, torch.nn, reduction=reduction, options=options, ignore=2)
    compare(ours, theirs, X, W, B, second=False)


def test_chunks_are_as_large_as_asked_for():
    from byhand.nn.functional._chunking import rows_of_a_chunk

    sizes = [(13, 4, 6), (8, 5, 4), (1, 8, 4), (1000, 16, 5000), (7, 3, 50)]
    for size in sizes:
        for options in OPTIONS:
            expected = torch.nn.LinearCrossEntropyOptions(**options)._adjust(*size, torch.float32, torch.device("cpu"))
            assert rows_of_a_chunk(bn.LinearCrossEntropyOptions(**options), *size, bt.float32) == expected.batch_chunk_size


def test_chunks_never_hold_all_logits():
    x, w, t = bt.randn(512, 8, requires_grad=True), bt.randn(4000, 8), bt.randint(4000, (512,))
    all_logits = 512 * 4000 * 4
    tracemalloc.start()
    F.linear_cross_entropy(x, w, t, options=bn.LinearCrossEntropyOptions(batch_chunk_size=16)).backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < all_logits / 4


def test_float16_is_computed_in_float32():
    x, w = (bt.tensor(a, dtype=bt.float16, requires_grad=True) for a in (X, W))
    results = []
    for policy in ("auto", "accurate", "balanced", "compact"):
        options = bn.LinearCrossEntropyOptions(acc_policy=policy, acc_dtype=bt.float32, batch_chunk_size=4)
        loss = F.linear_cross_entropy(x, w, bt.tensor(TARGET), options=options)
        results.append((loss, *bt.autograd.grad(loss, (x, w))))
        assert all(result.dtype == bt.float16 for result in results[-1])
    exact = F.linear_cross_entropy(x.double(), w.double(), bt.tensor(TARGET))
    gradients = bt.autograd.grad(exact, (x, w))
    for result in results:
        for found, expected in zip(result, (exact, *gradients), strict=True):
            np.testing.assert_allclose(found.detach().numpy(), expected.detach().numpy(), rtol=2e-3, atol=1e-3)


def test_chunks_have_first_derivatives_only():
    x = bt.tensor(X, requires_grad=True)
    options = {"reduction": "mean", "options": {"batch_chunk_size": 4}}
    (g,) = bt.autograd.grad(call(bt, F, bn, x, bt.tensor(W), None, **options), x, create_graph=True)
    with pytest.raises(RuntimeError, match="first derivatives only"):
        g.sum().backward()


@pytest.mark.parametrize(
    "options",
    [{"acc_policy": "fast"}, {"chunking_method": "half"}, {"chunking_method": "aspect_ratio:0"}, {"batch_chunk_size": 0},
     {"batch_chunk_size": 2.0}],
)  # fmt: skip
def test_options_that_are_refused(options):
    for nn in (bn, torch.nn):
        with pytest.raises(ValueError, match=next(iter(options))):
            nn.LinearCrossEntropyOptions(**options)


def test_options_that_do_not_go_together():
    for library, functional, nn in ((bt, F, bn), (torch, TF, torch.nn)):
        x, w = library.tensor(X), library.tensor(W)
        go = partial(call, library, functional, nn, x, w, None, reduction="sum")
        with pytest.raises(ValueError, match="give different chunk sizes"):
            go(options={"batch_chunk_size": 3, "chunking_method": "aspect_ratio"})
        with pytest.raises(RuntimeError, match="float32 acc_dtype"):
            go(options={"acc_dtype": library.float32})
        with pytest.raises(ValueError, match="acc_dtype"):
            nn.LinearCrossEntropyOptions(acc_dtype=library.int64)
        with pytest.warns(UserWarning, match="``options`` ignored"):
            go(options={}, label_smoothing=0.1)


@pytest.mark.parametrize(
    ("shapes", "options", "words"),
    [
        (((2, 3, 4), (5, 4), (2, 3)), {}, "dimensionality 1 or 2"),
        (((2, 4), (4,), (2,)), {}, "dimensionality at least 2"),
        (((2, 4), (5, 3), (2,)), {}, "expected equal input and linear_weight last dimensions"),
        (((4,), (5, 2, 4), (2,)), {}, "requires batched input"),
        (((2, 4), (5, 4), (2, 5)), {"ignore_index": 1}, "ignore_index cannot be specified"),
        (((2, 4), (5, 4), (2,)), {"linear_bias": 4}, "expected linear_bias shape"),
    ],
)
def test_errors(shapes, options, words):
    for library, functional in ((bt, F), (torch, TF)):
        given = {name: library.zeros(value) if name == "linear_bias" else value for name, value in options.items()}
        x, w, t = (library.zeros(shape) for shape in shapes)
        with pytest.raises(RuntimeError, match=words):
            functional.linear_cross_entropy(x, w, t if t.ndim == 2 else t.long(), **given)


def test_module_errors():
    for library, nn in ((bt, bn), (torch, torch.nn)):
        with pytest.raises(RuntimeError, match="expected weight shape"):
            nn.LinearCrossEntropyLoss(3, 4, weight=library.ones(3))
        with pytest.raises(RuntimeError, match="expected label_smoothing"):
            nn.LinearCrossEntropyLoss(3, 4, label_smoothing=2)


# ---------------------------------------------------------------------- AdaptiveLogSoftmaxWithLoss


def pair(*args, **options):
    """The same module in both libraries, in float64."""
    theirs = torch.nn.AdaptiveLogSoftmaxWithLoss(*args, **options).double()
    ours = bn.AdaptiveLogSoftmaxWithLoss(*args, **options).double()
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("target", [[0, 9, 3, 7, 19, 2], [0, 1, 2, 0, 1, 2], [19, 19, 10, 11, 12, 18], 4, 15])
def test_adaptive_softmax(target, bias):
    ours, theirs = pair(8, 20, [3, 8, 10], div_value=2.0, head_bias=bias)
    target = np.array(target)
    x = RNG.normal(size=(*target.shape, 8))
    for field in ("output", "loss"):
        compare(
            lambda t, f=field: getattr(ours(t, bt.tensor(target)), f),
            lambda t, f=field: getattr(theirs(t, torch.tensor(target)), f),
            x,
        )
    ours(bt.tensor(x), bt.tensor(target)).loss.backward()
    theirs(torch.tensor(x), torch.tensor(target)).loss.backward()
    for (name, left), right in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        agree(left.grad, right.grad, name)


def test_adaptive_softmax_of_all_classes():
    ours, theirs = pair(8, 20, [3, 8], div_value=2.0)
    x = RNG.normal(size=(40, 8)) * 3
    agree(ours.log_prob(bt.tensor(x)), theirs.log_prob(torch.tensor(x)))
    np.testing.assert_allclose(ours.log_prob(bt.tensor(x)).exp().sum(1).detach().numpy(), 1)
    for rows in (x, x[:1], x[1:2]):
        agree(ours.predict(bt.tensor(rows)), theirs.predict(torch.tensor(rows)))
    compare(ours.log_prob, theirs.log_prob, x[:5])
    before = ours.head.weight.detach().numpy().copy()
    ours.reset_parameters()
    assert (ours.head.weight.detach().numpy() != before).any()


@pytest.mark.parametrize("cutoffs", [[], [5, 3], [0, 3], [3, 20], [3, 3], [2.5]])
def test_cutoffs_that_are_refused(cutoffs):
    for nn in (bn, torch.nn):
        with pytest.raises(ValueError, match="cutoffs should be a sequence"):
            nn.AdaptiveLogSoftmaxWithLoss(8, 20, cutoffs)


@pytest.mark.parametrize(
    ("x", "target", "words"),
    [
        ((2, 8), [0, 20], r"Target values should be in \[0, 19\]"),
        ((2, 8), [0, -1], "Target values should be in"),
        ((2, 8), [0, 1, 2], "same size in the batch dimension"),
        ((2, 8, 1), [0, 1], "1D target tensor expects 2D input"),
        ((2, 8), 3, "0D target tensor expects 1D input"),
        ((2, 8), [[0, 1]], "multi-target not supported"),
    ],
)
def test_adaptive_softmax_errors(x, target, words):
    for library, nn in ((bt, bn), (torch, torch.nn)):
        with pytest.raises(RuntimeError, match=words):
            nn.AdaptiveLogSoftmaxWithLoss(8, 20, [3, 8], 2.0)(library.zeros(x), library.tensor(target))
