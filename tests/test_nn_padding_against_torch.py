"""Padding against PyTorch: its own samples, modules, errors, layout in memory."""

import byhand.nn as bn
import byhand.nn.functional as F
import byhand.tensor as bt
import modinfo
import numpy as np
import opinfo
import pytest
import torch
import torch.nn.functional as TF

MODULES = [f"{kind}Pad{n}d" for kind in ("Circular", "Constant", "Reflection", "Replication", "Zero") for n in (1, 2, 3)]


@pytest.mark.parametrize(("info", "dtype"), opinfo.cases("nn.functional.pad"))
def test_samples(info, dtype):
    opinfo.agrees(info, dtype)


@pytest.mark.parametrize("case", modinfo.cases(" ".join(MODULES)))
def test_modules(case):
    modinfo.agrees(case)


CASES = [
    ((2, 3, 5), (2, -1), "reflect"), ((2, 3, 5), (-2, 4), "reflect"), ((3, 5), (4, 4), "reflect"),
    ((2, 3, 5), (7, -2), "replicate"), ((2, 3, 5), (-6, 3), "replicate"), ((2, 3, 5, 4), (-1, 2, 3, -2), "replicate"),
    ((2, 3, 5), (5, 5), "circular"), ((2, 3, 5), (-1, 2), "circular"), ((2, 3, 4, 5), (1, -2, -1, 3), "circular"),
    ((2, 3, 5), (3, -2, -1, 0, 1, 1), "constant"), ((5,), (-2, -3), "constant"), ((0, 3), (1, 2), "constant"),
    ((), (), "constant"), ((2, 5), (-2, -1), "circular"), ((2, 3, 5), (1, -3), "circular"),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "widths", "mode"), CASES)
def test_widths(shape, widths, mode):
    x = np.random.default_rng(0).standard_normal(shape)
    ours, theirs = bt.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    pairs = opinfo.same(F.pad(ours, widths, mode), TF.pad(theirs, widths, mode), "")
    opinfo.gradients(([ours], [theirs]), pairs, np.random.default_rng(1), "", True)


@pytest.mark.parametrize(
    ("shape", "widths", "mode", "value"),
    [
        ((3,), (1,), "constant", None), ((3,), (1, 1, 1, 1), "constant", None), ((3,), (-2, -2), "constant", None),
        ((3,), (-4, 9), "constant", None), ((2, 3), (1, 1), "reflect", 1.0), ((2, 3), (1, 1), "mirror", None),
        ((3,), (1, 1), "reflect", None), ((1, 2, 3, 4), (1, 1), "circular", None), ((1, 2, 3), (3, 0), "reflect", None),
        ((1, 2, 3), (0, 3), "reflect", None), ((1, 2, 3), (-2, -1), "replicate", None), ((1, 2, 3), (-2, -1), "reflect", None),
        ((1, 2, 3), (4, 0), "circular", None), ((1, 2, 3), (-2, -2), "circular", None), ((1, 0, 3), (1, 1), "reflect", None),
        ((1, 2, 0), (1, 1), "replicate", None), ((1, 1, 2, 3, 4), (1, 1), "replicate", None),
    ],
)  # fmt: skip
def test_errors(shape, widths, mode, value):
    with pytest.raises((RuntimeError, NotImplementedError)) as theirs:
        TF.pad(torch.zeros(shape), widths, mode, value)
    with pytest.raises(theirs.type) as ours:
        F.pad(bt.zeros(shape), widths, mode, value)
    assert ours.type is theirs.type


@pytest.mark.parametrize("spatial", [1, 2, 3])
def test_circular_modules_check_their_dimensions(spatial):
    for library in (bn, torch.nn):
        with pytest.raises(ValueError, match="expected"):
            getattr(library, f"CircularPad{spatial}d")(1)((bt if library is bn else torch).zeros(2, *(3,) * (spatial + 2)))


def test_constant_padding_keeps_the_order_in_memory():
    last = bt.zeros(2, 4, 5, 3).permute(0, 3, 1, 2)
    assert F.pad(last, (1, 2)).permute(0, 2, 3, 1).is_contiguous()


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_widths_of_nothing_give_a_copy(mode):
    x = bt.zeros(2, 3, 4)
    F.pad(x, (0, 0), mode).fill_(1)
    assert x.sum() == 0
