"""The classification losses of `byhand.nn.functional` against PyTorch's."""

from functools import partial

import byhand.nn.functional as F
import byhand.tensor as bt
import numpy as np
import pytest
import torch
import torch.nn.functional as TF
from beside_torch import agree, compare

DTYPES = ("float32", "float64")
REDUCTIONS = ("mean", "sum", "none")
IGNORED = -100


def numbers(*shape, dtype="float64", seed=0, scale=2.0):
    return np.asarray(np.random.default_rng(seed).normal(size=shape) * scale).astype(dtype)


def chances(*shape, dtype="float64", seed=0):
    return np.asarray(np.random.default_rng(seed).uniform(0.02, 0.98, size=shape)).astype(dtype)


# ---------------------------------------------------------------------- binary


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [True, False])
def test_binary_cross_entropy(weighted, reduction, dtype):
    arrays = [chances(4, 3, dtype=dtype), chances(4, 3, dtype=dtype, seed=1)]
    arrays += [chances(3, dtype=dtype, seed=2)] if weighted else []

    def call(loss, x, t, weight=None):
        return loss(x, t, None if weight is None else weight.detach(), reduction=reduction)

    calls = partial(call, F.binary_cross_entropy), partial(call, TF.binary_cross_entropy)
    compare(*calls, *arrays, second=dtype == "float64")


def test_binary_cross_entropy_at_certainty():
    p, t = np.array([0, 1, 0, 1, 0.5], "f"), np.array([0, 1, 1, 0, 1], "f")
    compare(
        lambda x: F.binary_cross_entropy(x, bt.tensor(t), reduction="none"),
        lambda x: TF.binary_cross_entropy(x, torch.tensor(t), reduction="none"),
        p,
        second=False,
    )


def test_binary_cross_entropy_errors():
    for library, functional in ((bt, F), (torch, TF)):
        half = library.full((4, 1), 0.5)
        for loss in (functional.binary_cross_entropy, functional.binary_cross_entropy_with_logits):
            with pytest.raises(ValueError, match=r"torch.Size\(\[4\]\).*torch.Size\(\[4, 1\]\)"):
                loss(half, library.ones(4))
        with pytest.raises(RuntimeError, match="between 0 and 1"):
            functional.binary_cross_entropy(half + 1, half)
        with pytest.raises(RuntimeError):
            functional.binary_cross_entropy(half, half.double())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", ["", "weight", "pos_weight", "both"])
def test_binary_cross_entropy_with_logits(weighted, reduction, dtype):
    shapes = (4, 3), (4, 1), (3,)
    arrays = numbers(4, 3, dtype=dtype), *[chances(*shape, dtype=dtype, seed=i) for i, shape in enumerate(shapes)]

    def call(loss, x, t, w, p):
        w, p = w.detach(), p.detach()
        weight = w if weighted in ("weight", "both") else None
        pos_weight = p * 3 if weighted in ("pos_weight", "both") else None
        return loss(x, t, weight, reduction=reduction, pos_weight=pos_weight)

    compare(
        partial(call, F.binary_cross_entropy_with_logits),
        partial(call, TF.binary_cross_entropy_with_logits),
        *arrays,
        second=dtype == "float64",
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(), (1,), (0, 3)])
def test_binary_cross_entropy_with_logits_of_one_number_and_of_none(shape, reduction):
    x, t = numbers(*shape, dtype="float32"), chances(*shape, dtype="float32")
    library = F.binary_cross_entropy_with_logits, TF.binary_cross_entropy_with_logits
    compare(*[lambda x, t, loss=loss: loss(x, t, reduction=reduction) for loss in library], x, t, second=False)


def test_binary_cross_entropy_with_large_logits():
    x, t = np.array([-1e4, -800.0, 0.0, 800.0, 1e4]), np.array([1.0, 0.0, 0.5, 1.0, 0.0])
    compare(F.binary_cross_entropy_with_logits, TF.binary_cross_entropy_with_logits, x, t)


# ---------------------------------------------------------------------- one class among several

CLASSES = [
    ((5,), np.array(3)),
    ((6, 5), np.array([0, 4, 2, 2, 1, 3])),
    ((3, 4, 2), np.array([[0, 3], [1, 1], [2, 0]])),
    ((2, 3, 2, 4), np.array([[[0, 1, 2, 0], [1, 2, 2, 0]], [[2, 1, 0, 1], [0, 0, 1, 2]]])),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("ignore", [IGNORED, 2])
@pytest.mark.parametrize(("shape", "target"), CLASSES)
def test_cross_entropy(shape, target, ignore, weighted, smoothing, reduction, dtype):
    weight = chances(shape[0 if len(shape) == 1 else 1], dtype=dtype, seed=1) if weighted else None

    def call(library, loss, x):
        w = None if weight is None else library.tensor(weight)
        options = {"ignore_index": ignore, "reduction": reduction, "label_smoothing": smoothing}
        return loss(x, library.tensor(target), w, **options)

    x = numbers(*shape, dtype=dtype)
    compare(partial(call, bt, F.cross_entropy), partial(call, torch, TF.cross_entropy), x, second=dtype == "float64")


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("shape", [shape for shape, _ in CLASSES])
def test_cross_entropy_of_distributions(shape, weighted, smoothing, reduction):
    q = chances(*shape, seed=2)
    weight = chances(shape[0 if len(shape) == 1 else 1], seed=1)

    def call(library, loss, x, t):
        return loss(x, t, library.tensor(weight) if weighted else None, reduction=reduction, label_smoothing=smoothing)

    compare(partial(call, bt, F.cross_entropy), partial(call, torch, TF.cross_entropy), numbers(*shape), q)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("ignore", [IGNORED, 2])
@pytest.mark.parametrize(("shape", "target"), CLASSES)
def test_nll_loss(shape, target, ignore, weighted, reduction):
    weight = chances(shape[0 if len(shape) == 1 else 1], seed=1)

    def call(library, loss, x):
        options = {"ignore_index": ignore, "reduction": reduction}
        return loss(x * x, library.tensor(target), library.tensor(weight) if weighted else None, **options)

    compare(partial(call, bt, F.nll_loss), partial(call, torch, TF.nll_loss), numbers(*shape))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("rows", [0, 3])
def test_nothing_but_ignored_targets(rows, smoothing, reduction):
    target = np.full(rows, IGNORED)

    def call(library, loss, x):
        return loss(x, library.tensor(target), reduction=reduction, label_smoothing=smoothing)

    compare(
        partial(call, bt, F.cross_entropy), partial(call, torch, TF.cross_entropy), numbers(rows, 4), second=False
    )
    mean = F.cross_entropy(bt.tensor(numbers(rows, 4)), bt.tensor(target))
    assert np.isnan(mean.item())


def test_large_logits_and_excluded_classes():
    x = np.array([[1e4, -1e4, 0.0], [700.0, 900.0, -np.inf]])
    target = np.array([1, 0])
    compare(
        lambda t: F.cross_entropy(t, bt.tensor(target)),
        lambda t: TF.cross_entropy(t, torch.tensor(target)),
        x,
        second=False,
    )


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_errors_of_classes(name):
    for library, functional in ((bt, F), (torch, TF)):
        loss, x = getattr(functional, name), library.zeros(2, 3)
        with pytest.raises(IndexError, match="Target 3 is out of bounds"):
            loss(x, library.tensor([0, 3]))
        with pytest.raises(IndexError, match="Target -1 is out of bounds"):
            loss(x, library.tensor([0, -1]))
        with pytest.raises((RuntimeError, ValueError)):
            loss(x, library.tensor([0, 1, 2]))
        with pytest.raises(RuntimeError):
            loss(x, library.tensor([0, 1]), library.ones(2))
        with pytest.raises(RuntimeError):
            loss(x, library.tensor([0.0, 1.0]))
        with pytest.raises(ValueError, match="reduction"):
            loss(x, library.tensor([0, 1]), reduction="average")
    for library, functional in ((bt, F), (torch, TF)):
        with pytest.raises(RuntimeError, match="label_smoothing must be between"):
            functional.cross_entropy(library.zeros(2, 3), library.tensor([0, 1]), label_smoothing=1.5)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_losses_without_a_namesake_in_pytorch(reduction):
    target = np.array([0, 4, 2, 2, 1, 3])
    p = chances(6, 5)
    compare(
        lambda x: F.sparse_cross_entropy(x, bt.tensor(target), reduction),
        lambda x: TF.nll_loss(x.log(), torch.tensor(target), reduction=reduction),
        p,
    )
    side = np.sign(numbers(4, 3, seed=5))
    compare(
        lambda x: F.hinge_loss(x, bt.tensor(side), reduction),
        lambda x: {"mean": torch.mean, "sum": torch.sum, "none": lambda y: y}[reduction](torch.relu(1 - x * torch.tensor(side))),
        numbers(4, 3),
    )


def test_sparse_cross_entropy_bears_zeros_beside_the_class():
    p = bt.tensor([[1.0, 0.0], [0.25, 0.75]], requires_grad=True)
    loss = F.sparse_cross_entropy(p, bt.tensor([0, 1]))
    loss.backward()
    agree(loss, -torch.tensor([1.0, 0.75]).log().mean())
    agree(p.grad, torch.tensor([[-0.5, 0.0], [0.0, -0.5 / 0.75]]))
