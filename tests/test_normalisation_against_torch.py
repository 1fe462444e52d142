"""Every normalisation against PyTorch's: its samples, many shapes and orders in memory, options, looks, states and errors."""

import warnings
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

NAMES = """
    nn.functional.batch_norm nn.functional.group_norm nn.functional.instance_norm nn.functional.layer_norm
    nn.functional.local_response_norm nn.functional.normalize nn.functional.rms_norm
"""
MODULES = """
    GroupNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d LayerNorm LocalResponseNorm
    RMSNorm
"""
LIBRARIES = [pytest.param((bt, bn), id="byhand"), pytest.param((torch, torch.nn), id="torch")]


@pytest.mark.parametrize(("info", "dtype"), opinfo.cases(NAMES))
def test_samples_of_functions(info, dtype):
    opinfo.agrees(info, dtype)


@pytest.mark.parametrize("case", modinfo.cases(MODULES))
def test_samples_of_modules(case):
    modinfo.agrees(case)


def numbers(*shape, dtype="float64", seed=0):
    return np.asarray(np.random.default_rng(seed).normal(size=shape) * 2 + 1).astype(dtype)


# ---------------------------------------------------------------------- shapes that take every path through the kernels


@pytest.mark.parametrize("shape", [(700, 130), (3, 70000), (5, 1), (0, 4), (2, 3, 4)])
@pytest.mark.parametrize(
    ("name", "affine"), [("layer_norm", 2), ("layer_norm", 1), ("layer_norm", 0), ("rms_norm", 1), ("rms_norm", 0)]
)
def test_over_the_last_dimension(name, affine, shape):
    given = [numbers(shape[-1], seed=i) for i in range(1, affine + 1)]
    ours, theirs = (partial(lambda f, x, *rest: f(x, (x.shape[-1],), *rest), getattr(side, name)) for side in (F, TF))
    compare(ours, theirs, numbers(*shape), *given, second=shape[-1] < 1000)


@pytest.mark.parametrize("shape", [(70, 6, 40, 40), (2, 6, 150, 150), (9, 6, 5), (300, 6)])
@pytest.mark.parametrize("groups", [1, 2, 6])
@pytest.mark.parametrize("affine", [2, 1, 0])
def test_group_norm(groups, shape, affine):
    given = [numbers(6, seed=i) for i in range(1, affine + 1)]
    second = bool(np.prod(shape) < 10000)
    ours, theirs = (lambda x, *w, f=side.group_norm: f(x, groups, *w) for side in (F, TF))
    compare(ours, theirs, numbers(*shape), *given, second=second)


def test_only_a_bias():  # PyTorch's group norm cannot be differentiated without a weight: there it gets ones
    x, b, channels = numbers(4, 6, 5), numbers(6, 5, seed=1), numbers(6, seed=2)
    found = [
        [
            (lambda x, b, f=side: f.group_norm(x, 3, None if f is F else torch.ones(6).double(), b), channels),
            (lambda x, b, f=side: f.layer_norm(x, (6, 5), None, b), b),
            (lambda x, b, f=side: f.batch_norm(x, None, None, None, b, training=True), channels),
        ]
        for side in (F, TF)
    ]
    for (ours, bias), (theirs, _) in zip(*found, strict=True):
        compare(ours, theirs, x, bias, second=False)


TOLERANCE = {"float64": 1e-12, "float32": 5e-5}  # of the largest element: sums over thousands of numbers of both signs
ORDERS = {"first": lambda x: x, "last": lambda x: np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1),
          "strided": lambda x: np.repeat(x, 2, axis=-1)[..., ::2]}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(128, 3, 16, 31), (20, 7, 30, 40), (150, 64, 9), (6, 3, 2, 2, 3), (500, 40), (0, 3, 4)])
def test_batch_norm(shape, training, order, dtype):
    x = ORDERS[order](numbers(*shape, dtype="float32"))
    weight, bias, mean = (numbers(shape[1], dtype="float32", seed=i) for i in (1, 2, 3))
    var = np.abs(numbers(shape[1], dtype="float32", seed=4)) + np.float32(0.5)
    upstream = numbers(*shape, dtype="float32", seed=5) - np.float32(1)
    found = []
    for library, side, wanted in ((bt, F, dtype), (torch, TF, "float64")):
        given = [library.from_numpy(a.astype(wanted, "K")).requires_grad_() for a in (x, weight, bias)]
        statistics = [library.from_numpy(a.astype(wanted)) for a in (mean, var)]
        out = side.batch_norm(given[0], *statistics, *given[1:], training=training, momentum=0.3)
        pulled = library.autograd.grad(out, given, library.from_numpy(upstream.astype(wanted)))
        found.append([out, *pulled, *statistics])
        if library is bt and order == "last" and out.numel() and x.ndim > 2:
            assert out.stride() == given[0].stride()
            assert not training or pulled[0].stride() == given[0].stride()
    for ours, theirs in zip(*found, strict=True):
        assert ours.dtype == dtype
        scale = max(theirs.abs().max().item(), 1) if theirs.numel() else 1
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=0, atol=TOLERANCE[dtype] * scale)


def test_a_mean_far_from_zero_costs_no_digits():
    x = numbers(64, 8, 10, 10, dtype="float32") + np.float32(4096)  # spread 2
    for function in (
        lambda t: F.batch_norm(t, None, None, training=True), lambda t: F.group_norm(t, 2), lambda t: F.layer_norm(t, (10, 10)),
    ):  # fmt: skip
        exact = function(bt.tensor(x.astype("float64"))).numpy()
        np.testing.assert_allclose(function(bt.tensor(x)).numpy(), exact, atol=5e-4)


@pytest.mark.parametrize("name", ["layer_norm", "rms_norm", "group_norm"])
def test_halves_are_summed_in_float32(name):
    x, w = numbers(4, 5000, dtype="float16") * np.float16(100), numbers(5000, dtype="float16", seed=1)
    shape = 10 if name == "group_norm" else (5000,)
    ours, theirs = (getattr(side, name)(lib.tensor(x), shape, lib.tensor(w)) for lib, side in ((bt, F), (torch, TF)))
    assert ours.dtype == bt.float16
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=2e-3, atol=2e-3)


# ---------------------------------------------------------------------- modules


@pytest.mark.parametrize("momentum", [0.1, 0.0, None, 0.7])
@pytest.mark.parametrize("options", [{}, {"affine": False}, {"affine": True, "bias": False}, {"track_running_stats": True}])
@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("InstanceNorm1d", (5, 3, 4)), ("InstanceNorm2d", (3, 4, 5)), ("InstanceNorm3d", (2, 3, 2, 1, 5)),
        ("BatchNorm3d", (2, 3, 2, 1, 5)),
    ],
)  # fmt: skip
def test_running_statistics(kind, shape, options, momentum):
    ours, theirs = (getattr(nn, kind)(3, momentum=momentum, **options).double() for nn in (bn, torch.nn))
    assert repr(ours) == repr(theirs)
    assert ours.training
    for i in range(4):
        ours.train(i < 3), theirs.train(i < 3)
        x = numbers(*shape, seed=i)
        agree(ours(bt.tensor(x)), theirs(torch.tensor(x)))
        modinfo.same_state(ours, theirs, kind)


@pytest.mark.parametrize("build", [
    lambda nn: nn.LayerNorm(3), lambda nn: nn.LayerNorm((3, 4), bias=False),
    lambda nn: nn.LayerNorm([2], elementwise_affine=False),
    lambda nn: nn.RMSNorm(3), lambda nn: nn.RMSNorm((3, 4), eps=1e-3), lambda nn: nn.RMSNorm(2, elementwise_affine=False),
    lambda nn: nn.GroupNorm(2, 4), lambda nn: nn.GroupNorm(2, 4, affine=False), lambda nn: nn.GroupNorm(2, 4, bias=False),
    lambda nn: nn.InstanceNorm1d(3), lambda nn: nn.BatchNorm3d(3, bias=False), lambda nn: nn.LocalResponseNorm(2, 1e-3, 0.5, 2),
])  # fmt: skip
def test_looks_and_names(build):
    ours, theirs = build(bn), build(torch.nn)
    assert repr(ours) == repr(theirs)
    modinfo.same_state(ours, theirs, repr(ours))
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_errors(libraries):
    library, nn = libraries
    f, x = nn.functional, library.ones(2, 4, 3)
    double = library.ones(4, dtype=library.float64)
    for error, action in [
        (RuntimeError, lambda: f.layer_norm(x, (4,))),
        (RuntimeError, lambda: f.layer_norm(x, ())),
        (RuntimeError, lambda: f.layer_norm(x, (3,), library.ones(4))),
        (RuntimeError, lambda: f.layer_norm(x, (3,), None, library.ones(4))),
        (RuntimeError, lambda: f.layer_norm(x, (3,), library.ones(3, dtype=library.float64))),
        (RuntimeError, lambda: f.rms_norm(x, (4,))),
        (RuntimeError, lambda: f.rms_norm(x, (3,), library.ones(4))),
        (RuntimeError, lambda: f.group_norm(x, 3)),
        (RuntimeError, lambda: f.group_norm(library.ones(3), 3)),
        (RuntimeError, lambda: f.group_norm(x, 2, library.ones(3))),
        (RuntimeError, lambda: f.group_norm(x, 2, double)),
        (ValueError, lambda: f.group_norm(library.ones(1, 2), 2)),
        (ValueError, lambda: f.instance_norm(library.ones(2, 3, 1))),
        (ValueError, lambda: f.instance_norm(x, library.ones(4))),
        (RuntimeError, lambda: f.instance_norm(x, use_input_stats=False)),
        (RuntimeError, lambda: f.instance_norm(x, library.ones(3), library.ones(3))),
        (ValueError, lambda: f.batch_norm(x, library.ones(4), None, training=True)),
        (ValueError, lambda: f.local_response_norm(library.ones(2, 3), 2)),
        (RuntimeError, lambda: f.local_response_norm(x, 0)),
        (ValueError, lambda: nn.GroupNorm(3, 4)),
        (ValueError, lambda: nn.InstanceNorm1d(4)(library.ones(3))),
        (ValueError, lambda: nn.InstanceNorm2d(3, affine=True)(library.ones(2, 4, 3, 3))),
        (ValueError, lambda: nn.BatchNorm3d(4)(x)),
        (ValueError, lambda: nn.BatchNorm3d(4)(library.ones(1, 4, 1, 1, 1))),
    ]:
        with pytest.raises(error):
            action()


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_instance_norm_of_other_channels_warns(libraries):
    library, nn = libraries
    with pytest.warns(UserWarning, match="does not match num_features"):
        nn.InstanceNorm2d(3)(library.ones(2, 4, 3, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.InstanceNorm2d(4)(library.ones(2, 4, 3, 3))


@pytest.mark.parametrize("shape", [(3, 4), (2, 5, 4)])
@pytest.mark.parametrize(("p", "dim"), [(2.0, 1), (2.0, -1), (2, (0, 1)), (1.0, 0), (3.0, 1), (float("inf"), 1)])
def test_normalize_of_long_and_short_vectors(shape, p, dim):
    x = numbers(*shape)
    x[0] *= 1e-3
    compare(lambda t: F.normalize(t, p, dim, 0.05), lambda t: TF.normalize(t, p, dim, 0.05), x)
    ours, theirs = bt.tensor(x), torch.tensor(x)
    assert F.normalize(ours, p, dim, out=ours) is ours
    agree(ours, TF.normalize(theirs, p, dim))
