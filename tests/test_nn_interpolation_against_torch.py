"""Resizing against PyTorch: its own samples, many sizes, antialiasing, errors, modules."""

import warnings

import byhand.nn as bn
import byhand.nn.functional as F
import byhand.tensor as bt
import numpy as np
import opinfo
import pytest
import torch
import torch.nn.functional as TF

NAMES = "nn.functional.interpolate nn.functional.upsample_bilinear nn.functional.upsample_nearest"


@pytest.mark.parametrize(("info", "dtype"), opinfo.cases(NAMES))
def test_samples(info, dtype):
    opinfo.agrees(info, dtype)


def agree(x, again=False, gradients=True, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mine, yours = bt.tensor(x, requires_grad=x.dtype.kind == "f"), torch.tensor(x, requires_grad=x.dtype.kind == "f")
        pairs = opinfo.same(F.interpolate(mine, **options), TF.interpolate(yours, **options), str(options))
        if gradients and x.dtype.kind == "f":
            opinfo.gradients(([mine], [yours]), pairs, np.random.default_rng(1), str(options), again)


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
def test_nearest_of_many_sizes(mode, dtype):
    """Values only: PyTorch's own backward rounds otherwise than its forward, and reads another element than it gives back to."""
    for size in range(1, 40):
        x = np.arange(size, dtype=dtype).reshape(1, 1, size)
        for count in range(1, 50, 3):
            agree(x, gradients=False, size=count, mode=mode)
        for factor in (0.3, 1.1, 1.7, 2.0, 2.05):
            if size * factor >= 1:
                agree(x, gradients=False, scale_factor=factor, mode=mode)


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize(
    "options", [{"size": (3, 9)}, {"size": (11, 2)}, {"scale_factor": (0.7, 2.3)}, {"scale_factor": 1.3},
                {"scale_factor": (0.4, 1.6), "recompute_scale_factor": True}, {"size": (7, 8)}],
)  # fmt: skip
def test_images(mode, antialias, align_corners, options):
    x = np.random.default_rng(0).standard_normal((2, 3, 7, 8))
    agree(x, again=True, mode=mode, antialias=antialias, align_corners=align_corners, **options)
    agree(x.astype("float32"), mode=mode, antialias=antialias, align_corners=align_corners, **options)


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_a_factor_that_leaves_the_size(mode, antialias):
    """Values only: PyTorch's backward then copies, though its forward has interpolated."""
    x = np.random.default_rng(0).standard_normal((2, 3, 7, 8))
    agree(x, gradients=False, scale_factor=1.1, mode=mode, antialias=antialias)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bicubic"])
def test_the_gradient_is_the_transpose_of_the_values(mode):
    """⟨u, W x⟩ = ⟨Wᵀ u, x⟩, where PyTorch's backward is of no help."""
    rng = np.random.default_rng(0)
    for size, factor in ((7, 1.1), (37, 0.3), (5, 1.7)):
        x = bt.tensor(rng.standard_normal((1, 2, size, size)), requires_grad=True)
        y = F.interpolate(x, scale_factor=factor, mode=mode)
        u = bt.tensor(rng.standard_normal(tuple(y.shape)))
        y.backward(u)
        np.testing.assert_allclose((u * y).sum().item(), (x.grad * x).sum().item())


@pytest.mark.parametrize("size", [(3, 4), (15, 9), (7, 8)])
def test_lanczos(size):
    agree(np.random.default_rng(0).standard_normal((2, 3, 7, 8)), again=True, size=size, mode="lanczos", antialias=True)


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "area"])
def test_what_is_not_finite_stays_where_it_is(mode):
    x = np.random.default_rng(0).standard_normal((1, 2, 6, 7))
    x[0, 0, 2, 3], x[0, 1, 4, 6] = np.nan, np.inf
    agree(x, size=(4, 9), mode=mode)


def test_channels_of_an_empty_batch():
    agree(np.zeros((0, 3, 4, 5)), size=(2, 7), mode="bilinear")


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((1, 2, 3), {}), ((1, 2, 3), {"size": 2, "scale_factor": 2}), ((1, 2, 3), {"size": (2, 2)}),
        ((1, 2, 3), {"scale_factor": (2, 2)}), ((1, 2, 3), {"size": 2.5}), ((1, 2, 3), {"size": (2.5,)}),
        ((1, 2, 3), {"size": 2, "mode": "bilinear"}), ((1, 2, 3), {"size": 2, "mode": "trilinear"}),
        ((1, 2, 3, 4), {"size": 2, "mode": "linear"}), ((1, 2, 3, 4), {"size": 2, "mode": "trilinear"}),
        ((1, 2, 3, 4, 5), {"size": 2, "mode": "bilinear"}), ((1, 2, 3, 4, 5), {"size": 2, "mode": "linear"}),
        ((2, 3), {"size": (), "mode": "nearest"}), ((1, 2, 3, 4), {"size": 2, "mode": "sideways"}),
        ((1, 2, 3), {"size": 2, "align_corners": True}), ((1, 2, 3), {"size": 2, "recompute_scale_factor": True}),
        ((1, 2, 3), {"size": 2, "antialias": True}), ((1, 2, 3, 4), {"size": 2, "antialias": True}),
        ((1, 2, 3), {"size": 0}), ((1, 2, 3), {"scale_factor": 0.2}), ((1, 2, 0), {"size": 2}), ((1, 0, 3), {"size": 2}),
        ((1, 2, 3, 4), {"size": 2, "mode": "lanczos"}), ((1, 2, 3), {"size": -1}),
        ((1, 2, 3, 4), {"size": 2, "mode": "lanczos", "antialias": True, "align_corners": True}),
    ],
)  # fmt: skip
def test_errors(shape, options):
    with pytest.raises(Exception) as theirs:
        TF.interpolate(torch.zeros(shape), **options)
    with pytest.raises(theirs.type) as ours:
        F.interpolate(bt.zeros(shape), **options)
    assert ours.type is theirs.type


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic", "area"])
@pytest.mark.parametrize("dtype", ["int64", "bool"])
def test_dtypes_refused(mode, dtype):
    for library, interpolate in ((bt, F.interpolate), (torch, TF.interpolate)):
        x = library.ones(1, 1, 3, 3) > 0
        with pytest.raises(NotImplementedError):
            interpolate(x if dtype == "bool" else x.to(getattr(library, dtype)), 2, mode=mode)


@pytest.mark.parametrize("name", ["upsample", "upsample_nearest", "upsample_bilinear"])
def test_old_names_warn(name):
    for library, functions in ((bt, F), (torch, TF)):
        with pytest.warns(UserWarning, match="deprecated"):
            getattr(functions, name)(library.zeros(1, 1, 2, 2), 3)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Upsample", {"size": (3, 5)}), ("Upsample", {"scale_factor": 2, "mode": "bilinear", "align_corners": True}),
        ("Upsample", {"scale_factor": (2, 1.3), "mode": "bicubic", "recompute_scale_factor": True}),
        ("UpsamplingNearest2d", {"scale_factor": 2}), ("UpsamplingBilinear2d", {"size": 7}),
    ],
)  # fmt: skip
def test_modules(name, options):
    ours, theirs = getattr(bn, name)(**options), getattr(torch.nn, name)(**options)
    assert repr(ours) == repr(theirs)
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    opinfo.same(ours(bt.tensor(x)), theirs(torch.tensor(x)), name)
