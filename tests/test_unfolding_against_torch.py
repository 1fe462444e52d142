"""unfold and fold against PyTorch's."""

from functools import partial

import byhand.nn as bn
import byhand.nn.functional as F
import byhand.tensor as bt
import numpy as np
import opinfo
import pytest
import torch
import torch.nn.functional as TF
from beside_torch import agree, compare

WINDOWS = [
    ((5, 7), 2, {}), ((5, 7), (3, 2), {"stride": (2, 3)}), ((6, 5), (2, 3), {"dilation": (3, 1), "padding": (2, 4)}),
    ((8, 9), (2, 3), {"stride": (4, 3), "dilation": (3, 4), "padding": (1, 3)}), ((3, 4), (1, 1), {"padding": 2}),
    ((6, 8), (3, 4), {"stride": (3, 4)}), ((4, 4), 4, {"padding": (3, 0), "stride": 5}),
]  # fmt: skip


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize(("info", "dtype"), opinfo.cases("nn.functional.unfold"))
def test_samples(info, dtype):
    opinfo.agrees(info, dtype)


@pytest.mark.parametrize("batch", [(2, 3), (3,), (0, 3)])
@pytest.mark.parametrize(("size", "kernel", "options"), WINDOWS)
def test_there_and_back(size, kernel, options, batch):
    x = numbers(*batch, *size)
    compare(partial(F.unfold, kernel_size=kernel, **options), partial(TF.unfold, kernel_size=kernel, **options), x)
    columns = numbers(*TF.unfold(torch.from_numpy(x), kernel, **options).shape, seed=1)
    ours, theirs = [partial(f.fold, output_size=size, kernel_size=kernel, **options) for f in (F, TF)]
    compare(ours, theirs, columns)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bool"])
def test_fold_in_other_dtypes(dtype):
    columns = (numbers(2, 12, 20) > 0).astype(dtype)
    agree(F.fold(bt.tensor(columns), (5, 6), (2, 2)), TF.fold(torch.tensor(columns), (5, 6), (2, 2)))


@pytest.mark.parametrize(
    ("name", "args", "shape"),
    [
        ("Unfold", ((2, 3), 1, 1, (2, 1)), (2, 3, 5, 7)),
        ("Fold", ((5, 7), (2, 3), 1, 1, (2, 1)), (2, 18, 21)),
        ("Fold", (5, 2), (8, 16)),
    ],
)
def test_modules(name, args, shape):
    ours, theirs = getattr(bn, name)(*args), getattr(torch.nn, name)(*args)
    assert repr(ours) == repr(theirs)
    compare(ours, theirs, numbers(*shape))


BAD = [
    ("unfold", (5, 5), (2,)), ("unfold", (1, 1, 5, 5, 5), (2,)), ("unfold", (1, 1, 5, 5), (7,)), ("unfold", (1, 1, 5, 5), (0,)),
    ("unfold", (1, 1, 5, 5), (2, 0)), ("unfold", (1, 1, 5, 5), (2, 1, -1)), ("unfold", (1, 1, 5, 5), (2, 1, 0, 0)),
    ("unfold", (1, 0, 5, 5), (2,)), ("unfold", (1, 2, 0, 5), (2, 1, 3)), ("unfold", (1, 1, 5, 5), ((2, 2, 2),)),
    ("unfold", (1, 1, 5, 5), ((2,),)), ("unfold", (1, 1, 5, 5), (2.5,)),
    ("fold", (1, 1, 8, 16), (5, 2)), ("fold", (16,), (5, 2)), ("fold", (1, 7, 16), (5, 2)), ("fold", (1, 8, 15), (5, 2)),
    ("fold", (1, 8, 16), (5, 2, 1, 0, 0)), ("fold", (1, 8, 16), (5, 2, 1, -1)), ("fold", (1, 8, 16), (5, 2, 0)),
    ("fold", (1, 8, 16), (5, 0)), ("fold", (1, 0, 16), (5, 2)), ("fold", (1, 8, 16), ((5, 5, 5), 2)),
    ("fold", (1, 8, 16), (1, 2)), ("fold", (1, 8, 16), ((5,), 2)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shape", "args"), BAD)
def test_errors(name, shape, args):
    kinds = []
    for library, functional in ((torch, TF), (bt, F)):
        with pytest.raises((RuntimeError, IndexError, TypeError)) as caught:
            getattr(functional, name)(library.zeros(*shape), *args)
        kinds.append(caught.type)
    assert kinds[0] is kinds[1]


@pytest.mark.parametrize(("name", "shape", "args"), [("unfold", (1, 1, 5, 5), (2,)), ("fold", (1, 8, 16), (5, 2))])
def test_integers_are_refused(name, shape, args):
    for library, functional in ((torch, TF), (bt, F)):
        with pytest.raises(NotImplementedError):
            getattr(functional, name)(library.zeros(*shape).long(), *args)
        with pytest.raises(TypeError):
            getattr(functional, name)([1.0], *args)
