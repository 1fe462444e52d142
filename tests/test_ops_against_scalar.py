"""Two more witnesses of every operation: the scalar engine, which derives the same calculus on its own, and differences.

NumPy runs an operation's forward on arrays of `Value`s as it does on numbers; so the scalar engine differentiates the very
same forward, and the rule in the table must agree.
"""

import byhand.tensor as bt
import numpy as np
import pytest
from byhand.scalar import Value
from byhand.tensor._names import torch_name
from op_checks import as_input, tensors_in
from op_sample import mapped
from op_table import ROWS, samples

DIFFERENTIABLE = [row for row in ROWS if row.order]
WITNESSED = [row for row in DIFFERENTIABLE if not isinstance(row.scalar, str)]


def as_values(array):
    """The array's numbers as the scalar engine's; whole numbers and masks stay."""
    return np.vectorize(Value, otypes=[object])(array) if array.dtype.kind == "f" and array.size else array


def by_rule(row, args, kwargs):
    """The tensor engine: the result, random weights ȳ for it, and the gradient of each floating input."""
    given = mapped(lambda array: as_input(bt, array), [list(args), kwargs])
    leaves = [t for t in tensors_in(given) if t.requires_grad]
    outs = [out for out in tensors_in(row.run(bt, *given)) if out.requires_grad]
    rng = np.random.default_rng(1)
    weights = [np.asarray(rng.standard_normal(out.shape)) for out in outs]
    gradients = bt.autograd.grad(outs, leaves, list(map(bt.from_numpy, weights)), allow_unused=True, materialize_grads=True)
    return outs, weights, [g.numpy() for g in gradients]


def arrays_in(value):
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [a for part in value for a in arrays_in(part)] if isinstance(value, list | tuple) else []


@pytest.mark.parametrize(("row", "sample"), samples(WITNESSED))
def test_the_scalar_engine_agrees(row, sample):
    args, kwargs = row.arrays(sample)
    (out,), (weight,), gradients = by_rule(row, args, kwargs)
    values = mapped(as_values, [list(args), {torch_name(k): v for k, v in kwargs.items() if k != "dtype"}])
    forward = row.scalar or getattr(bt, row.name).op.forward
    with np.errstate(all="ignore"):
        result = np.asarray(forward(*values[0], **values[1]), dtype=object)
    assert result.shape == out.shape
    if not result.size or kwargs.get("dtype") == "float32":  # the scalar engine knows float64 alone
        return
    if sample.singular:
        return
    for number, value in zip(out.detach().numpy().flat, result.flat, strict=True):
        assert float(value) == pytest.approx(number, rel=1e-13, abs=1e-13, nan_ok=True)
    loss = sum(w * v for w, v in zip(weight.flat, result.flat, strict=True))
    if isinstance(loss, Value):
        loss.backward()
    inputs = [a for a, b in zip(arrays_in(values), arrays_in([list(args), kwargs]), strict=True) if b.dtype.kind == "f"]
    for mine, theirs in zip(gradients, inputs, strict=True):
        expected = [value.grad for value in theirs.flat]
        np.testing.assert_allclose(mine.ravel(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("row", "sample"), samples(DIFFERENTIABLE))
def test_differences_agree(row, sample):
    """(f(x + εv) − f(x − εv)) / 2ε along a random direction v is the gradient's product with v."""
    args, kwargs = row.arrays(sample)
    if "dtype" in kwargs or sample.singular or not all(a.size for a in arrays_in(list(args))):
        return
    _, weights, gradients = by_rule(row, args, kwargs)
    rng = np.random.default_rng(2)
    floating = [a for a in arrays_in([list(args), kwargs]) if a.dtype.kind == "f"]
    directions = {id(a): rng.standard_normal(a.shape) for a in floating}

    def value(step):
        moved = mapped(lambda a: bt.from_numpy(np.asarray(a + step * directions[id(a)])).requires_grad_() if id(a) in directions
                       else bt.from_numpy(a), [list(args), kwargs])
        outs = [out for out in tensors_in(row.run(bt, *moved)) if out.requires_grad]
        return sum(float((out.detach().numpy() * w).sum()) for out, w in zip(outs, weights, strict=True))

    eps = 1e-6
    along = sum(float((g * directions[id(a)]).sum()) for g, a in zip(gradients, floating, strict=True))
    assert (value(eps) - value(-eps)) / (2 * eps) == pytest.approx(along, rel=1e-6, abs=1e-6)


def test_what_no_scalar_witness_saw_says_why():
    assert all(len(row.scalar) > 10 for row in DIFFERENTIABLE if isinstance(row.scalar, str))
    assert len(WITNESSED) > 35
