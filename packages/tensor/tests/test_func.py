"""`byhand.tensor.func` and `autograd.functional` against derivatives known in closed form."""

import byhand.tensor as bt
import pytest
from byhand.tensor import autograd, func
from byhand.tensor.autograd import functional


@pytest.fixture
def x():
    bt.manual_seed(2)
    return bt.randn(4, dtype=bt.float64)


def cubes(x):
    return (x**3).sum()


def test_gradients_nest(x):
    assert bt.allclose(func.grad(cubes)(x), 3 * x**2)
    assert bt.allclose(func.grad(lambda a: func.grad(cubes)(a).sum())(x), 6 * x)
    assert bt.allclose(func.grad(lambda a: func.grad(lambda b: (a * b**2).sum())(a).sum())(x), 4 * x)
    assert not func.grad(cubes)(x).requires_grad and x.grad is None


def test_captured_tensors_and_arguments_that_require_grad(x):
    w = bt.ones(4, dtype=bt.float64, requires_grad=True)
    func.grad(lambda a: (w * a**2).sum())(x).sum().backward()
    assert bt.allclose(w.grad, 2 * x)
    y = x.clone().requires_grad_()
    func.grad(cubes)(y).sum().backward()
    assert bt.allclose(y.grad, 6 * x)


def test_argnums_aux_and_trees(x):
    both = func.grad(lambda a, b: (a * b**2).sum(), argnums=(0, 1))(x, 2 * x)
    assert bt.allclose(both[0], 4 * x**2) and bt.allclose(both[1], 4 * x**2)
    gradient, (value, other) = func.grad_and_value(lambda a: (cubes(a), {"a": a}), has_aux=True)(x)
    assert bt.allclose(value, cubes(x)) and bt.allclose(gradient, 3 * x**2) and not other["a"].requires_grad
    parameters = {"w": x, "b": [x[0]]}
    found = func.grad(lambda p: (p["w"] * p["b"][0]).sum())(parameters)
    assert bt.allclose(found["w"], x[0].expand(4)) and bt.allclose(found["b"][0], x.sum())


def test_products_with_jacobians(x):
    a = bt.randn(3, 4, dtype=bt.float64)
    u, v = bt.randn(3, dtype=bt.float64), bt.randn(4, dtype=bt.float64)
    y, pull = func.vjp(lambda t: a @ t**2, x)
    assert bt.allclose(y, a @ x**2)
    for _ in range(2):
        assert bt.allclose(pull(u)[0], (u @ a) * 2 * x)
    assert bt.allclose(func.jvp(lambda t: a @ t**2, (x,), (v,))[1], a @ (2 * x * v))
    assert bt.allclose(func.jacrev(lambda t: a @ t**2)(x), a * 2 * x)
    assert bt.allclose(func.hessian(cubes)(x), (6 * x) * bt.eye(4, dtype=bt.float64))
    with pytest.raises(RuntimeError, match="cotangents"):
        pull(v)


@pytest.mark.parametrize("wrong, message", [(lambda t: t, "scalar Tensor"), (lambda t: 3, "return a Tensor")])
def test_grad_is_of_a_number(x, wrong, message):
    with pytest.raises(RuntimeError, match=message):
        func.grad(wrong)(x)


def test_functional(x):
    a = bt.randn(3, 4, dtype=bt.float64)
    u, v = bt.randn(3, dtype=bt.float64), bt.randn(4, dtype=bt.float64)

    def quadratic(t):
        return a @ t**2

    assert bt.allclose(functional.jacobian(quadratic, x), a * 2 * x)
    assert bt.allclose(functional.vjp(quadratic, x, u)[1], (u @ a) * 2 * x)
    assert bt.allclose(functional.jvp(quadratic, x, v)[1], a @ (2 * x * v))
    assert bt.allclose(functional.hessian(cubes, x), (6 * x) * bt.eye(4, dtype=bt.float64))
    assert bt.allclose(functional.hvp(cubes, x, v)[1], 6 * x * v)
    assert bt.allclose(functional.vhp(cubes, x, v)[1], 6 * x * v)
    y = x.clone().requires_grad_()
    functional.jacobian(quadratic, y, create_graph=True).sum().backward()
    assert bt.allclose(y.grad, 2 * a.sum(0))
    with pytest.raises(RuntimeError, match="strict mode"):
        functional.jacobian(lambda s, t: s * 2, (x, x), strict=True)


def test_gradcheck_finds_a_wrong_rule(x):
    class Wrong(autograd.Function):
        @staticmethod
        def forward(ctx, t):
            return t * 2

        @staticmethod
        def backward(ctx, g):
            return g * 3

    x.requires_grad_()
    with pytest.raises(autograd.GradcheckError, match=r"output 0 with respect to input 0(.|\n)*numerical(.|\n)*analytical"):
        autograd.gradcheck(Wrong.apply, x)
    assert not autograd.gradcheck(Wrong.apply, x, raise_exception=False)
    with pytest.raises(autograd.GradcheckError, match="expected to be zero"):
        autograd.gradcheck(lambda t: t.detach(), x)
    with pytest.raises(ValueError, match="requires_grad"):
        autograd.gradcheck(cubes, x.detach())
    with pytest.raises(RuntimeError, match="stride 0"):
        autograd.gradcheck(cubes, bt.ones(1, dtype=bt.float64).expand(3).requires_grad_())
    with pytest.warns(UserWarning, match="double precision"):
        autograd.gradcheck(lambda t: t * 2, x.detach().float().requires_grad_(), raise_exception=False)
