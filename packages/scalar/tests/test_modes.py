"""Computing without recording."""

from threading import Thread

import pytest
from byhand.scalar import Value, dot, is_grad_enabled, maximum, no_grad


def test_results_are_leaves():
    x = Value(2.0)
    with no_grad():
        assert not is_grad_enabled()
        results = [x * x, 2 - x, x.exp(), maximum(x, 1.0), dot([x], [3.0])]
    assert is_grad_enabled()
    assert [y.data for y in results] == [4.0, 0.0, x.exp().data, 2.0, 6.0]
    assert all((y.op, y.operands, y.parents, y.partials) == (None, (), (), ()) for y in results)


def test_nothing_flows_through_what_was_not_recorded():
    x = Value(2.0)
    with no_grad():
        constant = x * x
    (constant * x).backward()
    assert (x.grad, constant.grad) == (4.0, 2.0)


def test_backward_works_inside():
    x = Value(2.0)
    y = x * x
    with no_grad():
        y.backward()
    assert x.grad == 4.0


def test_it_nests_and_ends_with_an_exception():
    with no_grad():
        with no_grad():
            pass
        assert not is_grad_enabled()
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert is_grad_enabled()


def test_as_a_decorator():
    @no_grad()
    def square(x, depth=2):
        return square(x, depth - 1) if depth else x * x

    assert square(Value(3.0)).op is None and is_grad_enabled()


def test_each_thread_has_its_own():
    seen = []
    with no_grad():
        thread = Thread(target=lambda: seen.append(is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]
