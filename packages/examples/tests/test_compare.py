"""The engines agree with each other, and a comparison notices when they do not."""

import numpy as np
import pytest
from byhand.examples.compare import compare
from byhand.examples.expressions import ExpressionError

ENGINES = ("scalar", "tensor")


@pytest.mark.parametrize(
    "expression",
    [
        "tanh(x @ w + b).sum()",
        "(x*y + x.exp()).sum()",
        "x / y - y ** 3 + 2 ** x",
        "log(x) * sqrt(y)",
        "sin(x) * cos(y) + sigmoid(x - y)",
        "relu(x).mean(dim=0) - abs(x).sum(0)",
        "maximum(x, y).max(dim=-1, keepdim=True) * min(x)",
        "x[1:, None, ::2] * minimum(x[0, 0], 0.1)",
        "(x.T @ x).mean(keepdim=True) + x[-1]",
        "exp(2) * x",
        "max(x) - x.min()",
    ],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_agreement(expression, seed):
    comparison = compare(expression, seed=seed)
    assert comparison.disagreement(*ENGINES).size < 1e-14
    assert comparison.disagreement(*ENGINES, "differences").size < 1e-9
    assert any(np.abs(g).max() > 1e-3 for g in comparison.gradients["tensor"].values())


def test_known_gradients():
    comparison = compare("(x * y).sum()", {"x": [1.0, 2.0], "y": [[3.0, 4.0], [5.0, 6.0]]})
    np.testing.assert_array_equal(comparison.gradients["scalar"]["x"], [8.0, 10.0])
    np.testing.assert_array_equal(comparison.gradients["tensor"]["y"], [[1.0, 2.0], [1.0, 2.0]])
    assert comparison.upstream == 1


def test_a_result_of_several_numbers_is_weighted_at_random():
    comparison = compare("3 * x", shapes={"x": (2, 4)})
    np.testing.assert_allclose(comparison.gradients["tensor"]["x"], 3 * comparison.upstream, rtol=1e-15)
    assert len(np.unique(comparison.upstream)) == 8
    assert "random weights" in comparison.weighted


def test_a_disagreement_is_found_where_it_is():
    comparison = compare("x * y", shapes={"x": (3, 2), "y": (2,)})
    comparison.gradients["tensor"]["y"][1] += 0.01
    found = comparison.disagreement()
    assert found.place == "y[1]"
    assert "tensor" in found.sources
    comparison.gradients["scalar"]["x"][2, 0] = np.nan
    assert str(comparison.disagreement()).startswith("inf at x[2, 0]")


def test_inputs_are_drawn_from_the_seed_and_where_the_formula_is_finite():
    first, again, other = (compare("log(x).sum()", seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.inputs["x"], again.inputs["x"])
    assert not np.array_equal(first.inputs["x"], other.inputs["x"])
    assert (first.inputs["x"] > 0).all()


@pytest.mark.parametrize(
    ("expression", "options", "message"),
    [
        ("x * y", {"inputs": {"z": 1.0}}, "has no 'z'; its names are x, y"),
        ("x * y", {"shapes": {"q": (2,)}}, "has no 'q'"),
        ("x", {"inputs": {"x": [1.0]}, "shapes": {"x": (2,)}}, r"shape \(1,\), not \(2,\)"),
        ("x @ y", {"shapes": {"x": (2, 3), "y": (2, 3)}}, "cannot be computed"),
        ("x", {"shapes": {"x": (1001,)}}, "more than 1000 numbers"),
    ],
)
def test_refusals(expression, options, message):
    with pytest.raises(ExpressionError, match=message):
        compare(expression, **options)


def test_given_values_out_of_the_domain_are_nan_for_everybody():
    comparison = compare("sqrt(x)", {"x": -1.0})
    assert all(np.isnan(gradient["x"]) for gradient in comparison.gradients.values())
    assert comparison.disagreement().size == 0
