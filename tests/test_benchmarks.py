"""The benchmark's workloads: ours, PyTorch and NumPy by hand compute the same; never how long they take."""

import json
from functools import partial

import pytest

from benchmarks import examples_beside_torch, floors, held, report
from benchmarks.libraries import built_in_byhand, in_torch
from benchmarks.processes import Failed, Missing, Runner
from benchmarks.rounds import Absent, Pair, Row, side_by_side
from benchmarks.workloads import WORKLOADS

STEPS = 2
SMALL = [name for name in WORKLOADS if not name.startswith("W8")]


@pytest.fixture(scope="module")
def ours():
    """The first losses of each workload in ours."""
    return {name: _losses(built_in_byhand(name)) for name in SMALL}


def _losses(step):
    return [step() for _ in range(STEPS)]


@pytest.mark.parametrize("name", SMALL)
def test_both_libraries_compute_the_same(name, ours):
    assert ours[name] == pytest.approx(_losses(in_torch(name, 1)), rel=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_numpy_by_hand_computes_the_same(name, ours):
    assert ours[name] == pytest.approx(_losses(floors.FLOORS[name]()), rel=1e-5)


def test_every_workload_has_a_floor():
    assert list(floors.FLOORS) == list(WORKLOADS)


# ---- the harness ----

def _step():
    return lambda: 1.0


def _other_step():
    return lambda: 1.5


def _absent():
    raise Missing("needs what is not there")


def _broken():
    raise ZeroDivisionError("broken")


def _pair(theirs):
    return Pair("W", "a workload", "another", _step, theirs, 2, 1e-4)


def test_rounds_give_a_ratio_and_its_range():
    row = side_by_side(_pair(_step), rounds=3, threads=1)
    assert isinstance(row, Row)
    assert 0 < row.lowest <= row.ratio <= row.highest


def test_what_disagrees_does_not_count():
    row = side_by_side(_pair(_other_step), rounds=3, threads=1)
    assert isinstance(row, Absent)
    assert "step 0 gives 1.0 in ours, 1.5 in another" in row.why


def test_what_is_missing_is_said():
    assert side_by_side(_pair(_absent), rounds=3, threads=1) == Absent("W", "a workload", "another", "needs what is not there")


def test_what_fails_in_the_other_process_fails_here():
    with Runner(_broken, 1) as runner, pytest.raises(Failed, match="ZeroDivisionError: broken"):
        runner.losses(1)


def test_figures_go_to_a_file_and_from_there_to_a_page(tmp_path):
    rows = [Row("W2", "an MLP", "PyTorch", 1e-3, 2e-3, 0.5, 0.4, 0.6),
            Row("W9", "memory", "PyTorch", 2e6, 4e6, 0.5, 0.5, 0.5, "B"),
            Absent("W2", "an MLP", "tinygrad", "no compiler")]
    report.write_json(rows, tmp_path / "figures.json", 2)
    page = report.as_markdown(json.loads((tmp_path / "figures.json").read_text(encoding="utf-8")))
    assert "| W2 | an MLP | PyTorch | 1 ms | 2 ms | 0.5 | 0.4 – 0.6 |" in page
    assert "| W9 | memory | PyTorch | 2 MB | 4 MB | 0.5 |  |" in page
    assert "- W2 beside tinygrad: no compiler" in page


# ---- the pages of the examples ----


def test_a_page_runs_on_pytorch_too():
    """Whatever the first weights and the order of the patients, both find the minimum."""
    page = ("diabetes", "linear", 3, {"data": "", "archive": ""})
    with Runner(partial(examples_beside_torch.in_torch, *page, 1), 1) as theirs:
        (expected,) = theirs.losses(1)
    assert examples_beside_torch.in_byhand(*page)() == pytest.approx(expected, rel=1e-5)


def test_what_cannot_be_measured_says_why():
    row = examples_beside_torch.row("mnist", "one-vs-rest-hinge", 1, {"data": "/nowhere", "archive": ""}, 1, 1)
    assert row.startswith("| mnist | one-vs-rest-hinge | | ")
    assert "/nowhere" in row or "hinge_loss" in row


# ---- memory ----

@pytest.mark.parametrize("name", ["W2", "W3-adam", "W4", "W5", "W6", "W7"])
def test_a_graph_holds_no_more_than_pytorchs(name):
    """Between forward and backward, parameters and inputs apart; a little more for statistics and indices."""
    ours, theirs = held.by_ours(built_in_byhand(name)), held.by_torch(in_torch(name, 1))
    assert sum(ours.values()) <= 1.005 * theirs, ours
