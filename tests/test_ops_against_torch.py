"""Every operation against PyTorch: results, errors, gradients of every order, dtypes, layouts, methods, in-place forms."""

import byhand.tensor as bt
import numpy as np
import pytest
import torch
from op_checks import (
    LIBRARIES,
    array_of,
    as_input,
    assert_arrays,
    assert_same,
    call,
    compared,
    derivatives,
    fails_alike,
    outcome,
    tensors_in,
)
from op_sample import LAYOUTS, WHOLE, mapped
from op_table import ROWS, samples


@pytest.mark.parametrize(("row", "sample"), samples(ROWS))
def test_results_and_derivatives(row, sample):
    compared(row, sample, order=row.order)


@pytest.mark.parametrize("layout", LAYOUTS[1:])
@pytest.mark.parametrize(("row", "sample"), samples(ROWS))
def test_inputs_that_are_not_contiguous(row, sample, layout):
    compared(row, sample, layout=layout)


@pytest.mark.parametrize(("row", "sample"), samples(ROWS))
def test_float32(row, sample):
    compared(row, sample, np.float32)


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize(("row", "sample"), samples([row for row in ROWS if row.whole]))
def test_integers_and_bool(row, sample, dtype):
    if dtype not in row.whole:
        return
    args, kwargs = row.arrays(sample, dtype)
    (ours, our_error), (theirs, their_error) = (outcome(call, library, row, args, kwargs) for library in LIBRARIES)
    if not fails_alike(ours, our_error, theirs, their_error):
        assert_same(ours[1], theirs[1], "result", rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("row", "sample"), samples(ROWS, errors=True))
def test_errors(row, sample):
    args, kwargs = row.arrays(sample)
    (ours, our_error), (theirs, their_error) = (outcome(call, library, row, args, kwargs) for library in LIBRARIES)
    assert their_error is not None, "torch accepts this"
    assert fails_alike(ours, our_error, theirs, their_error)


@pytest.mark.parametrize(("row", "sample"), samples([row for row in ROWS if row.method]))
def test_methods(row, sample):
    args, kwargs = row.arrays(sample)
    if not isinstance(args[0], np.ndarray):
        return
    results = []
    for library in LIBRARIES:
        first, *rest = mapped(lambda array: as_input(library, array), list(args))  # noqa: B023
        options = mapped(lambda array: as_input(library, array), kwargs)  # noqa: B023
        options |= {"dtype": getattr(library, options["dtype"])} if isinstance(options.get("dtype"), str) else {}
        results.append(outcome(lambda: getattr(first, row.name)(*rest, **options)))  # noqa: B023
    (ours, our_error), (theirs, their_error) = results
    if not fails_alike(ours, our_error, theirs, their_error):
        assert_same(ours, theirs, "result")


ALIASES = [(row, alias) for row in ROWS for alias in row.aliases]


@pytest.mark.parametrize(("row", "alias"), ALIASES, ids=[alias for _, alias in ALIASES])
def test_aliases(row, alias):
    sample = row.samples[0]
    ours, theirs = (getattr(library, alias)(*mapped(library.from_numpy, list(row.arrays(sample)[0]))) for library in LIBRARIES)
    assert_same(ours, theirs, alias)
    assert not row.method or hasattr(bt.Tensor, alias)


def in_place(library, row, args, kwargs, through_view):
    """The in-place form on a tensor (or on one row of it) inside a graph; the leaves and the results."""
    leaves = mapped(lambda array: as_input(library, array), [list(args), kwargs])
    base = leaves[0][0] * 1
    target = base[0] if through_view else base
    result = getattr(target, row.inplace)(*leaves[0][1:], **leaves[1])
    assert result is target
    return [t for t in tensors_in(leaves) if t.requires_grad], (target, base)


@pytest.mark.parametrize("through_view", [False, True], ids=["whole", "view"])
@pytest.mark.parametrize(("row", "sample"), samples([row for row in ROWS if row.inplace]))
def test_in_place(row, sample, through_view):
    args, kwargs = row.arrays(sample)
    if not isinstance(args[0], np.ndarray) or (through_view and not (args[0].ndim and len(args[0]))):
        return
    (ours, our_error), (theirs, their_error) = (
        outcome(in_place, library, row, args, kwargs, through_view) for library in LIBRARIES
    )
    if fails_alike(ours, our_error, theirs, their_error):
        return
    if row.order == 0:  # PyTorch lets gradients of some of these pass; their result is constant
        assert all((array_of(a) == array_of(b)).all() for a, b in zip(ours[1], theirs[1], strict=True))
        return
    assert_same(ours[1], theirs[1], "result")
    for a, b in zip(derivatives(bt, *ours, order=1), derivatives(torch, *theirs, order=1), strict=True):
        for x, y in zip(a, b, strict=True):
            assert_arrays(x, y, "gradient")


IN_PLACE_DTYPES = ["float64", "float32", "int64", "bool"]


@pytest.mark.parametrize("other", IN_PLACE_DTYPES)
@pytest.mark.parametrize("own", IN_PLACE_DTYPES)
@pytest.mark.parametrize("name", ["add_", "sub_", "mul_", "div_", "pow_", "lt_", "eq_", "logical_and_", "copy_", "fill_"])
def test_dtypes_in_place(name, own, other):
    """The result must fit the tensor's dtype; where it does not, the error leaves the tensor as it was."""
    outcomes = []
    for library in LIBRARIES:
        target = library.tensor([1, 0, 1], dtype=getattr(library, own if own != "bool" or library is torch else "bool_"))
        source = library.tensor(1, dtype=getattr(library, other if other != "bool" or library is torch else "bool_"))
        result, error = outcome(getattr(target, name), source if name == "fill_" else source.expand(3))
        outcomes.append((array_of(target), error, result))
    (ours, our_error, mine), (theirs, their_error, yours) = outcomes
    fails_alike(mine, our_error, yours, their_error)
    assert_arrays(ours, theirs, name)
