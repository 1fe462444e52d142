"""The bilinear map and distances between vectors against PyTorch's: samples, shapes, short vectors, looks, errors."""

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

NAMES = "nn.functional.bilinear nn.functional.cosine_similarity nn.functional.pairwise_distance nn.functional.pdist"
LIBRARIES = [pytest.param((bt, bn), id="byhand"), pytest.param((torch, torch.nn), id="torch")]


@pytest.mark.parametrize(("info", "dtype"), opinfo.cases(NAMES))
def test_samples_of_functions(info, dtype):
    opinfo.agrees(info, dtype)


@pytest.mark.parametrize("case", modinfo.cases("Bilinear"))
def test_samples_of_modules(case):
    modinfo.agrees(case)


def numbers(*shape, seed=0):
    return np.asarray(np.random.default_rng(seed).normal(size=shape))


@pytest.mark.parametrize("lead", [(), (6,), (2, 3), (0,)])
@pytest.mark.parametrize("bias", [True, False])
def test_bilinear(lead, bias):
    given = [numbers(*lead, 3), numbers(*lead, 4, seed=1), numbers(5, 3, 4, seed=2)] + ([numbers(5, seed=3)] if bias else [])
    compare(F.bilinear, TF.bilinear, *given, second=lead != (0,))


@pytest.mark.parametrize(
    ("shapes", "dim"), [(((4, 3), (4, 3)), 1), (((2, 4, 3), (4, 3)), 1), (((5,), (2, 5)), -1), (((3, 1), (1, 4)), 0)]
)
@pytest.mark.parametrize("eps", [1e-8, 1.0])
def test_cosine_similarity(shapes, dim, eps):
    a, b = (numbers(*shape, seed=i) for i, shape in enumerate(shapes))
    compare(lambda a, b: F.cosine_similarity(a, b, dim, eps), lambda a, b: TF.cosine_similarity(a, b, dim, eps), a, b)


def test_cosine_similarity_of_nothing_and_of_halves():
    a, b = numbers(4, 3), numbers(4, 3, seed=1)
    a[1] = 0
    compare(F.cosine_similarity, TF.cosine_similarity, a, b, second=False)
    a, b = (x.astype("float32") for x in (a, b))
    agree(F.cosine_similarity(bt.tensor(a), bt.tensor(b)), TF.cosine_similarity(torch.tensor(a), torch.tensor(b)))


@pytest.mark.parametrize("p", [2.0, 1.0, 3.5, float("inf")])
@pytest.mark.parametrize("keepdim", [False, True])
def test_pairwise_distance(p, keepdim):
    a, b = numbers(4, 3), numbers(2, 4, 3, seed=1)
    ours, theirs = (lambda a, b, f=side.pairwise_distance: f(a, b, p, 1e-3, keepdim) for side in (F, TF))
    compare(ours, theirs, a, b)


@pytest.mark.parametrize("p", [2.0, 1.0, 3.5, float("inf")])
@pytest.mark.parametrize("rows", [6, 2, 1, 0])
def test_distances_of_all_pairs(p, rows):
    a = numbers(rows, 3)
    a[-2:] = a[-1:]  # two rows are equal
    for power in (p, 0):
        agree(F.pdist(bt.tensor(a), power), TF.pdist(torch.tensor(a), power))
    if rows > 1:  # PyTorch's gradient of no pair is a segmentation fault
        compare(lambda a: F.pdist(a, p), lambda a: TF.pdist(a, p), a, second=False)


@pytest.mark.parametrize("build", [
    lambda nn: nn.Bilinear(3, 4, 5), lambda nn: nn.Bilinear(3, 4, 5, bias=False), lambda nn: nn.CosineSimilarity(0, 1e-3),
    lambda nn: nn.PairwiseDistance(1.0, 1e-3, True),
])  # fmt: skip
def test_modules(build):
    ours, theirs = build(bn), build(torch.nn)
    assert repr(ours) == repr(theirs)
    assert ours.training
    modinfo.same(list(ours.state_dict()), list(theirs.state_dict()), "names")
    ours.load_state_dict(theirs.state_dict())
    a, b = numbers(6, 3).astype("float32"), numbers(6, 4 if "Bilinear" in repr(ours) else 3, seed=1).astype("float32")
    agree(ours(bt.tensor(a), bt.tensor(b)), theirs(torch.tensor(a), torch.tensor(b)))


def test_first_weights_of_a_bilinear_layer():
    bt.manual_seed(0)
    layer = bn.Bilinear(16, 50, 40)
    for parameter in layer.parameters():
        assert 0.24 < abs(parameter.detach()).max().item() <= 0.25
    with pytest.raises(ValueError, match="in1_features"):
        bn.Bilinear(0, 2, 3)


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_errors(libraries):
    library, nn = libraries
    f, o = nn.functional, library.ones
    for error, action in [
        (RuntimeError, lambda: f.bilinear(o(2, 3), o(2, 4), o(5, 3, 3))),
        (RuntimeError, lambda: f.bilinear(o(2, 3), o(3, 4), o(5, 3, 4))),
        (RuntimeError, lambda: f.bilinear(o(2, 3), o(2, 4), o(5, 3, 4), o(4))),
        (RuntimeError, lambda: f.bilinear(o(2, 3), o(2, 4), o(3, 4))),
        (RuntimeError, lambda: f.bilinear(o(2, 3), o(2, 4), o(5, 3, 4, dtype=library.float64))),
        (RuntimeError, lambda: f.cosine_similarity(o(2, 3), o(2, 4))),
        (RuntimeError, lambda: f.cosine_similarity(o(2, 3, dtype=library.int64), o(2, 3, dtype=library.int64))),
        (IndexError, lambda: f.cosine_similarity(o(2, 3), o(2, 3), dim=2)),
        (RuntimeError, lambda: f.pairwise_distance(o(2, 3), o(2, 4))),
        (RuntimeError, lambda: f.pdist(o(3))),
        (RuntimeError, lambda: f.pdist(o(2, 3), -1.0)),
        (RuntimeError, lambda: f.pdist(o(2, 3, dtype=library.int64))),
    ]:
        with pytest.raises(error):
            action()
