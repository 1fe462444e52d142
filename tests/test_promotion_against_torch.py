"""In which dtype numbers meet: every pair of dtypes, as tensors, 0-d tensors and Python numbers."""

import operator

import byhand.tensor as bt
import numpy as np
import pytest
import torch
from op_checks import LIBRARIES, array_of, fails_alike, outcome

NAMES = ["uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "bool"]
OPERATIONS = {name: getattr(operator, name) for name in ("add", "sub", "mul", "truediv", "pow", "eq", "lt", "ge", "and_")}
NUMBERS = [True, 2, 2.5, 0, 300]


def dtype(L, name):
    return getattr(L, "bool_" if name == "bool" and L is bt else name)


def operand(L, kind, name):
    return L.tensor([1, 0, 1] if kind == "tensor" else 1, dtype=dtype(L, name))


def check(function, left, right):
    (ours, our_error), (theirs, their_error) = (outcome(lambda: function(left(L), right(L))) for L in LIBRARIES)  # noqa: B023
    if not fails_alike(ours, our_error, theirs, their_error):
        a, b = array_of(ours), array_of(theirs)
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-3 if b.dtype == np.float16 else 1e-6)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("kinds", [("tensor", "tensor"), ("tensor", "0-d"), ("0-d", "tensor"), ("0-d", "0-d")], ids=" ".join)
def test_pairs(name, kinds):
    for left in NAMES:
        for right in NAMES:
            check(OPERATIONS[name], lambda L: operand(L, kinds[0], left), lambda L: operand(L, kinds[1], right))  # noqa: B023


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("kind", ["tensor", "0-d"])
def test_numbers(name, kind):
    for tensor in NAMES:
        for number in NUMBERS:
            if number == 300 and tensor in ("uint8", "int8"):
                continue  # PyTorch's answers differ from operator to operator
            if name == "pow" and tensor == "bool" and number is True:
                continue  # PyTorch multiplies, for once in bool
            check(OPERATIONS[name], lambda L: operand(L, kind, tensor), lambda L: number)  # noqa: B023
            if name != "pow" or tensor != "bool":
                check(OPERATIONS[name], lambda L: number, lambda L: operand(L, kind, tensor))  # noqa: B023


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "exp", "sqrt", "softmax", "relu", "neg", "square", "sign"])
@pytest.mark.parametrize("given", NAMES)
def test_alone(name, given):
    arguments = (0,) if name == "softmax" else ()
    if name == "softmax" and given not in ("float32", "float64"):
        return
    check(lambda x, _: getattr(bt if isinstance(x, bt.Tensor) else torch, name)(x,
        *arguments), lambda L: operand(L, "tensor", given), lambda L: 0)


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_nothing_widens_or_narrows(name):
    x = bt.ones(3, 4, dtype=dtype(bt, name), requires_grad=True)
    results = [
        x + 1, x * 2.5, 1 / x, x**2, x.sum(), x.mean(0), x.var(), x.prod(), x.max(), x.softmax(0), x @ x.t(), x.logsumexp(1),
        bt.where(x > 0, x, 0.0), bt.maximum(x, bt.tensor(1.0, dtype=bt.float64)), x.clamp(0, 1.5), x[0, 0], -x.abs(),
        x.sum() * 3.0, x * bt.tensor(3.0, dtype=bt.float64), x * bt.tensor([2]),
    ]
    assert {r.dtype for r in results} == {dtype(bt, name)}
    for result in results:
        (g,) = bt.autograd.grad(result.sum(), x, create_graph=True)
        assert g.dtype == x.dtype


def test_the_default_dtype():
    assert (bt.tensor([1]) * 1.5).dtype == bt.float32
    bt.set_default_dtype(bt.float64)
    try:
        assert (bt.tensor([1]) * 1.5).dtype == bt.tensor(1.0).dtype == bt.zeros(2).dtype == bt.float64
    finally:
        bt.set_default_dtype(bt.float32)
    with pytest.raises(TypeError):
        bt.set_default_dtype(bt.int64)
