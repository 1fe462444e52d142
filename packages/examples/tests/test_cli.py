"""The command line: what it prints, and how it refuses."""

import pytest
from byhand.examples.cli import main
from click.testing import CliRunner


def invoke(*args):
    return CliRunner().invoke(main, args, prog_name="byhand")


def test_list_names_the_examples():
    result = invoke("list")
    assert result.exit_code == 0
    assert "breast-cancer" in result.output


def test_help_is_there():
    assert "breast-cancer" in invoke("--help").output
    assert "report.png" in invoke("breast-cancer", "--help").output
    assert "maximum minimum" in invoke("compare", "--help").output


def test_an_unknown_name_is_answered_with_the_nearest():
    result = invoke("brest-cancer")
    assert result.exit_code == 2
    assert "Did you mean 'breast-cancer'?" in result.output


def test_compare_prints_a_row_for_each_number():
    result = invoke("compare", "tanh(x @ w + b)", "--shape", "x=2,3", "--shape", "w=3,2", "--value", "b=1,2")
    assert result.exit_code == 0, result.output
    for place in ("x[1, 2]", "w[2, 1]", "b[1]", "Largest disagreement"):
        assert place in result.output


def test_compare_takes_numbers_rows_and_single_values():
    result = invoke("compare", "(x * y).sum()", "--value", "x=1,2;3,4", "--value", "y=0.5")
    assert "x[1, 1]" in result.output
    assert "10.0000000" in result.output


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("compare", "tahn(x)"), "did you mean 'tanh'"),
        (("compare", "x", "--shape", "x=two"), "'x=two' is no shape"),
        (("compare", "x", "--shape", "x"), "'x' is no shape"),
        (("compare", "x", "--shape", "x=0"), "'x=0' is no shape"),
        (("compare", "x", "--value", "x=1;2,3"), "'x=1;2,3' gives no numbers"),
        (("compare", "x", "--value", "=1"), "'=1' gives no numbers"),
        (("breast-cancer", "--epochs", "0"), "--epochs"),
        (("breast-cancer", "--lr", "-1"), "--lr"),
        (("breast-cancer", "--seed", "-1"), "--seed"),
        (("breast-cancer", "--batch-size", "1"), "--batch-size"),
    ],
)
def test_refusals(args, message):
    result = invoke(*args)
    assert result.exit_code in (1, 2)
    assert message in result.output
