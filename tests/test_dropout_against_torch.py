"""Every dropout: what is certain against PyTorch, what is random by its formula given the mask, and by its statistics."""

import warnings

import byhand.nn as bn
import byhand.nn.functional as F
import byhand.tensor as bt
import numpy as np
import opinfo
import pytest
import torch
import torch.nn.functional as TF
from beside_torch import agree

SHAPES = {"dropout": (6, 5, 4), "dropout1d": (6, 5, 4), "dropout2d": (3, 5, 4, 2), "dropout3d": (3, 5, 4, 2, 2),
          "alpha_dropout": (6, 5, 4), "feature_alpha_dropout": (6, 5, 4)}  # fmt: skip
MODULES = {"dropout": "Dropout", "dropout1d": "Dropout1d", "dropout2d": "Dropout2d", "dropout3d": "Dropout3d",
           "alpha_dropout": "AlphaDropout", "feature_alpha_dropout": "FeatureAlphaDropout"}  # fmt: skip
LIBRARIES = [pytest.param((bt, bn), id="byhand"), pytest.param((torch, torch.nn), id="torch")]
names = pytest.mark.parametrize("name", SHAPES)


def numbers(name, dtype="float64"):
    return np.asarray(np.random.default_rng(0).normal(size=SHAPES[name]) + 3).astype(dtype)


class Certain:
    """An operation's samples whose result is not random."""

    def __init__(self, info):
        self.info = info

    def __getattr__(self, name):
        return getattr(self.info, name)

    def sample_inputs(self, *args, **kwargs):
        for sample in self.info.sample_inputs(*args, **kwargs):
            training = sample.kwargs.get("training", "alpha" not in self.info.name)
            if not training or sample.kwargs.get("p", 0.5) in (0, 1) or not sample.input.numel():
                yield sample


@pytest.mark.parametrize(
    ("info", "dtype"), opinfo.cases(" ".join(f"nn.functional.{name}" for name in SHAPES if name != "dropout1d"))
)
def test_samples(info, dtype):
    opinfo.agrees(Certain(info), dtype)


@names
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("p", "training"), [(0.0, True), (1.0, True), (1.0, False), (0.3, False), (1, True)])
def test_what_is_certain(name, p, training, dtype):
    x = numbers(name, dtype)
    for inplace in (False, True):
        found = []
        for library, side in ((bt, F), (torch, TF)):
            leaf = library.tensor(x, requires_grad=True)
            given = leaf * 2
            out = getattr(side, name)(given, p, training, inplace)
            assert (out is given) == (inplace or not training or p == 0)
            out.sum().backward()
            found.append((out, given, leaf.grad))
        for ours, theirs in zip(*found, strict=True):
            agree(ours, theirs)


def values_of(name, p):
    """By what an element that is kept is multiplied, what is added to it, and what one that is dropped becomes."""
    if "alpha" not in name:
        return 1 / (1 - p), 0, 0
    alpha = -1.7580993408473766
    a = ((1 - p) * (1 + p * alpha**2)) ** -0.5
    return a, -a * p * alpha, a * alpha - a * p * alpha


@names
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("libraries", LIBRARIES)
def test_formula_given_the_mask(name, dtype, inplace, libraries):
    library, nn = libraries
    library.manual_seed(0)
    leaf = library.tensor(numbers(name, dtype), requires_grad=True)
    given = leaf * 1
    out = getattr(nn.functional, name)(given, 0.4, True, inplace)
    assert (out is given) == inplace
    assert str(out.dtype).endswith(dtype)
    scale, shift, low = values_of(name, 0.4)
    y, x = out.detach().numpy(), leaf.detach().numpy()
    dropped = np.isclose(y, low, rtol=1e-6)
    np.testing.assert_allclose(y, np.where(dropped, low, x * scale + shift), rtol=1e-6)
    assert 0.2 < dropped.mean() < 0.65
    if name not in ("dropout", "alpha_dropout"):  # whole channels
        flat = dropped.reshape(*dropped.shape[:2], -1)
        assert (flat.all(-1) | ~flat.any(-1)).all()
    upstream = np.random.default_rng(1).normal(size=y.shape).astype(dtype)
    (first,) = library.autograd.grad(out * out, leaf, library.tensor(upstream), create_graph=True)
    np.testing.assert_allclose(first.detach().numpy(), np.where(dropped, 0, 2 * upstream * y * scale), rtol=1e-5, atol=1e-6)
    (second,) = library.autograd.grad(first.sum(), leaf)
    np.testing.assert_allclose(second.detach().numpy(), np.where(dropped, 0, 2 * upstream * scale**2), rtol=1e-5, atol=1e-6)


@names
@pytest.mark.parametrize("p", [0.02, 0.5, 0.9])
def test_statistics(name, p):
    bt.manual_seed(7)
    shape = (400, 250) if name in ("dropout", "alpha_dropout") else (400, 250, *[1] * (len(SHAPES[name]) - 2))
    x = bt.randn(*shape)
    y = getattr(F, name)(x, p, True).numpy()
    chance = np.isclose(y, values_of(name, p)[2], rtol=1e-6).mean()
    assert abs(chance - p) < 4 * np.sqrt(p * (1 - p) / y.size)
    assert abs(y.mean() - x.numpy().mean()) < 4 * np.sqrt(1 / (1 - p) / y.size)
    assert y.std() == pytest.approx(1 if "alpha" in name else (1 / (1 - p)) ** 0.5, rel=0.03)


def test_masks_are_independent_along_all_dimensions_and_repeat_with_the_seed():
    x = bt.ones(300, 301)
    dropped = []
    for seed in (1, 1, 2):
        bt.manual_seed(seed)
        dropped.append(F.dropout(x, 0.5).numpy() == 0)
    assert (dropped[0] == dropped[1]).all()
    assert abs((dropped[0] == dropped[2]).mean() - 0.5) < 0.01
    for shifted in (dropped[0][1:, :], dropped[0][:, 1:], dropped[0][:, 2:]):
        assert abs((dropped[0][: shifted.shape[0], : shifted.shape[1]] == shifted).mean() - 0.5) < 0.01
    generator = bt.random.Generator().manual_seed(1)
    assert (F.dropout(x, 0.5, generator=generator).numpy() == 0).tolist() == dropped[0].tolist()


def test_order_in_memory_stays():
    x = bt.ones(3, 4, 5, 6).permute(0, 3, 1, 2)
    for function in (F.dropout, F.dropout2d):
        assert function(x, 0.5).stride() == x.stride()


@pytest.mark.parametrize("shape", [(5, 4), (3, 5, 4)])
def test_one_sample_of_dropout1d(shape):
    bt.manual_seed(0)
    dropped = F.dropout1d(bt.ones(400, 7) if len(shape) == 2 else bt.ones(20, 20, 7), 0.5).numpy() == 0
    flat = dropped.reshape(400, 7)
    assert (flat.all(1) | ~flat.any(1)).all()
    assert 0.4 < flat.mean() < 0.6


@names
def test_modules(name):
    for p, inplace in ((0.5, False), (0.25, True)):
        ours, theirs = (getattr(nn, MODULES[name])(p, inplace) for nn in (bn, torch.nn))
        assert repr(ours) == repr(theirs)
    assert ours.training
    x = bt.tensor(numbers(name))
    bt.manual_seed(3)
    expected = getattr(F, name)(x, 0.25, True)
    bt.manual_seed(3)
    out = ours(x)
    assert out is x
    assert out.tolist() == expected.tolist()
    assert ours.eval()(x) is x
    for nn in (bn, torch.nn):
        with pytest.raises(ValueError, match="between 0 and 1"):
            getattr(nn, MODULES[name])(-0.1)


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_errors_and_warnings(libraries):
    library, nn = libraries
    f = nn.functional
    for name, shape in SHAPES.items():
        with pytest.raises(ValueError, match="between 0 and 1"):
            getattr(f, name)(library.ones(shape), 1.5)
        with pytest.raises(RuntimeError):
            getattr(f, name)(library.ones(shape, dtype=library.int64), 0.5, True)
    for shape in ((3,), (2, 3, 4, 5)):
        with pytest.raises(RuntimeError, match="Expected 2D or 3D input"):
            f.dropout1d(library.ones(shape))
    with pytest.raises(RuntimeError, match="at least 2 dimensions"):
        f.feature_alpha_dropout(library.ones(3), 0.5, True)
    for function, shape in ((f.dropout2d, (2, 3)), (f.dropout2d, (2, 3, 4)), (f.dropout3d, (2, 3, 4))):
        with pytest.warns(UserWarning, match="Received a"):
            function(library.ones(shape))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        f.dropout2d(library.ones(2, 3, 4, 5))
        f.dropout3d(library.ones(2, 3, 4, 5))
