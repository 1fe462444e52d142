"""Pooling against PyTorch: its own samples and errors, modules, ties, infinities, nan, layout in memory."""

import warnings

import byhand.nn as bn
import byhand.nn.functional as F
import byhand.tensor as bt
import modinfo
import numpy as np
import opinfo
import pytest
import torch
import torch.nn.functional as TF

RANKS = (1, 2, 3)
KINDS = ("max_pool", "avg_pool", "adaptive_avg_pool", "adaptive_max_pool")
NAMES = [f"nn.functional.{kind}{rank}d" for kind in KINDS for rank in RANKS]
UNPOOL = " ".join(f"nn.functional.max_unpool{rank}d" for rank in RANKS)
MODULES = " ".join(
    f"{kind}{rank}d" for kind in ("MaxPool", "AvgPool", "LPPool", "AdaptiveAvgPool", "AdaptiveMaxPool") for rank in RANKS
)


@pytest.mark.parametrize(("info", "dtype"), opinfo.cases(" ".join([*NAMES, UNPOOL])))
def test_samples(info, dtype):
    opinfo.agrees(info, dtype)


@pytest.mark.parametrize("case", modinfo.cases(MODULES))
def test_modules(case):
    modinfo.agrees(case)


@pytest.mark.parametrize("name", [*NAMES, *UNPOOL.split()])
def test_errors(name):
    (info,) = (info for info in opinfo.INFOS[name] if not info.variant_test_name)
    count = 0
    for count, error in enumerate(info.error_inputs("cpu"), 1):  # noqa: B007
        sample = error.sample_input
        given = (sample.input, *sample.args)
        with pytest.raises(error.error_type):
            info.op(*given, **sample.kwargs)
        with pytest.raises(error.error_type):
            opinfo.ours(info)(*opinfo.mapped(opinfo.as_ours, given), **opinfo.mapped(opinfo.as_ours, sample.kwargs))
    assert count


def agree(ours, theirs, x, again=True):
    """Both functions of `x`, and their gradients."""
    mine = opinfo.as_ours(torch.tensor(x)).requires_grad_(True)
    yours = torch.tensor(x, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pairs = opinfo.same(ours(mine), theirs(yours), "")
        opinfo.gradients(([mine], [yours]), pairs, np.random.default_rng(1), "", again)


def numbers(*shape):
    return np.random.default_rng(0).standard_normal(shape)


OPTIONS = [
    ((5, 9), {"kernel_size": 2}), ((5, 9), {"kernel_size": (3, 2), "stride": 1}), ((7, 6), {"kernel_size": 3, "padding": 1}),
    ((5, 8), {"kernel_size": (2, 3), "stride": (3, 4), "ceil_mode": True}),
    ((6, 7), {"kernel_size": 3, "stride": 2, "padding": (1, 0), "ceil_mode": True}),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "options"), [*OPTIONS, ((9, 8), {"kernel_size": 3, "dilation": (2, 3), "padding": 1})])
@pytest.mark.parametrize("indices", [False, True])
def test_max_pool(shape, options, indices):
    """Few different values, so that there are ties; infinities and nan among them."""
    x = np.random.default_rng(0).integers(-2, 2, (2, 3, *shape)).astype(float)
    for special in (0, -np.inf, np.inf, np.nan):
        with_it = np.where(np.random.default_rng(1).random(x.shape) < 0.2, special, x)
        for values in (with_it, np.full_like(x, special)):
            agree(
                lambda t: F.max_pool2d(t, return_indices=indices, **options),
                lambda t: TF.max_pool2d(t, return_indices=indices, **options),
                values,
            )


@pytest.mark.parametrize(("shape", "options"), OPTIONS)
@pytest.mark.parametrize("extra", [{}, {"count_include_pad": False}, {"divisor_override": 5}])
def test_avg_pool(shape, options, extra):
    agree(lambda t: F.avg_pool2d(t, **options, **extra), lambda t: TF.avg_pool2d(t, **options, **extra), numbers(2, 3, *shape))
    whole = np.random.default_rng(0).integers(-9, 9, (2, 3, *shape))
    opinfo.same(F.avg_pool2d(bt.tensor(whole), **options, **extra), TF.avg_pool2d(torch.tensor(whole), **options, **extra), "")


@pytest.mark.parametrize("kernel", [2, 3])
@pytest.mark.parametrize("stride", [None, 1])
def test_infinite_gradients_stay_with_the_winner(kernel, stride):
    x = numbers(1, 2, 6, 6)
    mine, yours = bt.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    for library, y in ((bt, F.max_pool2d(mine, kernel, stride)), (torch, TF.max_pool2d(yours, kernel, stride))):
        y.backward(library.full(tuple(y.shape), -np.inf, dtype=y.dtype))
    np.testing.assert_array_equal(mine.grad.numpy(), yours.grad.numpy())


@pytest.mark.parametrize("size", [(3, 4), (None, 2), 1, (5, None), (7, 11)])
@pytest.mark.parametrize("kind", ["adaptive_avg_pool2d", "adaptive_max_pool2d"])
def test_adaptive(kind, size):
    x = numbers(2, 3, 5, 9)
    agree(lambda t: getattr(F, kind)(t, size), lambda t: getattr(TF, kind)(t, size), x)
    x[0, 1, 2, 3], x[1, 2, 4, 8] = np.nan, np.inf
    agree(lambda t: getattr(F, kind)(t, size), lambda t: getattr(TF, kind)(t, size), x, again=False)
    if "max" in kind:
        ties = np.random.default_rng(0).integers(0, 3, x.shape).astype(float)
        agree(lambda t: getattr(F, kind)(t, size, True), lambda t: getattr(TF, kind)(t, size, return_indices=True), ties)


@pytest.mark.parametrize("norm", [1, 2, 3.5, np.inf, -np.inf])
@pytest.mark.parametrize(("rank", "options"), [(1, {}), (1, {"stride": 1}), (2, {"ceil_mode": True}), (3, {"stride": 2})])
def test_lp_pool(norm, rank, options):
    x = np.abs(numbers(2, 3, *(5, 6, 7)[:rank])) if norm == 3.5 else numbers(2, 3, *(5, 6, 7)[:rank])
    name = f"lp_pool{rank}d"
    agree(lambda t: getattr(F, name)(t, norm, 3, **options), lambda t: getattr(TF, name)(t, norm, 3, **options), x, norm != 1)


@pytest.mark.parametrize("rank", RANKS)
def test_unpooling(rank):
    """There and back, to each size that is pooled to the same; as modules too."""

    def there_and_back(library, sized):
        pool, unpool = getattr(library, f"MaxPool{rank}d")(2, return_indices=True), getattr(library, f"MaxUnpool{rank}d")(2)
        return lambda t: [(y := pool(t))[1], unpool(*y, output_size=list(t.shape) if sized else None)]

    agree(there_and_back(bn, True), there_and_back(torch.nn, True), numbers(2, 3, *(5, 6, 7)[:rank]))
    agree(there_and_back(bn, False), there_and_back(torch.nn, False), numbers(2, 3, *(4, 6, 8)[:rank]))
    assert repr(getattr(bn, f"MaxUnpool{rank}d")(2, 3, 1)) == repr(getattr(torch.nn, f"MaxUnpool{rank}d")(2, 3, 1))


@pytest.mark.parametrize("pool", [F.max_pool2d, F.avg_pool2d])
def test_the_order_in_memory_is_kept(pool):
    x = bt.zeros(2, 6, 4, 3).permute(0, 3, 1, 2).requires_grad_(True)
    y = pool(x, 2)
    assert y.permute(0, 2, 3, 1).is_contiguous()
    (g,) = bt.autograd.grad((y * y).sum(), x)
    assert g.permute(0, 2, 3, 1).is_contiguous()


def test_windows_of_more_places_than_a_byte_counts():
    x = numbers(2, 3, 20, 21)
    agree(lambda t: F.max_pool2d(t, 18, 1), lambda t: TF.max_pool2d(t, 18, 1), x)


@pytest.mark.parametrize("kind", ["max_pool1d", "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d"])
@pytest.mark.parametrize("dtype", ["bool", "int64"])
def test_dtypes_refused(kind, dtype):
    theirs = torch.ones(2, 3, 4, 4 if "2d" in kind else 1)[..., 0 if "1d" in kind else slice(None)].to(getattr(torch, dtype))
    ours = bt.from_numpy(theirs.numpy().copy())
    try:
        expected = getattr(TF, kind)(theirs, 2)
    except (RuntimeError, NotImplementedError) as error:
        with pytest.raises(type(error)):
            getattr(F, kind)(ours, 2)
    else:
        opinfo.same(getattr(F, kind)(ours, 2), expected, kind)
