"""Blocks of large arrays on several threads: each exactly once, errors and all."""

import os
import threading

import byhand.tensor as bt
import numpy as np
import pytest
from byhand.tensor._blocks import BLOCK, MANY, in_parts


@pytest.fixture(autouse=True)
def two_threads():
    before = bt.get_num_threads()
    bt.set_num_threads(2)
    yield
    bt.set_num_threads(before)


@pytest.mark.parametrize(("rows", "columns"), [(MANY + 7, 1), (1000, 1001), (3, MANY), (5, 2), (0, 4), (1, MANY)])
def test_every_row_once(rows, columns):
    seen = np.zeros(rows, int)
    threads = set()

    def work(part):
        seen[part] += 1
        threads.add(threading.get_ident())

    in_parts(work, rows, columns)
    assert (seen == 1).all()
    assert (len(threads) > 1) == (rows * columns >= MANY and rows * columns > BLOCK and rows > 1)


def test_results_are_the_same():
    x = np.random.default_rng(0).normal(size=(7, MANY // 5)).astype(np.float32)
    found = {}
    for count in (1, 2, 3):
        bt.set_num_threads(count)
        found[count] = bt.sigmoid(bt.tensor(x)).numpy()
    np.testing.assert_array_equal(found[1], found[2])
    np.testing.assert_array_equal(found[1], found[3])


@pytest.mark.parametrize("bad", [0, MANY - 1])
def test_errors_come_out_after_everyone_has_finished(bad):
    running = []

    def work(part):
        running.append(part)
        if part.start <= bad < part.stop:
            running.pop()
            raise ValueError("this part")
        running.pop()

    with pytest.raises(ValueError, match="this part"):
        in_parts(work, MANY)
    assert not running


def test_work_inside_work():
    totals = {}

    def outer(part):
        if part.start == 0 or part.stop == MANY:  # one of them on the calling thread, one on a helper
            total = totals[part.start] = np.zeros(MANY)
            in_parts(lambda inner: np.add(total[inner], 1, out=total[inner]), MANY)

    in_parts(outer, MANY)
    assert len(totals) == 2
    assert all((total == 1).all() for total in totals.values())


def test_no_warnings_from_the_helpers():
    assert (bt.sigmoid(bt.full((MANY,), -1e4)) == 0).all()  # e^{10000} overflows in every thread


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_after_a_fork():
    bt.sigmoid(bt.zeros(MANY))  # starts the helper
    child = os.fork()
    if child == 0:
        os._exit(0 if bt.sigmoid(bt.zeros(MANY)).sum().item() == MANY / 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_settings():
    assert bt.get_num_threads() == 2
    for wrong in (0, -3):
        with pytest.raises(RuntimeError, match="positive"):
            bt.set_num_threads(wrong)
    assert bt.get_num_threads() == 2
