"""The chain rule over graphs: shared nodes, repeated calls, great depth, and the end of a graph's life."""

import gc
import random
from contextlib import contextmanager
from math import isclose

import pytest
from byhand.scalar import Value


@contextmanager
def no_cyclic_collector():
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def values_alive():
    return sum(issubclass(type(thing), Value) for thing in gc.get_objects())


def test_a_value_used_several_times_by_one_node_and_by_many():
    x = Value(3.0)
    (x + x + x).backward(2.0)
    assert x.grad == 6.0
    y = Value(3.0)
    (y * y * y).backward(2.0)
    assert y.grad == 54.0


def test_a_diamond():
    x = Value(2.0)
    trunk = x * 3
    left, right = trunk.exp() * 1e-2, trunk * trunk
    y = left + right * x
    y.backward(-0.5)
    assert isclose(x.grad, -0.5 * (3 * left.data + 2 * 6 * 3 * 2 + 36), rel_tol=1e-14)


def test_a_deep_and_a_shallow_path_to_the_same_node():
    """A node must wait for its last child, however far away that is."""
    x = Value(1.5)
    trunk = x * x
    y = trunk
    for _ in range(10):
        y = y * 1.1
    (y + trunk).backward()
    assert isclose(x.grad, 3.0 * (1.1**10 + 1), rel_tol=1e-14)


def test_random_graphs_against_forward_mode():
    """The derivative along a random direction, carried forwards with the numbers, equals the gradient's projection."""
    rng = random.Random(3)
    for _ in range(50):
        leaves = [Value(rng.uniform(0.5, 2)) for _ in range(4)]
        direction = [rng.gauss(0, 1) for _ in leaves]
        nodes, slopes = list(leaves), dict(zip(leaves, direction))
        for _ in range(60):
            a, b = rng.choice(nodes), rng.choice(nodes[-4:])
            y = rng.choice([Value.__mul__, Value.__sub__, lambda a, b: a.tanh(), lambda a, b: b.sin()])(a, b)
            slopes[y] = sum(partial * slopes[parent] for parent, partial in zip(y.parents, y.partials))
            nodes.append(y)
        root = nodes[-1]
        root.backward()
        assert isclose(sum(v.grad * d for v, d in zip(leaves, direction)), slopes[root], rel_tol=1e-9, abs_tol=1e-12)


def test_leaves_add_up_over_calls_and_inner_nodes_start_afresh():
    x = Value(2.0)
    inner = x * x
    y = inner * inner
    for call in (1, 2, 3):
        y.backward()
        assert (x.grad, inner.grad, y.grad) == (32.0 * call, 8.0, 1.0)


def test_two_losses_on_one_trunk():
    x, w = Value(2.0), Value(3.0)
    trunk = (x * w).tanh() + x
    first, second = trunk * 2, trunk * trunk
    first.backward()
    alone = (x.grad, w.grad)
    second.backward(0.5)
    assert trunk.grad == trunk.data
    factor = 1 + trunk.data / 2
    assert isclose(x.grad, alone[0] * factor, rel_tol=1e-14) and isclose(w.grad, alone[1] * factor, rel_tol=1e-14)


def test_an_inner_node_may_be_the_root_of_another_call():
    x = Value(3.0)
    inner = x * x
    (inner * 5).backward()
    inner.backward()
    assert (x.grad, inner.grad) == (36.0, 1.0)


def test_a_call_is_summed_before_it_is_added_to_the_leaf():
    """As in PyTorch: 1 + (1e16 − 1e16) is 1, where (1 + 1e16) − 1e16 would be 0."""
    x = Value(1.0)
    x.grad = 1.0
    (x * 1e16 - x * 1e16).backward()
    assert x.grad == 1.0


def test_a_leaf_is_a_graph_of_one():
    x = Value(3.0)
    x.backward()
    x.backward(0.5)
    assert x.grad == 1.5


def test_changing_data_later_does_not_change_the_derivatives():
    w = Value(2.0)
    y = w * w
    w.data = 100.0
    y.backward()
    assert w.grad == 4.0


def test_zero_grad_forgets_the_gradients_of_the_whole_graph():
    x = Value(2.0)
    inner = x * x
    y = inner + x
    y.backward()
    inner.zero_grad()
    assert (x.grad, inner.grad, y.grad) == (0.0, 0.0, 1.0)
    y.backward()
    assert x.grad == 5.0
    y.zero_grad()
    assert (x.grad, inner.grad, y.grad) == (0.0, 0.0, 0.0)


def test_a_gradient_that_is_no_number_changes_nothing():
    x = Value(2.0)
    y = x * x
    y.backward()
    with pytest.raises(TypeError, match="real number"):
        y.backward("1")
    assert (x.grad, y.grad) == (4.0, 1.0)


@pytest.mark.parametrize(
    "step",
    [lambda y, x: y * 1.00001, lambda y, x: y + y * -0.5, lambda y, x: (y * y + 1).sqrt(), lambda y, x: y.maximum(x)],
    ids=["chain", "diamonds", "mixed", "shared leaf"],
)
def test_a_hundred_thousand_nodes_deep(step):
    with no_cyclic_collector():
        before = values_alive()
        x = Value(1.0)
        y = x
        for _ in range(100_000):
            y = step(y, x)
        y.backward()
        assert x.grad != 0.0
        y.zero_grad()
        del y
        assert values_alive() == before + 1


def test_a_million_nodes_are_dropped_without_overflow():
    with no_cyclic_collector():
        before = values_alive()
        y = Value(1.0)
        for _ in range(1_000_000):
            y = -y
        del y
        assert values_alive() == before


def test_a_graph_dies_by_reference_counting():
    with no_cyclic_collector():
        before = values_alive()
        x = Value(0.5)
        y = (x * x + x.exp()).relu().maximum(x) ** 2 / 3
        y.backward()
        y.backward()
        y.explain()
        y._repr_svg_()
        assert values_alive() == before + 8
        del y
        assert values_alive() == before + 1
