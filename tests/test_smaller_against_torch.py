"""Small functions where PyTorch's samples do not go: edges, errors, limits, memory formats, new shapes in place."""

import byhand.tensor as bt
import numpy as np
import pytest
import torch

RNG = np.random.default_rng(11)


def test_erfinv_and_bessel_over_their_range():
    y = np.concatenate([np.linspace(-1, 1, 4001), 1 - np.logspace(-16, -1, 200), [np.nan, 1.5, 1e-300, -1e-20, 0.0]])
    np.testing.assert_allclose(bt.erfinv(bt.from_numpy(y)).numpy(), torch.erfinv(torch.from_numpy(y)).numpy(), rtol=1e-9)
    x = np.concatenate([np.linspace(-60, 60, 4001), [0.0, 700.0, np.inf, np.nan]])
    mine, theirs = bt.from_numpy(x).requires_grad_(), torch.from_numpy(x).requires_grad_()
    np.testing.assert_allclose(bt.i0(mine).detach().numpy(), torch.i0(theirs).detach().numpy(), rtol=1e-13)
    (found,), (expected,) = bt.autograd.grad(bt.i0(mine).sum(), mine), torch.autograd.grad(torch.i0(theirs).sum(), theirs)
    np.testing.assert_allclose(found.numpy()[:-2], expected.numpy()[:-2], rtol=1e-12)


def test_bessel_bends_at_zero():
    x = bt.tensor([0.0, 1e-3], dtype=bt.float64, requires_grad=True)
    (slope,) = bt.autograd.grad(bt.i0(x).sum(), x, create_graph=True)
    (bend,) = bt.autograd.grad(slope.sum(), x)
    np.testing.assert_allclose(bend.numpy(), 0.5, rtol=1e-6)


@pytest.mark.parametrize("name", ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8"])
def test_limits(name):
    kind = "finfo" if name.startswith("float") else "iinfo"
    mine, theirs = (getattr(m, kind)(getattr(m, name)) for m in (bt, torch))
    assert mine.dtype == theirs.dtype
    for field in ("bits", "max", "min", *(("eps", "tiny", "smallest_normal", "resolution") if kind == "finfo" else ())):
        assert getattr(mine, field) == pytest.approx(getattr(theirs, field), rel=1e-6), field
    assert repr(mine) == repr(theirs)


def test_questions():
    dtypes = ("bool", "uint8", "int8", "int32", "int64", "float32", "float64")
    ours = [bt.bool_ if name == "bool" else getattr(bt, name) for name in dtypes]
    theirs = [getattr(torch, name) for name in dtypes]
    for a, b in zip(ours, theirs, strict=True):
        for c, d in zip(ours, theirs, strict=True):
            assert str(bt.promote_types(a, c)) == str(torch.promote_types(b, d)).split(".")[1]
            assert bt.can_cast(a, c) == torch.can_cast(b, d)
            for shape in ((), (2,)):
                found = bt.result_type(bt.zeros(shape, dtype=a), bt.zeros(2, dtype=c))
                expected = torch.result_type(torch.zeros(shape, dtype=b), torch.zeros(2, dtype=d))
                assert str(found) == str(expected).split(".")[1]
    for number in (True, 1, 1.5):
        for a, b in zip(ours, theirs, strict=True):
            expected = torch.result_type(torch.zeros(2, dtype=b), number)
            assert str(bt.result_type(bt.zeros(2, dtype=a), number)) == str(expected).split(".")[1]
    assert bt.is_tensor(bt.ones(1))
    assert not bt.is_tensor(1)
    assert bt.ones(1).is_nonzero()
    assert bt.ones(2, 1).is_same_size(bt.zeros(2, 1))
    assert bt.ones(1).is_signed()
    assert not bt.ones(1, dtype=bt.uint8).is_signed()


@pytest.mark.parametrize("name", ["preserve_format", "contiguous_format", "channels_last"])
def test_memory_formats(name):
    data = RNG.standard_normal((2, 3, 4, 5))
    for make in (lambda x: x, lambda x: x.permute(0, 2, 3, 1), lambda x: x[:, :, ::2]):
        mine, theirs = make(bt.from_numpy(data.copy())), make(torch.from_numpy(data.copy()))
        for call in ("clone", "float"):
            found, expected = (getattr(x, call)(memory_format=getattr(m, name)) for m, x in ((bt, mine), (torch, theirs)))
            np.testing.assert_array_equal(found.numpy(), expected.numpy())
            if name != "preserve_format":
                assert found.stride() == expected.stride()
        if name != "preserve_format":
            found, expected = (x.contiguous(memory_format=getattr(m, name)) for m, x in ((bt, mine), (torch, theirs)))
            assert found.stride() == expected.stride()
            assert found.is_contiguous(memory_format=getattr(bt, name))
            assert mine.is_contiguous(memory_format=getattr(bt, name)) == theirs.is_contiguous(memory_format=getattr(torch, name))
    with pytest.raises(RuntimeError):
        bt.ones(3).contiguous(memory_format=bt.channels_last)


@pytest.mark.parametrize(("name", "args"), [
    ("squeeze_", ()), ("squeeze_", (1,)), ("unsqueeze_", (0,)), ("transpose_", (0, 2)), ("swapaxes_", (0, 2)),
    ("swapdims_", (0, 1)), ("t_", ()),
])  # fmt: skip
@pytest.mark.parametrize("viewed", [False, True])
def test_new_shapes_in_place(name, args, viewed):
    data = RNG.standard_normal((2, 3) if name == "t_" else (2, 1, 3))
    results = []
    for library in (bt, torch):
        leaf = library.from_numpy(data.copy()).requires_grad_()
        base = leaf * 2
        x = base[...] if viewed else base
        before = x.view(-1)
        assert getattr(x, name)(*args) is x
        x.mul_(3)
        total = (x * x).sum() + before.sum()
        results.append([x.detach(), before.detach(), *library.autograd.grad(total, leaf)])
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy())
    with pytest.raises(RuntimeError, match="leaf"):
        getattr(bt.from_numpy(data.copy()).requires_grad_(), name)(*args)


def test_fill_of_what_is_expanded():
    for library in (bt, torch):
        base = library.ones(3, 1)
        wide = base.expand(3, 4)
        assert wide.fill_(5) is wide
        assert base.tolist() == [[5], [5], [5]]
        assert wide.tolist() == [[5] * 4] * 3
        assert library.zeros(1).expand(3).zero_().tolist() == [0, 0, 0]
    leaf = bt.ones(3, 1, requires_grad=True)  # here PyTorch's backward pass raises
    wide = (leaf * 2).expand(3, 4).fill_(5)
    (wide.sum() + 3 * leaf.sum()).backward()
    assert leaf.grad.tolist() == [[3], [3], [3]]


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("shape", [(3, 3), (7, 3), (12, 3), (4, 3), (3, 5), (3, 3, 3)])
def test_fill_diagonal(shape, wrap):
    mine, theirs = bt.zeros(shape), torch.zeros(shape)
    assert mine.fill_diagonal_(2.5, wrap) is mine
    theirs.fill_diagonal_(2.5, wrap)
    assert mine.tolist() == theirs.tolist()


CALLS = [
    lambda m: m.gcd(m.ones(2), m.ones(2)), lambda m: m.frexp(m.ones(2, dtype=m.int64)),
    lambda m: m.nextafter(m.ones(2, dtype=m.int64), m.ones(2, dtype=m.int64)), lambda m: m.mvlgamma(m.ones(2), 0),
    lambda m: m.renorm(m.ones(3), 2, 0, 1), lambda m: m.renorm(m.ones(3, 3), 0, 0, 1), lambda m: m.renorm(m.ones(3, 3), 1, 0, -1),
    lambda m: m.gradient(m.ones(1)), lambda m: m.gradient(m.ones(3), edge_order=3),
    lambda m: m.gradient(m.ones(3, 3), spacing=[1.0]),
    lambda m: m.ones(3).sum_to_size(2), lambda m: m.broadcast_shapes((2,), (3,)),
    lambda m: m.unravel_index(m.tensor(1.0), (2, 3)), lambda m: m.split_with_sizes(m.ones(3), [1, 1]),
    lambda m: m.ones(3).index_reduce(0, m.tensor([0]), m.ones(1), "sum"), lambda m: m.histogram(m.ones(3, dtype=m.int64), 3),
    lambda m: m.histogram(m.ones(3), 0), lambda m: m.logspace(0, 1, -1), lambda m: m.linspace(0, 1, -1),
    lambda m: m.finfo(m.int64), lambda m: m.iinfo(m.float32), lambda m: m.ones(2).is_nonzero(),
    lambda m: m.ones(3).fill_diagonal_(1), lambda m: m.empty_strided((2,), (1, 1)),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_errors_have_torchs_types(call):
    kinds = []
    for library in (torch, bt):
        with pytest.raises(Exception) as caught:
            call(library)
        kinds.append(caught.type)
    assert kinds[0] is kinds[1]
