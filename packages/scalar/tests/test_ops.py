"""Every rule against central differences, and at its kinks and poles."""

import math
import random
from math import inf, isclose, isnan, nan

import pytest
from byhand.scalar import Value, apply, dot, maximum, minimum, op, ops

# name, function, and for each operand the interval from which it is drawn
SMOOTH = [
    ("a + b", lambda a, b: a + b, [(-3, 3), (-3, 3)]),
    ("a - b", lambda a, b: a - b, [(-3, 3), (-3, 3)]),
    ("a * b", lambda a, b: a * b, [(-3, 3), (-3, 3)]),
    ("a / b", lambda a, b: a / b, [(-3, 3), (0.5, 3)]),
    ("a ** b", lambda a, b: a**b, [(0.2, 3), (-2, 2)]),
    ("2 + a", lambda a: 2 + a, [(-3, 3)]),
    ("2 - a", lambda a: 2 - a, [(-3, 3)]),
    ("a - 2", lambda a: a - 2, [(-3, 3)]),
    ("2 * a", lambda a: 2 * a, [(-3, 3)]),
    ("2 / a", lambda a: 2 / a, [(-3, -0.5)]),
    ("a / 2", lambda a: a / 2, [(-3, 3)]),
    ("a ** 3", lambda a: a**3, [(-3, 3)]),
    ("a ** -2", lambda a: a**-2, [(-3, -0.5)]),
    ("a ** 0.5", lambda a: a**0.5, [(0.2, 3)]),
    ("2 ** a", lambda a: 2**a, [(-3, 3)]),
    ("-a", lambda a: -a, [(-3, 3)]),
    ("abs(a)", abs, [(-3, -0.1)]),
    ("exp", Value.exp, [(-3, 3)]),
    ("log", Value.log, [(0.2, 3)]),
    ("sqrt", Value.sqrt, [(0.2, 3)]),
    ("sin", Value.sin, [(-3, 3)]),
    ("cos", Value.cos, [(-3, 3)]),
    ("tanh", Value.tanh, [(-3, 3)]),
    ("sigmoid", Value.sigmoid, [(-3, 3)]),
    ("relu, open", Value.relu, [(0.1, 3)]),
    ("relu, shut", Value.relu, [(-3, -0.1)]),
    ("maximum", maximum, [(-3, 0), (0.1, 3)]),
    ("minimum", minimum, [(-3, 0), (0.1, 3)]),
    ("dot", lambda a, b, c, d, e: dot([a, b], [c, d], e), [(-3, 3)] * 5),
    ("dot, plain inputs", lambda a, b, c: dot([a, b], [2.0, -3.0], c), [(-3, 3)] * 3),
    ("a composition", lambda a, b: (a * b).tanh() / (a.exp() + b**2).sqrt() - (a - b).sigmoid(), [(-2, 2), (0.5, 2)]),
]


@pytest.mark.parametrize(("function", "intervals"), [row[1:] for row in SMOOTH], ids=[row[0] for row in SMOOTH])
def test_gradient_is_the_limit_of_differences(function, intervals):
    rng, step = random.Random(1), 1e-5
    for _ in range(20):
        point = [rng.uniform(*interval) for interval in intervals]
        upstream = rng.uniform(-2, 2)
        values = [Value(x) for x in point]
        function(*values).backward(upstream)
        for i, value in enumerate(values):
            ends = [function(*[Value(x + sign * step * (j == i)) for j, x in enumerate(point)]).data for sign in (1, -1)]
            assert isclose(value.grad, upstream * (ends[0] - ends[1]) / (2 * step), rel_tol=1e-7, abs_tol=1e-8)


def same(x, y):
    return x == y or (isnan(x) and isnan(y))


# function, operands, expected result, expected local derivatives
EDGES = [
    (Value.relu, [0.0], 0.0, [0.0]),
    (Value.relu, [nan], nan, [1.0]),
    (abs, [0.0], 0.0, [0.0]),
    (maximum, [2.0, 2.0], 2.0, [0.5, 0.5]),
    (minimum, [2.0, 2.0], 2.0, [0.5, 0.5]),
    (maximum, [nan, 2.0], nan, [1.0, 1.0]),
    (minimum, [2.0, nan], nan, [1.0, 1.0]),
    (pow, [0.0, 0.0], 1.0, [0.0, 0.0]),
    (pow, [3.0, 0.0], 1.0, [0.0, math.log(3.0)]),
    (pow, [0.0, 2.0], 0.0, [0.0, 0.0]),
    (pow, [0.0, -1.0], inf, [-inf, -inf]),
    (pow, [-0.0, -1.0], -inf, [-inf, inf]),
    (pow, [-2.0, 3.0], -8.0, [12.0, nan]),
    (pow, [-8.0, 1 / 3], nan, [nan, nan]),
    (pow, [10.0, 400.0], inf, [inf, inf]),
    (pow, [-1e200, 3.0], -inf, [inf, nan]),
    (Value.exp, [1000.0], inf, [inf]),
    (Value.exp, [-1000.0], 0.0, [0.0]),
    (Value.log, [0.0], -inf, [inf]),
    (Value.log, [-2.0], nan, [-0.5]),
    (Value.sqrt, [0.0], 0.0, [inf]),
    (Value.sqrt, [-1.0], nan, [nan]),
    (Value.sigmoid, [1000.0], 1.0, [0.0]),
    (Value.sigmoid, [-1000.0], 0.0, [0.0]),
    (Value.tanh, [1000.0], 1.0, [0.0]),
    (Value.sin, [inf], nan, [nan]),
    (Value.cos, [-inf], nan, [nan]),
    (lambda a, b: a / b, [1.0, 0.0], inf, [inf, -inf]),
    (lambda a, b: a / b, [1.0, -0.0], -inf, [-inf, -inf]),
    (lambda a, b: a / b, [0.0, 0.0], nan, [inf, nan]),
    (lambda a, b: a * b, [1e200, 1e200], inf, [1e200, 1e200]),
]


@pytest.mark.parametrize(("function", "operands", "result", "partials"), EDGES)
def test_edges_are_those_of_ieee_and_pytorch(function, operands, result, partials):
    y = function(*map(Value, operands))
    assert same(y.data, result)
    assert all(map(same, y.partials, partials)), y.partials


def test_sigmoid_keeps_its_digits_far_out():
    assert isclose(Value(-700.0).sigmoid().data, math.exp(-700), rel_tol=1e-14)


def test_an_operand_not_chosen_receives_nothing_of_an_infinite_gradient():
    x = Value(-1.0)
    x.relu().sqrt().backward()
    assert x.grad == 0.0
    x, y = Value(1.0), Value(2.0)
    maximum(x, y).backward(inf)
    assert (x.grad, y.grad) == (0.0, inf)
    minimum(x, y).backward(nan)
    assert isnan(x.grad) and y.grad == inf


def test_a_zero_factor_makes_nan_of_an_infinite_gradient():
    x = Value(3.0)
    (x * 0.0).backward(inf)
    assert isnan(x.grad)


def test_dot_is_one_node_and_agrees_with_the_sum_of_products():
    rng = random.Random(2)
    w, x = [[Value(rng.uniform(-1, 1)) for _ in range(7)] for _ in range(2)]
    b = Value(0.3)
    y = dot(w, x, b)
    assert y.parents == (*w, *x, b)
    z = sum((wi * xi for wi, xi in zip(w, x)), b)
    assert isclose(y.data, z.data, rel_tol=1e-14)
    y.backward(1.7)
    z.backward(-1.7)
    assert all(abs(v.grad) < 1e-15 for v in (*w, *x, b))


def test_dot_of_unequal_lengths_names_both():
    with pytest.raises(RuntimeError, match="3 weights and 2 inputs"):
        dot([Value(1.0)] * 3, [1.0, 2.0])


def test_a_rule_of_ones_own_needs_nothing_else():
    @op("softplus")
    def softplus(a):
        """y = log(1 + eᵃ);  ∂y/∂a = 1/(1 + e⁻ᵃ)"""
        return math.log1p(math.exp(a)), (1 / (1 + math.exp(-a)),)

    x = Value(0.4)
    y = apply(softplus, x)
    y.backward(3.0)
    assert isclose(x.grad, 3 * x.sigmoid().data, rel_tol=1e-15)
    assert softplus.formula in y.explain()


def test_every_op_states_its_formula():
    table = [entry for entry in vars(ops).values() if isinstance(entry, ops.Op)]
    assert len(table) >= 18
    assert all(entry.formula.startswith("y = ") and "∂y/∂" in entry.formula for entry in table)
