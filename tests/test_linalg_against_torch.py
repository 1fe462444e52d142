"""`byhand.tensor.linalg` where PyTorch's samples do not go: singular matrices, equal eigenvalues, options, errors."""

import byhand.tensor as bt
import numpy as np
import pytest
import torch

RNG = np.random.default_rng(5)


def both(*arrays):
    return [[library.from_numpy(a.copy()).requires_grad_() for a in arrays] for library in (bt, torch)]


def permanent_terms(a):
    """det A of a 3 × 3 matrix, written out: a polynomial, whose derivatives exist everywhere."""
    return (a[0, 0] * (a[1, 1] * a[2, 2] - a[1, 2] * a[2, 1]) - a[0, 1] * (a[1, 0] * a[2, 2] - a[1, 2] * a[2, 0])
            + a[0, 2] * (a[1, 0] * a[2, 1] - a[1, 1] * a[2, 0]))  # fmt: skip


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_det_has_two_derivatives_at_every_rank(rank):
    a = RNG.standard_normal((3, rank)) @ RNG.standard_normal((rank, 3))
    weights = RNG.standard_normal((3, 3))
    results = []
    for library, function in ((bt, bt.linalg.det), (torch, permanent_terms)):
        x, w = library.from_numpy(a.copy()).requires_grad_(), library.from_numpy(weights)
        (g,) = library.autograd.grad(function(x), x, create_graph=True)
        (h,) = library.autograd.grad((g * w).sum(), x)
        results.append((g.detach().numpy(), h.detach().numpy()))
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_det_has_a_third_derivative_where_it_is_regular():
    a, w, u = RNG.standard_normal((3, 3, 3))
    results = []
    for library, function in ((bt, bt.linalg.det), (torch, permanent_terms)):
        x = library.from_numpy(a.copy()).requires_grad_()
        (g,) = library.autograd.grad(function(x), x, create_graph=True)
        (h,) = library.autograd.grad((g * library.from_numpy(w)).sum(), x, create_graph=True)
        (k,) = library.autograd.grad((h * library.from_numpy(u)).sum(), x)
        results.append(k.numpy())
    np.testing.assert_allclose(*results, atol=1e-12)


@pytest.mark.parametrize("name", ["eigvalsh", "svdvals"])
def test_equal_values_have_a_gradient(name):
    a = np.diag([2.0, 2.0, 1.0])
    weights = RNG.standard_normal(3)
    (mine,), (theirs,) = both(a)
    for library, x in ((bt, mine), (torch, theirs)):
        (getattr(library.linalg, name)(x) * library.from_numpy(weights)).sum().backward()
    assert np.isfinite(mine.grad.numpy()).all()
    np.testing.assert_allclose(np.diag(mine.grad.numpy()).sum(), weights.sum())  # whatever the basis


@pytest.mark.parametrize(("shape", "mode"), [((4, 3), "complete"), ((4, 3), "r"), ((3, 4), "r")])
def test_qr_without_a_gradient_says_so(shape, mode):
    (mine,), (theirs,) = both(RNG.standard_normal(shape))
    for library, x in ((bt, mine), (torch, theirs)):
        with pytest.raises(RuntimeError, match="mode="):
            library.linalg.qr(x, mode).R.sum().backward()


@pytest.mark.parametrize("options", [{"atol": 0.5}, {"rtol": 0.5}, {"atol": 0.5, "rtol": 0.1}, {"hermitian": True}, {}])
def test_what_counts_as_zero(options):
    q, _ = np.linalg.qr(RNG.standard_normal((2, 4, 4)))
    a = q * np.array([3.0, 1.0, -0.4, 1e-17]) @ q.swapaxes(-1, -2)
    mine, theirs = bt.from_numpy(a), torch.from_numpy(a)
    assert bt.linalg.matrix_rank(mine, **options).tolist() == torch.linalg.matrix_rank(theirs, **options).tolist()
    np.testing.assert_allclose(bt.linalg.pinv(mine, **options).numpy(), torch.linalg.pinv(theirs, **options).numpy(), atol=1e-12)


def test_thresholds_may_be_tensors():
    a, bounds = RNG.standard_normal((2, 3, 3)), np.array([0.1, 5.0])
    mine = bt.linalg.matrix_rank(bt.from_numpy(a), atol=bt.from_numpy(bounds))
    assert mine.tolist() == torch.linalg.matrix_rank(torch.from_numpy(a), atol=torch.from_numpy(bounds)).tolist()


@pytest.mark.parametrize("driver", ["gels", "gelsy", "gelsd", "gelss", None])
@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (2, 4, 3)])
def test_lstsq_gives_what_its_driver_gives(driver, shape):
    a, b = RNG.standard_normal(shape), RNG.standard_normal((*shape[:-1], 2))
    mine = bt.linalg.lstsq(bt.from_numpy(a), bt.from_numpy(b), driver=driver)
    theirs = torch.linalg.lstsq(torch.from_numpy(a), torch.from_numpy(b), driver=driver)
    for name in mine._fields:
        found, expected = getattr(mine, name), getattr(theirs, name)
        assert str(found.dtype) == str(expected.dtype).split(".")[1]
        np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=1e-10, err_msg=name)


def test_lstsq_cuts_at_rcond():
    a = np.diag([3.0, 1.0, 0.2])
    b = RNG.standard_normal((3, 2))
    mine = bt.linalg.lstsq(bt.from_numpy(a), bt.from_numpy(b), 0.1, driver="gelsd")
    theirs = torch.linalg.lstsq(torch.from_numpy(a), torch.from_numpy(b), 0.1, driver="gelsd")
    np.testing.assert_allclose(mine.solution.numpy(), theirs.solution.numpy(), atol=1e-12)
    assert mine.rank.item() == theirs.rank.item() == 2


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("unitriangular", [True, False])
def test_substitution_reads_only_its_triangle(upper, left, unitriangular):
    a, b = RNG.standard_normal((2, 37, 37)) + 9 * np.eye(37), RNG.standard_normal((37, 37))
    a /= 40
    g = RNG.standard_normal((2, 37, 37))
    options = {"upper": upper, "left": left, "unitriangular": unitriangular}
    mine, theirs = both(a, b)
    results = []
    for library, inputs in ((bt, mine), (torch, theirs)):
        x = library.linalg.solve_triangular(*inputs, **options)
        results.append([x.detach(), *library.autograd.grad(x, inputs, library.from_numpy(g))])
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-9, atol=1e-9)


def test_a_singular_triangle_gives_infinity_as_in_torch():
    a, b = np.array([[1.0, 2.0], [0.0, 0.0]]), np.ones((2, 1))
    mine = bt.linalg.solve_triangular(bt.from_numpy(a), bt.from_numpy(b), upper=True)
    assert mine.tolist() == torch.linalg.solve_triangular(torch.from_numpy(a), torch.from_numpy(b), upper=True).tolist()


@pytest.mark.parametrize("p", [None, 2, -2, 1, -1, np.inf, -np.inf, "fro", "nuc"])
def test_condition_of_singular_and_regular_matrices(p):
    a = np.stack([np.ones((3, 3)), RNG.standard_normal((3, 3))])
    found = bt.linalg.cond(bt.from_numpy(a), p).numpy()
    assert found[0] > 1e15 or (p == -2 and found[0] < 1e-15)
    np.testing.assert_allclose(found[1], torch.linalg.cond(torch.from_numpy(a[1]), p).item())


@pytest.mark.parametrize(("call", "kind"), [
    (lambda m, t: m.linalg.inv(t(np.zeros((2, 2)))), "LinAlgError"),
    (lambda m, t: m.linalg.cholesky(t(-np.eye(2))), "LinAlgError"),
    (lambda m, t: m.linalg.solve(t(np.zeros((2, 2))), t(np.ones(2))), "LinAlgError"),
    (lambda m, t: m.linalg.lstsq(t(np.ones((3, 2))), t(np.ones((3, 1))), driver="gels"), "LinAlgError"),
    (lambda m, t: m.linalg.lstsq(t(np.ones((3, 2))), t(np.ones((3, 1))), driver="gelsx"), RuntimeError),
    (lambda m, t: m.linalg.lstsq(t(np.ones((3, 2))), t(np.ones((2, 1)))), RuntimeError),
    (lambda m, t: m.linalg.svd(t(np.ones(3))), RuntimeError),
    (lambda m, t: m.linalg.qr(t(np.ones((3, 3))), "full"), RuntimeError),
    (lambda m, t: m.linalg.pinv(t(np.ones((3, 2))), hermitian=True), RuntimeError),
    (lambda m, t: m.linalg.matrix_norm(t(np.ones(3))), RuntimeError),
    (lambda m, t: m.linalg.matrix_norm(t(np.ones((3, 3))), 3), RuntimeError),
    (lambda m, t: m.linalg.matrix_norm(t(np.ones((3, 3))), dim=(0, 0)), RuntimeError),
    (lambda m, t: m.linalg.norm(t(np.ones((3, 3, 3))), 2), RuntimeError),
    (lambda m, t: m.linalg.norm(t(np.ones(3)), "fro"), RuntimeError),
    (lambda m, t: m.linalg.vector_norm(t(np.arange(3))), RuntimeError),
    (lambda m, t: m.linalg.vector_norm(t(np.ones(3)), dtype=m.float32), RuntimeError),
    (lambda m, t: m.linalg.vector_norm(t(np.ones(0)), np.inf), RuntimeError),
    (lambda m, t: m.linalg.cross(t(np.ones(2)), t(np.ones(2))), RuntimeError),
    (lambda m, t: m.linalg.vecdot(t(np.ones(2)), t(np.ones(3))), RuntimeError),
    (lambda m, t: m.linalg.solve_triangular(t(np.ones((2, 2))), t(np.ones(2)), upper=True), RuntimeError),
    (lambda m, t: m.linalg.solve_triangular(t(np.ones((2, 3))), t(np.ones((2, 2))), upper=True), RuntimeError),
    (lambda m, t: m.linalg.vander(t(np.ones(2)), N=0), RuntimeError),
    (lambda m, t: m.linalg.householder_product(t(np.ones((2, 3))), t(np.ones(2))), RuntimeError),
    (lambda m, t: m.linalg.householder_product(t(np.ones(3)), t(np.ones(2))), RuntimeError),
    (lambda m, t: m.linalg.householder_product(t(np.ones((3, 2))), t(np.ones(3))), RuntimeError),
    (lambda m, t: m.linalg.householder_product(t(np.ones((3, 2))), t(np.ones(2, np.float32))), RuntimeError),
    (lambda m, t: m.linalg.householder_product(t(np.ones((2, 3, 2))), t(np.ones((1, 2)))), RuntimeError),
    (lambda m, t: m.geqrf(t(np.ones(3))), RuntimeError),
    (lambda m, t: m.ormqr(t(np.ones((4, 2))), t(np.ones(1)), t(np.ones((4, 3)))), RuntimeError),
    (lambda m, t: m.ormqr(t(np.ones((4, 2))), t(np.ones(2)), t(np.ones((3, 3)))), RuntimeError),
    (lambda m, t: m.linalg.tensorinv(t(np.ones((2, 3, 4)))), RuntimeError),
    (lambda m, t: m.linalg.tensorsolve(t(np.ones((2, 3, 4))), t(np.ones(2))), RuntimeError),
])  # fmt: skip
def test_errors_have_torchs_types(call, kind):
    for library in (torch, bt):
        expected = library.linalg.LinAlgError if kind == "LinAlgError" else kind
        with pytest.raises(expected) as caught:
            call(library, library.from_numpy)
        assert isinstance(caught.value, RuntimeError)


def test_our_error_is_numpys_too():
    with pytest.raises(np.linalg.LinAlgError, match=r"inv: .*\(2, 2\)"):
        bt.linalg.inv(bt.zeros(2, 2))
