"""Views by strides: chains of them, overlaps, changes in place, and what they refuse."""

import byhand.tensor as bt
import numpy as np
import pytest
import torch

RNG = np.random.default_rng(3)

VIEWS = [
    lambda x: x,
    lambda x: x[1:],
    lambda x: x.t(),
    lambda x: x[:, ::2],
    lambda x: x[1],
    lambda x: x.unsqueeze(0).expand(2, -1, -1),
]
PATTERNS = [((2, 2), (1, 2), 3), ((2, 2), (1, 2), None), ((5, 3), (1, 1), 0), ((2, 3), (0, 2), 1), ((), (), 4)]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("size", "stride", "offset"), PATTERNS)
def test_values_and_two_derivatives(view, size, stride, offset):
    """The memory is a copy made inside the graph, so that views of it have gradients."""
    data, g, h = RNG.standard_normal((4, 5)), RNG.standard_normal(size), RNG.standard_normal((4, 5))
    results = []
    for library in (bt, torch):
        leaf = library.from_numpy(data.copy()).requires_grad_()
        y = view(leaf * 1).as_strided(size, stride, offset)
        (first,) = library.autograd.grad(y**3, leaf, library.from_numpy(np.asarray(g)), create_graph=True)
        (second,) = library.autograd.grad(first, leaf, library.from_numpy(h))
        results.append([y.detach(), first.detach(), second])
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=1e-12)


@pytest.mark.parametrize("view", VIEWS[:5])
def test_changes_through_it_reach_the_memory(view):
    data, g, new = RNG.standard_normal((4, 5)), RNG.standard_normal((4, 5)), RNG.standard_normal(2)
    results = []
    for library in (bt, torch):
        leaf, value = library.from_numpy(data.copy()).requires_grad_(), library.from_numpy(new.copy()).requires_grad_()
        base = leaf * 2
        part = view(base)
        part.as_strided((2,), (2,)).mul_(value)
        results.append([base.detach(), *library.autograd.grad(base * base, [leaf, value], library.from_numpy(g))])
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=1e-12)


def test_only_what_is_viewed_is_written():
    x = bt.zeros(4, 4)
    for part in (x[:, ::2].as_strided((2,), (1,)), x[1].as_strided((3,), (1,), 0)):
        with pytest.raises(RuntimeError, match="clone"):
            part.fill_(1)
    assert not x.any()


def test_shared_elements_are_not_written():
    x = bt.zeros(4)
    with pytest.raises(RuntimeError, match="share one memory location"):
        x.as_strided((3, 2), (1, 1)).fill_(1)
    assert x.tolist() == [0, 0, 0, 0]


def test_offset_and_strides():
    x, y = bt.zeros(4, 5), torch.zeros(4, 5)
    for view in VIEWS:
        assert view(x).storage_offset() == view(y).storage_offset()
        assert view(x).stride() == view(y).stride()
    assert x[2:].as_strided((2,), (1,)).storage_offset() == 10


REFUSED = [((4,), (2,)), ((2, 2), (1,)), ((2,), (-1,)), ((-2,), (1,)), ((2,), (1,), -1), ((2,), (1,), 4)]


@pytest.mark.parametrize("arguments", REFUSED)
def test_errors_have_torchs_types(arguments):
    for library in (torch, bt):
        with pytest.raises(RuntimeError):
            library.zeros(5).as_strided(*arguments)


def test_the_gradient_of_as_strided_scatter_is_that_of_assignment():
    data, values, g = RNG.standard_normal(6), RNG.standard_normal((2, 2)), RNG.standard_normal(6)
    x, src = (bt.from_numpy(a.copy()).requires_grad_() for a in (data, values))
    y = bt.as_strided_scatter(x, src, (2, 2), (3, 1), 1)
    a, b = (torch.from_numpy(v.copy()).requires_grad_() for v in (data, values))
    expected = a.clone()
    expected[[1, 2, 4, 5]] = b.reshape(-1)
    found = [y.detach(), *bt.autograd.grad(y, [x, src], bt.from_numpy(g))]
    wanted = [expected.detach(), *torch.autograd.grad(expected, [a, b], torch.from_numpy(g))]
    for mine, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(mine.numpy(), theirs.numpy())


@pytest.mark.parametrize("call", [
    lambda m: m.select_scatter(m.zeros(3, 4), m.zeros(3), 0, 1),
    lambda m: m.slice_scatter(m.zeros(3, 4), m.zeros(3, 4), 0, 1),
    lambda m: m.diagonal_scatter(m.zeros(3, 3), m.zeros(2)),
    lambda m: m.as_strided_scatter(m.zeros(4), m.zeros(3), (2,), (1,)),
])  # fmt: skip
def test_scattered_slices_must_fit(call):
    for library in (torch, bt):
        with pytest.raises(RuntimeError):
            call(library)


@pytest.mark.parametrize("call", [
    lambda m: m.zeros(3).H, lambda m: m.zeros(2, 3, 4).H, lambda m: m.zeros(3).mH,
    lambda m: m.chain_matmul(m.ones(3, 3), m.ones(3)), lambda m: m.inverse(m.zeros(2, 2)), lambda m: m.det(m.zeros(2, 3)),
])  # fmt: skip
def test_matrices_only(call):
    for library in (torch, bt):
        with pytest.raises(RuntimeError):
            call(library)


def test_names_of_old():
    a = RNG.standard_normal((3, 3))
    for name, args in [("det", ()), ("inverse", ()), ("slogdet", ()), ("logdet", ()), ("matrix_power", (-3,)), ("pinverse", ())]:
        found, expected = (getattr(m.from_numpy(a), name)(*args) for m in (bt, torch))
        np.testing.assert_allclose(np.asarray(found), np.asarray(expected), atol=1e-10)
    u, s, v = bt.svd(bt.from_numpy(a), compute_uv=False)
    for found, expected in zip((u, s, v), torch.svd(torch.from_numpy(a), compute_uv=False), strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy())
    factors = RNG.standard_normal((2, 3)), RNG.standard_normal((3, 7)), RNG.standard_normal((7, 2))
    product = bt.chain_matmul(*map(bt.from_numpy, factors))
    np.testing.assert_allclose(product.numpy(), torch.linalg.multi_dot(list(map(torch.from_numpy, factors))).numpy())
