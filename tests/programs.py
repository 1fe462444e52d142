"""Small programs that both libraries run: how they are found and how their results are compared."""

import byhand.tensor as bt
import numpy as np
import pytest
import torch
from op_checks import LIBRARIES, array_of, fails_alike, outcome, tensors_in

X = np.random.default_rng(0).standard_normal((3, 4))
Y = np.random.default_rng(1).standard_normal((4,))
G = np.random.default_rng(2).standard_normal((3, 4))


def leaf(L, array):
    return L.tensor(array, requires_grad=True)


def assert_alike(ours, theirs):
    if isinstance(theirs, torch.Tensor):
        a, b = array_of(ours), array_of(theirs)
        assert (a.dtype, a.shape, ours.requires_grad) == (b.dtype, b.shape, theirs.requires_grad)
        np.testing.assert_allclose(a, b, rtol=1e-12 if b.dtype == np.float64 else 1e-5, atol=1e-13)
    elif isinstance(theirs, list | tuple):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            assert_alike(a, b)
    else:
        assert ours == theirs


def check(program):
    """Run a program on both libraries: it must fail alike, or return the same."""
    (ours, our_error), (theirs, their_error) = (outcome(program, library) for library in LIBRARIES)
    if not fails_alike(ours, our_error, theirs, their_error):
        assert_alike(ours, theirs)
        assert not any(np.shares_memory(array_of(a), X) for a in tensors_in(ours) if isinstance(a, bt.Tensor))


def programs_of(module):
    """The functions of a module that take a library, `L`, alone."""
    found = [f for f in module.values() if callable(f) and getattr(f, "__code__", None) and f.__code__.co_varnames[:1] == ("L",)]
    return [pytest.param(f, id=f.__name__) for f in found if f.__code__.co_argcount == 1 and f.__module__ == module["__name__"]]
