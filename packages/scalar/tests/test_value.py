"""A Value as a number: operators, comparisons, conversions, constants, refusals."""

import copy
import math
import pickle
from decimal import Decimal
from fractions import Fraction

import pytest
from byhand.scalar import Value, maximum, minimum


def test_a_leaf():
    x = Value(2, label="x")
    assert type(x.data) is float and (x.data, x.grad, x.label) == (2.0, 0.0, "x")
    assert (x.op, x.operands, x.parents, x.partials) == (None, (), (), ())
    assert repr(x) == "Value(data=2.0, grad=0.0, label='x')"
    assert repr(Value(-0.5)) == "Value(data=-0.5, grad=0.0)"


def test_a_node_keeps_what_it_was_computed_from():
    a, b = Value(2.0), Value(-3.0)
    y = a * b
    assert (y.data, y.op.symbol, y.parents, y.partials) == (-6.0, "*", (a, b), (-3.0, 2.0))
    assert all(kept is given for kept, given in zip(y.parents, (a, b)))


def test_plain_numbers_are_operands_but_no_parents():
    x = Value(4.0)
    y = 2 / x
    assert y.operands == (2.0, x) and y.parents == (x,) and y.partials == (-0.125,)
    assert (x - 1).operands == (x, 1.0)
    assert (x**2).partials == (8.0,)


def test_numbers_of_every_real_kind_stand_on_either_side():
    x = Value(3.0)
    for number in (2, 2.0, Fraction(2), True + True):
        results = [x + number, x - number, x * number, x / number, x**number]
        results += [number + x, number - x, number * x, number / x, number**x]
        expected = [5.0, 1.0, 6.0, 1.5, 9.0, 5.0, -1.0, 6.0, 2 / 3, 8.0]
        assert [y.data for y in results] == expected
        assert all(type(y.data) is float for y in results)


def test_unary_and_in_place_operators():
    x = Value(-3.0)
    assert ((-x).data, abs(x).data, +x) == (3.0, 3.0, x)
    y = x
    y += 1
    y *= 2
    assert (y.data, x.data) == (-4.0, -3.0)


def test_comparisons_go_by_data():
    x, y = Value(1.0), Value(2.0)
    assert x < y and x <= y and y > x and y >= x and x != y and x == Value(1.0)
    assert x < 2 and x <= 1 and 2 > x and 1 == x and x != 3 and x >= True
    assert (Value(math.nan) == Value(math.nan)) is False
    assert x != "1" and (x == None) is False  # noqa: E711
    assert all(type(result) is bool for result in (x < y, x == y, x == 1))


def test_hashing_goes_by_identity():
    x, y = Value(1.0), Value(1.0)
    assert x == y and len({x, y}) == 2 and {x: 1}.get(y) is None


def test_conversions():
    x = Value(-2.75)
    assert (float(x), int(x), bool(x), bool(Value(0.0)), f"{x:.1f}", f"{x}") == (-2.75, -2, True, False, "-2.8", "-2.75")
    assert math.floor(float(x)) == -3


def test_pythons_max_and_min_choose_one_of_their_arguments():
    x, y = Value(1.0), Value(2.0)
    assert max(x, y) is y and min([x, y]) is x and max(x, 3.0) == 3.0 and sorted([y, x])[0] is x
    tied = Value(2.0)
    assert max(y, tied) is y and max(tied, y) is tied


def test_maximum_and_minimum_as_functions_and_methods():
    x, y = Value(1.0), Value(2.0)
    assert [v.data for v in (maximum(x, y), x.maximum(y), x.max(1.5), minimum(3, y), x.minimum(y), y.min(0.5))] == [
        2.0, 2.0, 1.5, 2.0, 1.0, 0.5,
    ]
    assert maximum(1, 2).data == 2.0 and maximum(1, 2).op is None


def test_sum_of_many():
    values = [Value(float(i)) for i in range(5)]
    y = sum(values)
    y.backward()
    assert y.data == 10.0 and [v.grad for v in values] == [1.0] * 5


@pytest.mark.parametrize("foreign", ["2", None, 2j, [2], Decimal(2), object()])
def test_what_is_no_real_number_is_refused(foreign):
    x = Value(2.0)
    attempts = [
        lambda: x + foreign, lambda: foreign + x, lambda: x - foreign, lambda: foreign - x, lambda: x * foreign,
        lambda: foreign * x, lambda: x / foreign, lambda: foreign / x, lambda: x**foreign, lambda: foreign**x,
        lambda: x < foreign, lambda: foreign >= x, lambda: Value(foreign), lambda: maximum(x, foreign),
        lambda: x.minimum(foreign), lambda: x.backward(foreign),
    ]
    for attempt in attempts:
        with pytest.raises(TypeError):
            attempt()
    assert (x.data, x.grad) == (2.0, 0.0)


def test_a_refusal_says_what_it_got():
    with pytest.raises(TypeError, match="expected a real number or a Value, got '2', a str"):
        Value("2")


def test_another_class_may_take_over_an_operator():
    class Wrapper:
        def __radd__(self, other):
            return ("taken", other)

        def __lt__(self, other):
            return "compared"

    x = Value(1.0)
    assert x + Wrapper() == ("taken", x)
    assert (x > Wrapper()) == "compared"


def test_a_subclass_counts_as_a_value():
    class Named(Value):
        pass

    x = Named(3.0)
    y = 2 * x + Value(1.0) * x
    y.backward()
    assert (y.data, x.grad) == (9.0, 3.0)


def test_copies_and_pickles():
    x = Value(2.0, label="x")
    for twin in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert twin is not x and repr(twin) == repr(x)


def test_no_other_attributes():
    with pytest.raises(AttributeError):
        Value(1.0).gard = 2.0
