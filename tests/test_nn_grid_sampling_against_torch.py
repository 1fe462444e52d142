"""grid_sample and affine_grid against PyTorch: its own samples, positions outside, errors."""

import warnings

import byhand.nn.functional as F
import byhand.tensor as bt
import numpy as np
import opinfo
import pytest
import torch
import torch.nn.functional as TF


@pytest.mark.parametrize(("info", "dtype"), opinfo.cases("nn.functional.grid_sample"))
def test_samples(info, dtype):
    opinfo.agrees(info, dtype)


def agree(ours, theirs, *arrays, again=True):
    mine = [bt.tensor(a, requires_grad=True) for a in arrays]
    yours = [torch.tensor(a, requires_grad=True) for a in arrays]
    pairs = opinfo.same(ours(*mine), theirs(*yours), "")
    opinfo.gradients((mine, yours), pairs, np.random.default_rng(1), "", again)


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_far_outside(mode, padding_mode, align_corners):
    rng = np.random.default_rng(0)
    options = {"mode": mode, "padding_mode": padding_mode, "align_corners": align_corners}
    for sizes in ((4, 7), (1, 5), (3, 4, 5))[: 2 if mode == "bicubic" else 3]:
        x = rng.standard_normal((2, 3, *sizes))
        grid = rng.uniform(-4, 4, (2, *(5, 2, 3)[: len(sizes)], len(sizes)))
        agree(lambda a, b: F.grid_sample(a, b, **options), lambda a, b: TF.grid_sample(a, b, **options), x, grid, again=False)


def test_what_is_not_finite_stays_where_it_is():
    x = np.random.default_rng(0).standard_normal((1, 2, 4, 5))
    x[0, 0, 0, 0], x[0, 1, 2, 3] = np.nan, np.inf
    grid = np.random.default_rng(1).uniform(-2, 2, (1, 9, 9, 2))
    options = {"align_corners": False}
    agree(lambda a: F.grid_sample(a, bt.tensor(grid), **options), lambda a: TF.grid_sample(a, torch.tensor(grid), **options), x)


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("size", [(2, 3, 4, 5), (2, 1, 3, 1), (2, 3, 2, 4, 5)])
def test_affine_grid(size, align_corners):
    rank = len(size) - 2
    theta = np.random.default_rng(0).standard_normal((2, rank, rank + 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for dtype in ("float64", "float32"):
            agree(
                lambda t: F.affine_grid(t, size, align_corners),
                lambda t: TF.affine_grid(t, size, align_corners),
                theta.astype(dtype),
            )


@pytest.mark.parametrize(
    ("shape", "grid", "options"),
    [
        ((1, 2, 3, 4), (1, 3, 3, 2), {"mode": "linear"}), ((1, 2, 3, 4), (1, 3, 3, 2), {"padding_mode": "wrap"}),
        ((1, 2, 3, 4), (1, 3, 3, 3), {}), ((1, 2, 3, 4), (2, 3, 3, 2), {}), ((1, 2, 3), (1, 3, 1), {}),
        ((1, 2, 3, 4), (1, 3, 3, 3, 2), {}), ((1, 2, 0, 4), (1, 3, 3, 2), {}),
        ((1, 2, 3, 4, 5), (1, 3, 3, 3, 3), {"mode": "bicubic"}),
    ],
)  # fmt: skip
def test_errors(shape, grid, options):
    for library, functions in ((bt, F), (torch, TF)):
        with pytest.raises(ValueError if options and "bicubic" not in options.values() else RuntimeError):
            functions.grid_sample(library.zeros(shape), library.zeros(grid), align_corners=False, **options)


@pytest.mark.parametrize(
    ("theta", "size", "error"),
    [
        ((1, 2, 3), (1, 1, 2), NotImplementedError), ((1, 3, 4), (1, 1, 2, 2), ValueError), ((2, 3), (1, 1, 2, 2), ValueError),
        ((1, 2, 3), (1, 1, 2, 2, 2), ValueError), ((1, 2, 3), (1, 1, 0, 2), ValueError),
    ],
)  # fmt: skip
def test_errors_of_affine_grid(theta, size, error):
    for library, functions in ((bt, F), (torch, TF)):
        with pytest.raises(error):
            functions.affine_grid(library.zeros(theta), size, align_corners=False)


def test_the_default_is_warned_of():
    for library, functions in ((bt, F), (torch, TF)):
        with pytest.warns(UserWarning, match="align_corners"):
            grid = functions.affine_grid(library.zeros(1, 2, 3), (1, 1, 2, 2))
        with pytest.warns(UserWarning, match="align_corners"):
            functions.grid_sample(library.zeros(1, 1, 2, 2), grid)
