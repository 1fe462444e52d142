"""Random numbers: distributions by their statistics, options, errors; equal seeds give equal numbers."""

import byhand.tensor as bt
import numpy as np
import pytest
import torch

N = 40_000
FILLS = {
    "uniform_": [(), (2.0, 5.0)],
    "normal_": [(), (3.0, 0.5)],
    "log_normal_": [(0.1, 0.3)],
    "exponential_": [(), (4.0,)],
    "geometric_": [(0.3,)],
    "bernoulli_": [(), (0.2,)],
    "random_": [(10,), (3, 9)],
}

DISCRETE = {"geometric_", "bernoulli_", "random_"}


@pytest.mark.parametrize(("name", "args"), [(name, args) for name, many in FILLS.items() for args in many])
def test_fills_have_torchs_distribution(name, args):
    generator, other = bt.Generator().manual_seed(1), torch.Generator().manual_seed(1)
    mine, theirs = bt.empty(N), torch.empty(N)
    assert getattr(mine, name)(*args, generator=generator) is mine
    getattr(theirs, name)(*args, generator=other)
    spread = theirs.std().item() / N**0.5
    assert abs(mine.mean().item() - theirs.mean().item()) < 6 * spread
    np.testing.assert_allclose(mine.std().item(), theirs.std().item(), rtol=0.06)
    for q in (0.1, 0.5, 0.9) if name not in DISCRETE else ():
        np.testing.assert_allclose(np.quantile(mine.numpy(), q), np.quantile(theirs.numpy(), q), rtol=0.05, atol=0.05)
    again = getattr(bt.empty(N), name)(*args, generator=bt.Generator().manual_seed(1))
    assert bt.equal(mine, again)


def test_cauchy_has_its_quartiles():
    drawn = bt.empty(N).cauchy_(2.0, 0.5, generator=bt.Generator().manual_seed(1)).numpy()
    np.testing.assert_allclose(np.quantile(drawn, [0.25, 0.5, 0.75]), [1.5, 2.0, 2.5], atol=0.04)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int64", "float32", "float64", "bool_"])
def test_random_without_bounds_stays_in_the_dtype(dtype):
    drawn = bt.empty(1000, dtype=getattr(bt, dtype)).random_().numpy()
    assert (drawn >= 0).all()
    if drawn.dtype.kind == "f":
        assert drawn.max() <= 2 ** (24 if dtype == "float32" else 53)
        assert (drawn == np.round(drawn)).all()


@pytest.mark.parametrize("replacement", [True, False])
def test_multinomial_draws_in_proportion(replacement):
    weights = np.array([[1.0, 0.0, 3.0, 6.0], [2.0, 2.0, 0.0, 0.0]])
    rows = np.repeat(weights, 5000, axis=0)
    drawn = bt.multinomial(bt.from_numpy(rows), 2, replacement, generator=bt.Generator().manual_seed(3)).numpy()
    expected = torch.multinomial(torch.from_numpy(rows), 2, replacement, generator=torch.Generator().manual_seed(3)).numpy()
    assert drawn.shape == expected.shape
    assert (np.take_along_axis(rows, drawn, 1) > 0).all()
    for half in (slice(0, 5000), slice(5000, None)):
        for column in range(2):
            mine, theirs = (np.bincount(d[half, column], minlength=4) / 5000 for d in (drawn, expected))
            np.testing.assert_allclose(mine, theirs, atol=0.04)
    if not replacement:
        assert (drawn[:, 0] != drawn[:, 1]).all()
    assert bt.multinomial(bt.from_numpy(weights[0]), 3, replacement).shape == (3,)


def test_like_and_poisson():
    x = bt.ones(3, 4, dtype=bt.float64)
    drawn = bt.randint_like(x, 2, 5, generator=bt.Generator().manual_seed(0))
    assert drawn.dtype == bt.float64
    assert ((drawn >= 2) & (drawn < 5)).all()
    assert bt.randint_like(x, 3).max() < 3
    assert abs(bt.poisson(bt.full((N,), 4.0), bt.Generator().manual_seed(0)).mean().item() - 4) < 0.06
    assert bt.normal(0.0, 2.0, (3,), dtype=bt.float64, requires_grad=True).requires_grad


def test_fills_are_constants_for_the_gradient():
    x = bt.ones(3, requires_grad=True)
    y = x * 2
    y[:2].normal_()
    y.sum().backward()
    assert x.grad.tolist() == [0, 0, 2]
    with pytest.raises(RuntimeError, match="leaf"):
        x.uniform_()


CALLS = [
    lambda m: m.zeros(3, dtype=m.int64).normal_(), lambda m: m.zeros(3, dtype=m.int64).uniform_(),
    lambda m: m.zeros(3, dtype=m.int64).exponential_(), lambda m: m.zeros(3, dtype=m.int64).cauchy_(),
    lambda m: m.zeros(3).uniform_(2, 1), lambda m: m.zeros(3).normal_(0, -1), lambda m: m.zeros(3).exponential_(-1),
    lambda m: m.zeros(3).geometric_(0), lambda m: m.zeros(3).bernoulli_(2), lambda m: m.zeros(3).random_(5, 5),
    lambda m: m.multinomial(m.tensor([0.0, 0.0]), 1), lambda m: m.multinomial(m.tensor([-1.0, 2.0]), 1),
    lambda m: m.multinomial(m.tensor([1.0, 1.0]), 3), lambda m: m.multinomial(m.tensor([1.0, 1.0]), 0),
    lambda m: m.multinomial(m.tensor([1, 1]), 1), lambda m: m.multinomial(m.ones(2, 2, 2), 1),
    lambda m: m.multinomial(m.tensor([float("nan"), 1.0]), 1), lambda m: m.poisson(m.tensor([-1.0])),
    lambda m: m.normal(0.0, 1.0), lambda m: m.normal(m.zeros(2), 1.0, (2,)), lambda m: m.normal(m.zeros(2), -1.0),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_errors_have_torchs_types(call):
    kinds = []
    for library in (torch, bt):
        with pytest.raises(Exception) as caught:
            call(library)
        kinds.append(caught.type)
    assert kinds[0] is kinds[1]
