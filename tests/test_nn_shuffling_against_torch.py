"""Pixel and channel shuffles and Unflatten against PyTorch: its own samples, modules, errors, memory."""

import byhand.nn as bn
import byhand.nn.functional as F
import byhand.tensor as bt
import numpy as np
import opinfo
import pytest
import torch
import torch.nn.functional as TF

NAMES = ("pixel_shuffle", "pixel_unshuffle", "channel_shuffle")


@pytest.mark.parametrize(("info", "dtype"), opinfo.cases(" ".join(f"nn.functional.{name}" for name in NAMES)))
def test_samples(info, dtype):
    opinfo.agrees(info, dtype)


@pytest.mark.parametrize(
    ("name", "given", "shape"),
    [
        ("PixelShuffle", (2,), (3, 8, 2, 5)), ("PixelUnshuffle", (3,), (2, 6, 9)), ("ChannelShuffle", (3,), (2, 6, 4)),
        ("ChannelShuffle", (2,), (2, 6, 4, 3)), ("Unflatten", (1, (2, 3)), (4, 6, 5)), ("Unflatten", (-1, [5, 1]), (4, 5)),
    ],
)  # fmt: skip
def test_modules(name, given, shape):
    ours, theirs = getattr(bn, name)(*given), getattr(torch.nn, name)(*given)
    assert repr(ours) == repr(theirs)
    x = np.random.default_rng(0).standard_normal(shape)
    mine, yours = bt.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    opinfo.gradients(([mine], [yours]), opinfo.same(ours(mine), theirs(yours), name), np.random.default_rng(1), name, True)


@pytest.mark.parametrize(
    ("name", "shape", "factor"),
    [
        ("pixel_shuffle", (4, 2), 2), ("pixel_shuffle", (4, 2, 2), 0), ("pixel_shuffle", (4, 2, 2), -2),
        ("pixel_shuffle", (6, 2, 2), 2), ("pixel_unshuffle", (4, 2), 2), ("pixel_unshuffle", (4, 2, 2), 0),
        ("pixel_unshuffle", (4, 3, 2), 2), ("pixel_unshuffle", (4, 2, 3), 2), ("channel_shuffle", (2, 4), 2),
        ("channel_shuffle", (2, 4, 3), 3), ("channel_shuffle", (2, 4, 3), 0), ("channel_shuffle", (2, 4, 3), -2),
    ],
)  # fmt: skip
def test_errors(name, shape, factor):
    with pytest.raises(RuntimeError):
        getattr(TF, name)(torch.zeros(shape), factor)
    with pytest.raises(RuntimeError):
        getattr(F, name)(bt.zeros(shape), factor)


@pytest.mark.parametrize("size", [4, (2, 1.5), None])
def test_unflatten_wants_integers(size):
    for library in (bn, torch.nn):
        with pytest.raises(TypeError, match="unflattened_size"):
            library.Unflatten(0, size)


@pytest.mark.parametrize("name", ["pixel_shuffle", "pixel_unshuffle"])
def test_a_factor_of_one_gives_a_copy(name):
    for library, functions in ((bt, F), (torch, TF)):
        x = library.zeros(2, 3, 4)
        getattr(functions, name)(x, 1).fill_(1)
        assert x.sum() == 0
