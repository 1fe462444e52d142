"""What an import loads, and what it leaves for later: never how long it takes."""

import inspect
import subprocess
import sys

import byhand.nn
import byhand.optim
import byhand.tensor as bt
import pytest
from byhand.tensor._entry import Op
from byhand.tensor._later import later
from byhand.tensor._signature import Missing, parameters

LATER = {
    "byhand.tensor": ["func"],
    "byhand.tensor.autograd": ["functional"],
    "byhand.tensor.utils": ["data"],
    "byhand.nn.utils": ["parametrizations", "parametrize"],
    "byhand.optim": ["lr_scheduler", "swa_utils"],
}
FOREIGN = ["concurrent.futures", "ctypes.util", "json", "numpy.random", "queue", "statistics", "traceback"]
LOADED = "import sys, byhand.tensor, byhand.nn, byhand.optim; print(*sys.modules)"


@pytest.fixture(scope="module")
def loaded():
    """The modules that are there after importing the three layers."""
    return set(subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True, text=True).stdout.split())


def test_nothing_is_imported_that_a_program_may_not_need(loaded):
    rooms = [f"{package}.{name}" for package, names in LATER.items() for name in names]
    assert not loaded.intersection([*rooms, *FOREIGN])


@pytest.mark.parametrize(("package", "name"), [(package, name) for package, names in LATER.items() for name in names])
def test_what_comes_later_is_there_when_asked_for(package, name):
    code = f"import {package} as p; assert {name!r} in p.__all__; print(p.{name}.__name__); from {package} import {name}"
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert answer.strip() == f"{package}.{name}"


def test_the_examples_load_numpy_only_after_they_have_said_how_it_is_to_behave():
    """`__main__` sets a variable that is read when NumPy is loaded; the package itself is imported before."""
    code = "import sys, byhand.examples; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_not_there_at_all_is_said():
    with pytest.raises(AttributeError, match=r"module 'byhand.optim' has no attribute 'lr_schedule'"):
        byhand.optim.lr_schedule
    with pytest.raises(AttributeError, match=r"module 'a' has no attribute 'c'"):
        later("a", "b")("c")


def test_parameters_are_those_that_inspect_finds():
    ops = {f.op for module in (bt, byhand.nn.functional) for f in vars(module).values() if isinstance(getattr(f, "op", None), Op)}
    assert len(ops) > 100
    for op in ops:
        ours, theirs = parameters(op.forward), inspect.signature(op.forward).parameters.values()
        assert [p.name for p in ours] == [p.name for p in theirs]
        for p, q in zip(ours, theirs):
            assert p.default is (Missing if q.default is q.empty else q.default)
            assert p.annotation is (Missing if q.annotation is q.empty else q.annotation)
            assert p.positional == (q.kind is q.POSITIONAL_OR_KEYWORD)
            assert p.starred == (q.kind is q.VAR_POSITIONAL)


def test_parameters_of_every_kind():
    def function(a, /, b=1, *c, d, e=2, **f): ...

    found = [(p.name, p.default, p.positional, p.starred) for p in parameters(function)]
    assert found == [("a", Missing, True, False), ("b", 1, True, False), ("c", Missing, False, True),
                     ("d", Missing, False, False), ("e", 2, False, False)]  # fmt: skip
