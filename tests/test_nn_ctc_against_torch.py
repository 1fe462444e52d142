"""ctc_loss against PyTorch's: lengths, layouts of targets, losses that are infinite, what is refused; and against all paths."""

import itertools
from functools import partial

import byhand.nn.functional as F
import byhand.tensor as bt
import numpy as np
import pytest
import torch
import torch.nn.functional as TF
from beside_torch import compare

LOGITS = np.random.default_rng(0).normal(size=(7, 4, 5))
TARGETS = np.array([[1, 1, 3, 2], [4, 2, 2, 1], [3, 0, 0, 0], [2, 2, 2, 2]])
INPUTS, COUNTS = [7, 6, 3, 4], [3, 4, 0, 3]  # the last cannot fit: three equal labels need five times
FITTING = [7, 6, 3, 6]


def call(library, loss, x, *, targets=TARGETS, inputs=FITTING, counts=COUNTS, **options):
    log = x.log_softmax(-1)
    return loss(log, library.tensor(targets), library.tensor(inputs), library.tensor(counts), **options)


def agrees(x=LOGITS, **options):
    compare(partial(call, bt, F.ctc_loss, **options), partial(call, torch, TF.ctc_loss, **options), x, second=False)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_lengths_that_differ(reduction):
    agrees(reduction=reduction)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("zero_infinity", [True, False])
def test_labels_that_do_not_fit(zero_infinity, reduction):
    agrees(inputs=INPUTS, zero_infinity=zero_infinity, reduction=reduction)


def test_another_blank():
    agrees(targets=np.array([[1, 1, 3, 0], [4, 2, 0, 1], [3, 0, 0, 0], [0, 0, 4, 2]]) % 4, blank=4, reduction="none")


def test_targets_one_after_the_other():
    flat = np.concatenate([row[:count] for row, count in zip(TARGETS, COUNTS, strict=True)])
    agrees(targets=flat, reduction="none")
    agrees(targets=flat.astype(np.int32), reduction="mean")


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_without_a_batch(reduction):
    agrees(LOGITS[:, 0], targets=TARGETS[0], inputs=7, counts=4, reduction=reduction)


def test_no_labels_and_no_times():
    agrees(counts=[0, 0, 0, 0], reduction="none")
    agrees(inputs=[0, 7, 0, 1], counts=[0, 2, 0, 1], reduction="none")
    agrees(targets=np.zeros((4, 0), np.int64), counts=[0, 0, 0, 0], reduction="sum")


def test_float32():
    x = LOGITS.astype("f")
    loss = call(bt, F.ctc_loss, bt.tensor(x))
    assert loss.dtype == bt.float32
    np.testing.assert_allclose(loss.item(), call(torch, TF.ctc_loss, torch.tensor(x)).item(), rtol=1e-6)


def test_the_loss_is_that_of_all_paths():
    log = bt.tensor(LOGITS[:4, :1]).log_softmax(-1)
    loss = F.ctc_loss(log, bt.tensor([[2, 2]]), [4], [2], reduction="sum").item()
    chance = 0.0
    for path in itertools.product(range(5), repeat=4):
        read = [label for label, _ in itertools.groupby(path) if label != 0]
        if read == [2, 2]:
            chance += np.exp(sum(log.numpy()[t, 0, label] for t, label in enumerate(path)))
    np.testing.assert_allclose(loss, -np.log(chance), rtol=1e-12)


def test_second_derivatives_are_refused():
    for library, functional in ((bt, F), (torch, TF)):
        x = library.tensor(LOGITS, requires_grad=True)
        (g,) = library.autograd.grad(call(library, functional.ctc_loss, x), x, create_graph=True)
        with pytest.raises(RuntimeError, match="not implemented"):
            library.autograd.grad(g.square().sum(), x)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"inputs": [7, 8, 7, 7]}, "input_lengths to have value at most 7"),
        ({"inputs": [7, -1, 7, 7]}, "input_lengths to have value at least 0"),
        ({"inputs": [7, 7]}, "input_lengths must be of size batch_size"),
        ({"inputs": [7.0, 7.0, 7.0, 7.0]}, "input_lengths must be integral"),
        ({"counts": [4, 4, 4, 5]}, "Expected tensor to have size"),
        ({"counts": [4, 4, 4, -1]}, "target_lengths to have value at least 0"),
        ({"counts": [4]}, "target_lengths must be of size batch_size"),
        ({"targets": np.ones(9, np.int64)}, "Expected tensor to have size 10 at dimension 0"),
        ({"blank": 5}, "blank must be in label range"),
    ],
)
def test_errors(options, words):
    for library, functional in ((bt, F), (torch, TF)):
        with pytest.raises(RuntimeError, match=words):
            call(library, functional.ctc_loss, library.tensor(LOGITS), **options)


def test_labels_that_are_no_classes():
    with pytest.raises(RuntimeError, match="label range"):  # PyTorch reads past the end
        call(bt, F.ctc_loss, bt.tensor(LOGITS), targets=TARGETS + 4)
    for library, functional in ((bt, F), (torch, TF)):
        with pytest.raises(ValueError, match="reduction"):
            call(library, functional.ctc_loss, library.tensor(LOGITS), reduction="average")
        with pytest.raises(NotImplementedError):
            functional.ctc_loss(library.ones(3, 1, 2, dtype=library.int64), library.tensor([[1]]), [3], [1])
