"""Formulas are computed as NumPy computes them, and nothing else is ever run."""

import numpy as np
import pytest
from byhand.examples.engines import Differences
from byhand.examples.expressions import ExpressionError, parse

X = np.array([[0.5, -1.5, 2.0], [1.0, 0.25, -0.75]])
Y = np.array([1.5, 0.5, -2.0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x * y + 2", X * Y + 2),
        ("-x ** 2 / 4 - +y", -(X**2) / 4 - Y),
        ("(x @ y).exp()", np.exp(X @ Y)),
        ("x.T[1:, ::-1]", X.T[1:, ::-1]),
        ("x[..., None, -1] + x[0, 1]", X[..., None, -1] + X[0, 1]),
        ("sum(x, 0)", X.sum(0)),
        ("x.mean(dim=-1, keepdim=True)", X.mean(-1, keepdims=True)),
        ("max(x, axis=1) - min(x)", X.max(1) - X.min()),
        ("maximum(x, y).minimum(1)", np.minimum(np.maximum(X, Y), 1)),
        ("relu(x) + sigmoid(x) + abs(x)", np.maximum(X, 0) + 1 / (1 + np.exp(-X)) + np.abs(X)),
    ],
)
def test_values(text, expected):
    formula = parse(text)
    np.testing.assert_allclose(Differences().value(formula, {"x": X, "y": Y}), expected, rtol=1e-15)


def test_names_come_in_order_of_appearance():
    assert parse("w @ x + b * w").names == ("w", "x", "b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("__import__('os').system('true')", "no function 'system'"),
        ("x.__class__", "'x.__class__' .column 1. is not understood"),
        ("(lambda: x)()", "is not understood"),
        ("[x for x in y]", "is not understood"),
        ("x if x else y", "is not understood"),
        ("x == y", "is not understood"),
        ("'text' * x", "'text'"),
        ("True * x", "'True'"),
        ("x := 1", "no expression"),
        ("x +", "no expression"),
        ("", "no expression"),
        ("x\0", "no expression"),
        ("x" * 500, "500 characters"),
        ("1 + 2", "no variable"),
        ("exp + x", "write exp"),
        ("tahn(x)", "did you mean 'tanh'"),
        ("exp()", "exp takes 1 operand"),
        ("maximum(x)", "maximum takes 2 operands"),
        ("exp(*x)", "exp takes 1 operand"),
        ("exp(x, dim=0)", "exp is given too much"),
        ("sum(x, 0, True, 1)", "sum is given too much"),
        ("sum(x, 0, dim=0)", "sum is given too much"),
        ("sum(x, where=0)", "sum is given too much"),
        ("sum(x, dim=y)", "must be written out"),
        ("sum(x, dim=1.5)", "dim must be a whole number"),
        ("x[y]", "an index is made of"),
        ("x[True]", "an index is made of"),
        (f"{10**350} * x", "too large"),
    ],
)
def test_refusals(text, message):
    with pytest.raises(ExpressionError, match=message):
        parse(text)


@pytest.mark.parametrize("text", ["x @ y", "x[5]", "y.T", "10**10**10 * y", "sum(y, dim=3)", "1 / (2 - 2) * y"])
def test_what_cannot_be_computed_says_so(text):
    formula = parse(text)
    with pytest.raises(ExpressionError, match=r"cannot be computed|for matrices"):
        Differences().value(formula, {"x": X, "y": np.ones(2)})
