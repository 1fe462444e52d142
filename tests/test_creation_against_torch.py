"""Tensors from data and from nothing, how they are shown, and how they meet NumPy: beside PyTorch."""

import byhand.tensor as bt
import numpy as np
import pytest
import torch
from op_checks import LIBRARIES, array_of, fails_alike, outcome

nan, inf = float("nan"), float("inf")
RNG = np.random.default_rng(0)

CALLS = {
    "tensor": [
        (1,), (1.5,), (True,), ([1, 2],), ([1.5, 2],), ([[True, False]],), ([],), ([[]],), ([[1, 2], [3, 4.5]],), ((1, 2),),
        (2**40,), ([True, 2],), (np.float64(1.5),), (np.arange(3),), (np.ones(2, np.float32),), ([np.float32(1.5)],),
        (np.array(2.0),), (range(3),), (None,), ("a",), ([[1, 2], [3]],), ([1, None],), ({1: 2},), (np.array(["a"]),),
    ],
    "zeros": [(3,), (2, 3), ((2, 3),), ([2, 3],), (0,), (), (2, -1), (1.5,), ("a",)],
    "ones": [(2, 3)],
    "full": [((2,), 3), ((2,), 3.5), ((2,), True), ((), 1.0), ((-2,), 3)],
    "arange": [
        (5,), (5.0,), (1, 5), (1, 5, 2), (1, 5.5, 0.5), (5, 1, -1), (5, 1), (1, 5, 0), (0,), (0.1, 1, 0.1), (-3,), (1, 1),
        (1, 5, -1), (0, 1e-3, 1e-4), (True,), (nan,), (0, inf), ("a",),
    ],
    "linspace": [(0, 1, 5), (3, -3, 4), (0, 1, 1), (0, 1, 0), (0, 1, -1), (0, 10, 11), (2, 2, 3)],
    "eye": [(3,), (2, 4), (0,), (-1,), (3, -1)],
}


@pytest.mark.parametrize(("name", "args"), [(name, args) for name, calls in CALLS.items() for args in calls], ids=str)
@pytest.mark.parametrize("options", [{}, {"requires_grad": True}], ids=["plain", "requires grad"])
def test_creation(name, args, options):
    def call(L):
        return getattr(L, name)(*args, **options)

    (ours, our_error), (theirs, their_error) = outcome(call, bt), outcome(call, torch)
    if not fails_alike(ours, our_error, theirs, their_error):
        a, b = array_of(ours), array_of(theirs)
        assert (a.dtype, a.shape, ours.requires_grad, ours.is_leaf) == (b.dtype, b.shape, theirs.requires_grad, theirs.is_leaf)
        np.testing.assert_allclose(a, b, rtol=2e-7 if a.dtype.kind == "f" else 0)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "int32", "uint8", "bool"])
def test_likes_and_conversions(dtype):
    for call in ("zeros_like", "ones_like", "empty_like"):
        ours = getattr(bt, call)(bt.tensor([[1, 2]], dtype=dtype))
        assert (ours.dtype, ours.shape) == (np.dtype(dtype), (1, 2))
    for method in ("float", "double", "half", "int", "long", "bool"):
        ours, theirs = (getattr(L.tensor([0.0, -1.7, 2.3]), method)() for L in LIBRARIES)
        assert ours.dtype == array_of(theirs).dtype
        assert (array_of(ours) == array_of(theirs)).all()
    assert bt.full_like(bt.ones(2), 7, dtype=dtype).dtype == np.dtype(dtype)


def test_conversion_has_a_gradient():
    for L in LIBRARIES:
        x = L.ones(3, dtype=L.float32, requires_grad=True)
        (x.double() * 2).sum().backward()
        assert x.grad.dtype == L.float32
        assert not x.long().requires_grad
        assert x.float() is x


SHOWN = [
    1, 1.5, True, [1, 2, 3], [1.0, 2.0], [1.5, 2.25], [0.1, 100.123456], [1e-5, 1.0], [1e10, 1.0], [1e9, 2e9], [0.5],
    [True, False], [True], [], [[]], [[1, -2], [30, 400]], [[1.5, -2.5], [30, 400]], [nan, 1.0], [inf, 1.5], [[[1.0]]],
    [-inf, nan, 2.0], [0.0, 0.0], [1234.5, 0.001], [123456789.0, 1.0], [1e-10, 2e-10], -1.0, [-1.0, 1.0], 1e-7, 12345678.0,
    0.1 + 0.2, [100000.5], [999999.0, 1.0], nan, inf, 1e20, [1e4, 1e-4], [0.00012], [1000.5, 1.0],
]


@pytest.mark.parametrize("data", SHOWN, ids=str)
@pytest.mark.parametrize("form", ["plain", "float64", "requires grad", "int32", "float16", "computed"])
def test_repr(data, form):
    def shown(L):
        t = L.tensor(data)
        if form in ("float64", "float16"):
            t = t.to(getattr(L, form))
        elif form == "int32":
            t = t.int()
        elif form == "requires grad" and t.is_floating_point():
            t.requires_grad_()
        elif form == "computed" and t.is_floating_point():
            t = t.requires_grad_() * 1
        return repr(t)

    numbers = np.abs(np.asarray(data, float))
    if form in ("int32", "float16") and not (numbers < 3e4).all():
        return
    assert shown(bt) == shown(torch).replace("dtype=torch.", "dtype=")


@pytest.mark.parametrize("shape", [(30,), (5, 40), (0, 3), (2, 0), (1, 1, 1), (2, 2, 2), (1001,), (40, 40), (12,
    11, 10), (2, 3, 30)], ids=lambda v: str(v)[:40])
@pytest.mark.parametrize("kind", ["float", "int", "bool"])
def test_repr_of_shapes(shape, kind):
    array = RNG.standard_normal(shape).astype(np.float32) * 3
    array = array if kind == "float" else array.astype(np.int64) if kind == "int" else array > 0
    assert repr(bt.from_numpy(array)) == repr(torch.from_numpy(array)).replace("dtype=torch.", "dtype=")


def numpy_interplay(L):
    t, a = L.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=L.float64), np.ones((2, 2))
    return np.asarray(t), t.numpy() is not None, (t.numpy() == np.asarray(t)).all(), L.from_numpy(a).dtype == L.float64


def test_numpy_interplay():
    ours, theirs = numpy_interplay(bt), numpy_interplay(torch)
    assert (ours[0] == theirs[0]).all()
    assert ours[1:] == theirs[1:]


@pytest.mark.parametrize("L", LIBRARIES, ids=["byhand", "torch"])
def test_memory_shared_with_numpy(L):
    a = np.zeros(3)
    t = L.from_numpy(a)
    t[1] = 5
    a[2] = 7
    assert t.tolist() == [0, 5, 7] and a.tolist() == [0, 5, 7]
    assert L.as_tensor(a).tolist() == a.tolist()
    copied = L.tensor(a)
    a[0] = 9
    assert copied[0] == 0
    t.numpy()[0] = 4
    assert a[0] == 4
