"""The scalar engine against PyTorch in float64, and under NumPy, which runs its functions over arrays of Values."""

import random
from itertools import product
from math import inf, isclose, isnan, nan
from operator import add, mul, neg, pow, sub, truediv

import numpy as np
import pytest
import torch
from byhand.scalar import MLP, Value, maximum, minimum

UNARY = ["exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "relu"]
BINARY = {"add": add, "sub": sub, "mul": mul, "div": truediv, "pow": pow}
CHOICES = {"maximum": maximum, "minimum": minimum}
# Not 0.5: PyTorch takes the root where it sees `x ** 0.5`, and has −0.0 ** 0.5 = −0.0 and (−inf) ** 0.5 = nan for it.
EDGES = [0.0, -0.0, 1.0, -1.0, 2.0, -1.5, 0.25, 3.0, 800.0, -800.0, inf, -inf, nan]


def function(name):
    """An operation for Values and one for tensors."""
    if name in CHOICES:
        return CHOICES[name], getattr(torch, name)
    named = {**BINARY, "neg": neg, "abs": abs}
    if name in named:
        return named[name], named[name]
    return lambda x: getattr(x, name)(), getattr(torch, name)


def tensor(x):
    return torch.tensor(x, dtype=torch.float64, requires_grad=True)


def same(ours, theirs):
    return isclose(ours, theirs, rel_tol=1e-13, abs_tol=1e-300) or (isnan(ours) and isnan(theirs))


def check(name, operands, upstream, constant=None):
    """Result and gradients agree; the operand at place `constant` is a plain number on both sides."""
    ours, theirs = function(name)
    values, tensors = [Value(x) for x in operands], [tensor(x) for x in operands]
    y = ours(*[x if i == constant else v for i, (x, v) in enumerate(zip(operands, values))])
    z = theirs(*[x if i == constant else t for i, (x, t) in enumerate(zip(operands, tensors))])
    y.backward(upstream)
    z.backward(torch.tensor(upstream, dtype=torch.float64))
    gradients = [0.0 if t.grad is None else t.grad.item() for t in tensors]
    case = f"{name}{tuple(operands)}, upstream {upstream}, constant {constant}"
    assert same(y.data, z.item()), f"{case}: {y.data} is not {z.item()}"
    for v, gradient in zip(values, gradients):
        assert same(v.grad, gradient), f"{case}: gradient {v.grad} is not {gradient}"


@pytest.mark.parametrize("name", [*UNARY, "neg", "abs"])
def test_functions_of_one_operand(name):
    rng = random.Random(name)
    for _ in range(50):
        check(name, [rng.uniform(0.01, 4) if name in ("log", "sqrt") else rng.gauss(0, 2)], rng.gauss(0, 1))
    for x in EDGES:
        check(name, [x], -1.7)


@pytest.mark.parametrize("name", [*BINARY, *CHOICES])
def test_functions_of_two_operands(name):
    rng = random.Random(name)
    constants = [None] if name in CHOICES else [None, 0, 1]
    for constant in constants:
        for _ in range(50):
            a, b = rng.gauss(0, 2), rng.gauss(0, 2)
            check(name, [abs(a) if name == "pow" else a, b], rng.gauss(0, 1), constant)
        for a, b in product(EDGES, EDGES):
            check(name, [a, b], -1.7, constant)


@pytest.mark.parametrize("upstream", [inf, nan])
@pytest.mark.parametrize("name", ["relu", "maximum", "minimum", "mul", "sigmoid", "abs"])
def test_gradients_that_have_overflowed(name, upstream):
    operands = 1 if name in ("relu", "sigmoid", "abs") else 2
    for point in product(EDGES, repeat=operands):
        check(name, point, upstream)


def test_the_root_of_a_closed_relu():
    x, t = Value(-1.0), tensor(-1.0)
    x.relu().sqrt().backward()
    t.relu().sqrt().backward()
    assert x.grad == t.grad.item() == 0.0


STEPS = [
    lambda a, b: a * b,
    lambda a, b: a - 2 * b,
    lambda a, b: a / (1 + b * b),
    lambda a, b: (a + b).tanh(),
    lambda a, b: a.sigmoid() * b,
    lambda a, b: b.relu() + a,
    lambda a, b: (a * a + 1).log() - abs(b),
    lambda a, b: a.maximum(b).sin(),
]


def expression(rng, leaves):
    """A random computation, on Values or on tensors, and a node in the middle of it."""
    nodes = list(leaves)
    for _ in range(40):
        nodes.append(rng.choice(STEPS)(rng.choice(nodes), rng.choice(nodes[-3:])))
    return nodes[-1] + nodes[-2], nodes[len(nodes) // 2]


@pytest.mark.parametrize("seed", range(20))
def test_whole_graphs_over_several_calls(seed):
    """Two losses on one trunk, one of them twice, and the trunk itself: the leaves add up as PyTorch's."""
    start = [random.Random(seed).gauss(0, 1) for _ in range(4)]
    values, tensors = [Value(x) for x in start], [tensor(x) for x in start]
    (y, trunk), (z, torch_trunk) = expression(random.Random(seed), values), expression(random.Random(seed), tensors)
    losses, torch_losses = [y, y * trunk, y, trunk], [z, z * torch_trunk, z, torch_trunk]
    for upstream, ours, theirs in zip([1.0, -0.7, 2.5, 0.3], losses, torch_losses):
        assert same(ours.data, theirs.item())
        ours.backward(upstream)
        theirs.backward(torch.tensor(upstream, dtype=torch.float64), retain_graph=True)
        for v, t in zip(values, tensors):
            expected = 0.0 if t.grad is None else t.grad.item()
            assert isclose(v.grad, expected, rel_tol=1e-11, abs_tol=1e-13)


def test_an_inner_gradient_is_that_of_the_last_call():
    x, t = Value(1.5), tensor(1.5)
    inner, torch_inner = x * x, t * t
    y, z = inner.sin(), torch_inner.sin()
    for upstream in (1.0, -2.0):
        y.backward(upstream)
        torch_inner_grad = torch.autograd.grad(z, torch_inner, torch.tensor(upstream).double(), retain_graph=True)[0]
        assert same(inner.grad, torch_inner_grad.item())


def test_a_network_on_the_same_weights():
    model = MLP(3, [5, 4, 2], rng=random.Random(0))
    x = [0.3, -1.2, 0.7]
    parameters = [torch.tensor([n.w for n in layer.neurons], dtype=torch.float64, requires_grad=True) for layer in model.layers]
    biases = [torch.zeros(len(layer.neurons), dtype=torch.float64, requires_grad=True) for layer in model.layers]
    h = torch.tensor(x, dtype=torch.float64)
    for i, (w, b) in enumerate(zip(parameters, biases)):
        h = w @ h + b
        h = h.relu() if i < 2 else h
    (h[0] * h[1]).backward()
    first, second = model(x)
    (first * second).backward()
    for layer, w, b in zip(model.layers, parameters, biases):
        assert np.allclose([[float(v.grad) for v in n.w] for n in layer.neurons], w.grad, rtol=1e-13, atol=0)
        assert np.allclose([n.b.grad for n in layer.neurons], b.grad, rtol=1e-13, atol=0)


def objects(array):
    return np.vectorize(Value, otypes=[object])(array)


def grads(values):
    return np.vectorize(lambda v: v.grad, otypes=[float])(values)


def data(values):
    return np.vectorize(float, otypes=[float])(values)


ON_ARRAYS = {
    "softmax": (
        lambda x, w: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True) * w,
        lambda x, w: x.softmax(1) * w,
    ),
    "affine": (lambda x, w: np.tanh(x @ w.T + 0.5), lambda x, w: (x @ w.T + 0.5).tanh()),
    "norm": (lambda x, w: np.sqrt((x * x).mean(axis=0)) - w, lambda x, w: (x * x).mean(0).sqrt() - w),
    "waves": (lambda x, w: np.sin(x) * np.cos(w) - np.abs(x), lambda x, w: x.sin() * w.cos() - x.abs()),
    "choice": (
        lambda x, w: np.maximum(x, w) * np.minimum(x, 0.3) + np.where(x > w, x, -w),
        lambda x, w: torch.maximum(x, w) * x.clamp(max=0.3) + torch.where(x > w, x, -w),
    ),
    "powers": (lambda x, w: np.power(2.0, x) + np.square(w) ** 1.5, lambda x, w: 2.0**x + w.square() ** 1.5),
    "logs": (lambda x, w: np.log(x * x + 1) / w, lambda x, w: (x * x + 1).log() / w),
    "einsum": (lambda x, w: np.einsum("ij,kj->ik", x, w), lambda x, w: torch.einsum("ij,kj->ik", x, w)),
}


@pytest.mark.parametrize("name", ON_ARRAYS)
def test_numpy_computes_with_values(name):
    ours, theirs = ON_ARRAYS[name]
    rng = np.random.default_rng(7)
    x, w = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    values, weights, t, s = objects(x), objects(w), tensor(x), tensor(w)
    y, z = ours(values, weights), theirs(t, s)
    upstream = rng.normal(size=tuple(z.shape))
    np.sum(y * upstream).backward()
    z.backward(torch.tensor(upstream))
    assert np.allclose(data(y), z.detach(), rtol=1e-13)
    assert np.allclose(grads(values), t.grad, rtol=1e-12) and np.allclose(grads(weights), s.grad, rtol=1e-12)


@pytest.mark.parametrize("array", [objects([1.0, -2.0]), np.array([1.0, -2.0]), np.array([1, -2])], ids=lambda a: a.dtype.name)
@pytest.mark.parametrize("operator", [add, sub, mul, truediv])
def test_a_value_and_an_array_combine_element_by_element(operator, array):
    x = Value(3.0)
    left, right = operator(x, array), operator(array, x)
    assert left.dtype == right.dtype == object and left.shape == right.shape == (2,)
    assert [v.data for v in left] == [operator(3.0, e) for e in (1.0, -2.0)]
    assert [v.data for v in right] == [operator(e, 3.0) for e in (1.0, -2.0)]


@pytest.mark.parametrize("number", [np.float64(2.0), np.float32(2.0), np.int64(2), np.array(2.0)], ids=repr)
def test_a_value_and_a_numpy_number_make_a_value(number):
    x = Value(3.0)
    results = [x * number, number * x, x - number, number - x, x**number, number**x]
    assert all(isinstance(y, Value) for y in results)
    assert [y.data for y in results] == [6.0, 6.0, 1.0, -1.0, 9.0, 8.0]
    assert all(type(y.data) is float for y in results)
    assert number < x and x > number and (x == number) == False  # noqa: E712


def test_comparisons_of_arrays_are_arrays_of_bools():
    array, x = objects([1.0, 3.0, 5.0]), Value(3.0)
    for result in (array > x, x < array, array > 3, array > objects([3.0] * 3)):
        assert result.dtype == bool and result.tolist() == [False, False, True]
