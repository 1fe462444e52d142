"""Blocks of large arrays on several threads: each exactly once, errors and all."""

import os
import threading
import time
import weakref

import byhand.tensor as bt
import numpy as np
import pytest
from byhand.tensor import _threads
from byhand.tensor._blocks import MANY, in_parts, in_shares


@pytest.fixture(autouse=True)
def two_threads(monkeypatch):
    before = bt.get_num_threads()
    bt.set_num_threads(2)
    monkeypatch.setattr(_threads._workers, "spinning", False)
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
    assert (len(threads) > 1) == (rows * columns >= MANY and rows > 1)


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


@pytest.mark.parametrize(
    ("environment", "spins"),
    [
        ({}, True),
        ({"OMP_NUM_THREADS": "1"}, False),
        ({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "2"}, True),  # OpenBLAS goes by its own name first
        ({"OPENBLAS_NUM_THREADS": "1"}, False),
        ({"MKL_NUM_THREADS": "1"}, False),
        ({"OPENBLAS_THREAD_TIMEOUT": "20"}, False),
        ({"OPENBLAS_THREAD_TIMEOUT": "26"}, True),
        ({"OPENBLAS_THREAD_TIMEOUT": "soon"}, True),
    ],
)
def test_what_the_environment_says_of_blas(environment, spins):
    assert _threads._blas_spins(environment) is spins


def test_more_work_is_needed_where_blas_spins(monkeypatch):
    assert _threads.worth(100, 100)
    assert not _threads.worth(99, 100)
    monkeypatch.setattr(_threads._workers, "spinning", True)
    assert not _threads.worth(3199, 100)
    assert _threads.worth(3200, 100)
    bt.set_num_threads(1)
    assert not _threads.worth(10**9, 100)


@pytest.mark.parametrize("several", [True, False])
@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_shares(count, several):
    parts = in_shares(lambda part: part, count, several)
    assert len(parts) == (2 if several and count > 1 else 1)
    assert [i for part in parts for i in range(part.start, part.stop)] == list(range(count))


@pytest.mark.parametrize("count", [2, 4, 3])
def test_as_many_threads_as_were_asked_for(count):
    bt.set_num_threads(count)
    barrier, seen = threading.Barrier(count), set()

    def work(part):
        barrier.wait(10)  # all at the same time, or never
        seen.add(threading.get_ident())

    in_shares(work, 9, True)
    assert len(seen) == count


def test_a_helper_keeps_nothing_alive():
    class Kept:
        pass

    kept = Kept()
    there = weakref.ref(kept)
    in_shares(lambda part, kept=kept: kept, 2, True)
    del kept
    end = time.monotonic() + 10
    while there() is not None and time.monotonic() < end:  # the helper is about to wait again
        time.sleep(0.001)
    assert there() is None
