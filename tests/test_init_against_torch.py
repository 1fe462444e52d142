"""The initialisers against PyTorch's: exact ones in value, random ones in their bounds and moments, all in their errors."""

import inspect
import warnings

import byhand.nn as bn
import byhand.tensor as bt
import numpy as np
import pytest
import torch
from beside_torch import agree

LIBRARIES = [pytest.param((bt, bn), id="byhand"), pytest.param((torch, torch.nn), id="torch")]
NAMES = [name for name in torch.nn.init.__all__ if name.endswith("_") or name == "calculate_gain"]


@pytest.mark.parametrize("name", NAMES)
def test_signatures(name):
    ours, theirs = (inspect.signature(getattr(nn.init, name)) for nn in (bn, torch.nn))
    assert [(p.name, p.default) for p in ours.parameters.values()] == [(p.name, p.default) for p in theirs.parameters.values()]


GAINS = ["linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid", "tanh",
         "relu", "selu", "leaky_relu"]  # fmt: skip


@pytest.mark.parametrize("name", GAINS)
def test_gains(name):
    for param in (None, 0.3, 2):
        assert bn.init.calculate_gain(name, param) == torch.nn.init.calculate_gain(name, param)


@pytest.mark.parametrize("fill", [
    lambda i, t: i.eye_(t(3, 5)), lambda i, t: i.eye_(t(5, 3)), lambda i, t: i.ones_(t(2, 3)), lambda i, t: i.zeros_(t(2, 3)),
    lambda i, t: i.constant_(t(2, 3), 0.3), lambda i, t: i.constant_(t(()), -7), lambda i, t: i.dirac_(t(6, 2, 3), 3),
    lambda i, t: i.dirac_(t(2, 6, 3, 4)), lambda i, t: i.dirac_(t(4, 2, 3, 2, 5), 2), lambda i, t: i.uniform_(t(0, 3)),
    lambda i, t: i.orthogonal_(t(0, 3)), lambda i, t: i.trunc_normal_(t(0,)),
])  # fmt: skip
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_not_random(fill, dtype):
    found = [
        fill(nn.init, lambda *s, lib=lib: lib.full(s[0] if isinstance(s[0], tuple) else s, 9.0, dtype=getattr(lib, dtype)))
        for lib, nn in ((bt, bn), (torch, torch.nn))
    ]
    agree(*found)


SHAPE = (60, 40, 5, 3)
RANDOM = [
    lambda i, w: i.uniform_(w, -3, 2), lambda i, w: i.normal_(w, 1, 3), lambda i, w: i.trunc_normal_(w),
    lambda i, w: i.trunc_normal_(w, 0.5, 2.0, -1, 4), lambda i, w: i.trunc_normal_(w, 0, 0.02, -0.01, 0.002),
    lambda i, w: i.xavier_uniform_(w, 2), lambda i, w: i.xavier_normal_(w, 2), lambda i, w: i.kaiming_uniform_(w, 1),
    lambda i, w: i.kaiming_uniform_(w, mode="fan_out", nonlinearity="relu"), lambda i, w: i.kaiming_normal_(w, 0.5),
    lambda i, w: i.kaiming_normal_(w, mode="FAN_OUT", nonlinearity="tanh"), lambda i, w: i.orthogonal_(w, 3),
    lambda i, w: i.sparse_(w.reshape(300, -1), 0.305, 2.0),
]  # fmt: skip


@pytest.mark.parametrize("fill", RANDOM)
def test_what_is_random(fill):
    found = []
    for library, nn in ((bt, bn), (torch, torch.nn)):
        library.manual_seed(5)
        weight = library.empty(SHAPE, dtype=library.float64)
        out = fill(nn.init, weight)
        assert out is weight or out.shape == (300, 120)
        found.append(out.numpy())
    ours, theirs = found
    spread = theirs.std()
    assert abs(ours.mean() - theirs.mean()) < 6 * spread / np.sqrt(ours.size)
    assert ours.std() == pytest.approx(spread, rel=0.02)
    shares = np.linspace(0, 1, 21)[1:-1]
    np.testing.assert_allclose(np.quantile(ours, shares), np.quantile(theirs, shares), atol=0.05 * spread)
    np.testing.assert_allclose([ours.min(), ours.max()], [theirs.min(), theirs.max()], atol=0.7 * spread)


def test_orthogonal_and_sparse_matrices():
    for shape in ((6, 4), (4, 6), (4, 3, 2)):
        rows = bn.init.orthogonal_(bt.empty(*shape, dtype=bt.float64), 2).numpy().reshape(shape[0], -1)
        product = rows @ rows.T if rows.shape[0] <= rows.shape[1] else rows.T @ rows
        np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)
    for init, library in ((bn.init, bt), (torch.nn.init, torch)):
        assert ((init.sparse_(library.empty(10, 7), 0.25).numpy() == 0).sum(0) == 3).all()


@pytest.mark.parametrize("fill", RANDOM)
def test_generators(fill):
    def drawn(seed, default):
        bt.manual_seed(default)
        generator = bt.random.Generator().manual_seed(seed)

        class Init:
            def __getattr__(self, name):
                return lambda *args, **kwargs: getattr(bn.init, name)(*args, **kwargs, generator=generator)

        return fill(Init(), bt.empty(SHAPE)).numpy()

    assert (drawn(1, 2) == drawn(1, 3)).all()
    assert (drawn(1, 2) != drawn(2, 2)).any()


def test_the_graph_does_not_see_it():
    weight = bn.Parameter(bt.ones(3, 3))
    squares = (weight * weight).sum()
    assert bn.init.normal_(weight) is weight
    assert weight.requires_grad
    assert weight.is_leaf
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        squares.backward()


def test_truncated_far_from_the_mean():
    far = bn.init.trunc_normal_(bt.empty(20000, dtype=bt.float64), 0, 1, 6, 1e9).numpy()
    assert far.min() >= 6
    assert far.mean() == pytest.approx(6.158, abs=0.01)  # φ(6)/(1 − Φ(6))


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_errors_and_warnings(libraries):
    library, nn = libraries
    i, e = nn.init, library.empty
    for error, action in [
        (ValueError, lambda: i.eye_(e(3))), (ValueError, lambda: i.dirac_(e(3, 3))),
        (ValueError, lambda: i.dirac_(e(3, 3, 3), 2)),
        (ValueError, lambda: i.xavier_uniform_(e(3))), (ValueError, lambda: i.xavier_normal_(e(3))),
        (ValueError, lambda: i.kaiming_normal_(e(3))), (ValueError, lambda: i.kaiming_uniform_(e(3, 3), mode="fan")),
        (ValueError, lambda: i.kaiming_uniform_(e(3, 3), nonlinearity="swish")), (ValueError, lambda: i.orthogonal_(e(3))),
        (ValueError, lambda: i.sparse_(e(3), 0.1)), (ValueError, lambda: i.calculate_gain("swish")),
        (ValueError, lambda: i.calculate_gain("leaky_relu", True)), (RuntimeError, lambda: i.uniform_(e(3), 2, 1)),
        (RuntimeError, lambda: i.normal_(e(3), 0, -1)), (NotImplementedError, lambda: i.uniform_(e(3, dtype=library.int64))),
        (NotImplementedError, lambda: i.normal_(e(3, dtype=library.int64))),
    ]:  # fmt: skip
        with pytest.raises(error):
            action()
    for fill in (i.kaiming_uniform_, i.kaiming_normal_):
        with pytest.warns(UserWarning, match="no-op"):
            fill(e(0, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        i.orthogonal_(e(0, 3))
