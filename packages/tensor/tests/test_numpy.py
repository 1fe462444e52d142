"""NumPy's functions and operators on tensors, random numbers, and the names that the layer exports."""

import importlib
import warnings

import byhand.tensor as bt
import numpy as np
import pytest

A = np.arange(6.0).reshape(2, 3)


def leaf():
    return bt.from_numpy(A + 0.5).requires_grad_()


@pytest.mark.parametrize("function", [
    np.exp, np.log, np.sqrt, np.sin, np.tanh, np.negative, np.abs, np.square, np.prod, np.transpose,
    lambda x: np.add(x, 1), lambda x: np.sum(x, axis=0), lambda x: np.mean(x, axis=-1, keepdims=True),
    lambda x: np.maximum(x, 2), lambda x: np.where(x > 2, x, 0.0), lambda x: np.max(x, axis=1), lambda x: np.reshape(x, (3, 2)),
    lambda x: np.expand_dims(x, 1), lambda x: np.concatenate([x, x]), lambda x: np.stack([x, x], axis=1),
    lambda x: np.matmul(x, A.T), lambda x: A.T @ x, lambda x: x @ A.T, lambda x: A + x, lambda x: A / x, lambda x: A[0] - x,
    lambda x: np.float64(2) * x, lambda x: x ** np.float64(2), lambda x: np.moveaxis(x, 0, 1), lambda x: np.swapaxes(x, 0, 1),
    lambda x: np.broadcast_to(x, (4, 2, 3)), lambda x: np.squeeze(np.expand_dims(x, 0)),
])  # fmt: skip
def test_numpy_functions_give_tensors_in_the_graph(function):
    x = leaf()
    y = function(x)
    assert isinstance(y, bt.Tensor) and y.requires_grad
    np.testing.assert_allclose(y._data, function(A + 0.5))
    y.sum().backward()
    assert x.grad.shape == x.shape


def test_arrays_meet_tensors():
    t, a = bt.from_numpy(A.copy()), A.copy()
    assert isinstance(a == t, bt.Tensor) and isinstance(a < t, bt.Tensor)
    a += t
    assert isinstance(a, np.ndarray) and (a == 2 * A).all()
    np.add(A, t, out=a)
    assert (a == 2 * A).all()
    assert isinstance(np.asarray(t), np.ndarray) and np.asarray(t, dtype=np.float32).dtype == np.float32
    assert isinstance(np.cumsum(t, axis=0), np.ndarray | bt.Tensor)
    assert np.allclose(t, A) and len(list(t)) == 2


def test_a_gradient_is_never_lost_without_a_word():
    for function in (np.asarray, np.cbrt, lambda x: np.add(A, x, out=A.copy()), lambda x: np.percentile(x, 50)):
        with pytest.raises(RuntimeError, match="grad"):
            function(leaf())
    assert np.asarray(leaf().detach()).shape == (2, 3)


def test_warnings_stay_away_and_nobodys_error_state_is_touched():
    before = np.geterr()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x = bt.tensor([-1.0, 0.0, 1e30], requires_grad=True)
        (1 / x + x.log() + x.exp() + x.sqrt() + x**-2).sum().backward()
        bt.zeros(0).mean(), bt.ones(1).var()
    assert np.geterr() == before


def test_seeds_repeat_and_numpys_state_is_untouched():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    draws = [lambda: bt.rand(5), lambda: bt.randn(2, 3), lambda: bt.randint(10, (4,)), lambda: bt.randperm(9),
             lambda: bt.bernoulli(bt.full((8,), 0.5)), lambda: bt.normal(0.0, 1.0, (3,))]
    for draw in draws:
        bt.manual_seed(7)
        first, second = draw(), draw()
        bt.manual_seed(7)
        assert (draw() == first).all() and (draw() == second).all() and first.shape == second.shape
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002


def test_generators_are_independent():
    a, b = bt.Generator().manual_seed(1), bt.Generator().manual_seed(1)
    bt.manual_seed(3)
    expected = bt.rand(2)
    bt.manual_seed(3)
    first = bt.rand(4, generator=a)
    assert (first == bt.rand(4, generator=b)).all()
    assert (bt.rand(2) == expected).all()
    saved = a.get_state()
    later = bt.randn(3, generator=a)
    assert (bt.randn(3, generator=a.set_state(saved)) == later).all()


def test_distributions():
    g = bt.Generator().manual_seed(0)
    n = 100_000
    u, z, k = bt.rand(n, generator=g), bt.randn(n, generator=g), bt.randint(3, 7, (n,), generator=g)
    assert u.dtype == z.dtype == bt.float32 and k.dtype == bt.int64
    assert 0 <= u.min() and u.max() < 1
    assert abs(u.mean().item() - 0.5) < 0.005 and abs(u.var().item() - 1 / 12) < 0.002
    assert abs(z.mean().item()) < 0.02 and abs(z.var().item() - 1) < 0.02
    assert sorted(set(k.tolist())) == [3, 4, 5, 6]
    assert sorted(bt.randperm(50, generator=g).tolist()) == list(range(50))
    assert abs(bt.bernoulli(bt.full((n,), 0.3), generator=g).mean().item() - 0.3) < 0.01
    assert bt.rand(2, dtype=bt.float64).dtype == bt.float64
    for wrong in (lambda: bt.randint(3, 3, (2,)), lambda: bt.rand(2, dtype=bt.int64), lambda: bt.bernoulli(bt.tensor([1.5]))):
        with pytest.raises(RuntimeError):
            wrong()


def test_exported_names_exist_and_are_sorted():
    tables = ("choices", "pointwise", "products", "reductions", "shapes", "softmax")
    for name in ("creation", "random", *[f"ops.{table}" for table in tables]):
        module = importlib.import_module(f"byhand.tensor.{name}")
        assert list(module.__all__) == sorted(module.__all__), name
        assert all(hasattr(module, n) and hasattr(bt, n) for n in module.__all__), name


@pytest.mark.parametrize("function", [
    np.std, np.var, lambda x: np.std(x, axis=1, ddof=1), lambda x: np.var(x, axis=0, keepdims=True), lambda x: np.dot(x, A.T),
    np.median, np.sort, np.argsort, lambda x: np.take(x, [1, 2]), lambda x: np.quantile(x, 0.3), lambda x: np.cov(x),
    lambda x: np.split(x, 3, axis=1), np.unique, np.trace,
])  # fmt: skip
def test_names_that_pytorch_uses_otherwise_keep_numpys_meaning(function):
    got, expected = function(bt.from_numpy(A)), function(A)
    for ours, theirs in zip(got, expected, strict=True) if isinstance(got, list) else [(got, expected)]:
        np.testing.assert_allclose(np.asarray(ours), theirs)


def test_fill_keeps_every_digit_of_a_number():
    assert bt.zeros(2, dtype=bt.float64).fill_(1 / 3).tolist() == [1 / 3, 1 / 3]
