"""The autograd API beside PyTorch's: the same program in both libraries gives the same numbers, flags and exceptions."""

import byhand.tensor as bt
import numpy as np
import pytest
import torch

LIBRARIES = (bt, torch)
RNG = np.random.default_rng(5)
X, A, V, U = RNG.standard_normal(4), RNG.standard_normal((3, 4)), RNG.standard_normal(4), RNG.standard_normal(3)


def given(lib, array, grad=False):
    tensor = lib.from_numpy(np.array(array))
    return tensor.requires_grad_() if grad else tensor


def numbers(value):
    if isinstance(value, tuple | list):
        return [numbers(part) for part in value]
    return None if value is None else np.asarray(value.detach().numpy())


def same(ours, theirs):
    if isinstance(theirs, list):
        assert isinstance(ours, list) and len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            same(a, b)
    elif theirs is None:
        assert ours is None
    else:
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def outcome(program, lib):
    """What a program returns, or the kind of exception that it raises."""
    try:
        return program(lib)
    except Exception as error:  # noqa: BLE001 (the kind is what is compared)
        return type(error).__name__


def function(lib, forward, backward):
    return type("Foo", (lib.autograd.Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)})


def f(lib):
    return lambda x: given(lib, A) @ (x**3).tanh()


def g(lib):
    return lambda x: (x.exp() * x.sin()).sum()


PRODUCTS = {
    "jacobian": lambda lib: lib.autograd.functional.jacobian(f(lib), given(lib, X)),
    "jacobian of pairs": lambda lib: lib.autograd.functional.jacobian(
        lambda a, b: (a * b.sum(), a + 0 * b[0]), (given(lib, X), given(lib, U))
    ),
    "hessian": lambda lib: lib.autograd.functional.hessian(g(lib), given(lib, X)),
    "hessian of pairs": lambda lib: lib.autograd.functional.hessian(
        lambda a, b: (a.sum() ** 2 * b).sum(), (given(lib, X), given(lib, U))
    ),
    "vjp": lambda lib: lib.autograd.functional.vjp(f(lib), given(lib, X), given(lib, U)),
    "jvp": lambda lib: lib.autograd.functional.jvp(f(lib), given(lib, X), given(lib, V)),
    "vhp": lambda lib: lib.autograd.functional.vhp(g(lib), given(lib, X), given(lib, V)),
    "hvp": lambda lib: lib.autograd.functional.hvp(g(lib), given(lib, X), given(lib, V)),
    "independent": lambda lib: lib.autograd.functional.vjp(lambda a, b: a.sum(), (given(lib, X), given(lib, U))),
    "func.grad": lambda lib: lib.func.grad(g(lib))(given(lib, X)),
    "func.grad_and_value": lambda lib: lib.func.grad_and_value(g(lib))(given(lib, X)),
    "func.grad of func.grad": lambda lib: lib.func.grad(lambda a: lib.func.grad(g(lib))(a).sum())(given(lib, X)),
    "func.vjp": lambda lib: lib.func.vjp(f(lib), given(lib, X))[1](given(lib, U)),
    "func.jacrev": lambda lib: lib.func.jacrev(f(lib))(given(lib, X)),
    "func.jvp": lambda lib: lib.func.jvp(f(lib), (given(lib, X),), (given(lib, V),)),
    "func.hessian": lambda lib: lib.func.hessian(g(lib))(given(lib, X)),
}


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")  # PyTorch's own, in its jvp
@pytest.mark.parametrize("name", PRODUCTS)
def test_values(name):
    same(numbers(PRODUCTS[name](bt)), numbers(PRODUCTS[name](torch)))


def apply_with(answer, forward=lambda ctx, x, k=2: x * 2, arguments=()):
    def program(lib):
        x = given(lib, X, grad=True)
        out = function(lib, forward, lambda ctx, g: answer(lib, g)).apply(x, *arguments)
        out.sum().backward()
        return numbers(x.grad).tolist()

    return program


def changes_a_leaf(ctx, x):
    ctx.mark_dirty(x)
    return x.mul_(2)


def forgets_a_change(ctx, x):
    ctx.mark_dirty(x)
    return x * 2


def saves_a_number(ctx, x):
    ctx.save_for_backward(3)
    return x * 2


def marks_a_number(ctx, x):
    ctx.mark_non_differentiable(3)
    return x * 2


CALLS = {
    "right": apply_with(lambda lib, g: g * 2),
    "too few": apply_with(lambda lib, g: ()),
    "too many": apply_with(lambda lib, g: (g, g)),
    "more, but None": apply_with(lambda lib, g: (g, None, None)),
    "for a number": apply_with(lambda lib, g: (g, g), arguments=(3,)),
    "no tensor": apply_with(lambda lib, g: 3),
    "wrong shape": apply_with(lambda lib, g: g[:2]),
    "smaller": apply_with(lambda lib, g: g.sum()),
    "broadcast": apply_with(lambda lib, g: g.expand(2, 4)),
    "none": apply_with(lambda lib, g: g * 0),
    "saves a number": apply_with(lambda lib, g: g, saves_a_number),
    "marks a number": apply_with(lambda lib, g: g, marks_a_number),
    "changes a leaf": apply_with(lambda lib, g: g, changes_a_leaf),
    "forgets a change": apply_with(lambda lib, g: g, forgets_a_change),
    "hands its input through": apply_with(lambda lib, g: g * 5, lambda ctx, x: x),
    "no derivative": lambda lib: lib.autograd.grad(given(lib, X).sum(), given(lib, X)),
    "vjp without v": lambda lib: lib.autograd.functional.vjp(lambda a: a * 2, given(lib, X)),
    "vjp with a wrong v": lambda lib: lib.autograd.functional.vjp(lambda a: a * 2, given(lib, X), given(lib, U)),
    "jacobian of a number": lambda lib: lib.autograd.functional.jacobian(lambda a: 3, given(lib, X)),
    "hessian of a vector": lambda lib: lib.autograd.functional.hessian(lambda a: a * 2, given(lib, X)),
    "strict": lambda lib: lib.autograd.functional.jacobian(lambda a: a.detach(), given(lib, X), strict=True),
    "gradcheck of constants": lambda lib: lib.autograd.gradcheck(lambda a: a * 2, given(lib, X)),
    "gradcheck of a detour": lambda lib: lib.autograd.gradcheck(lambda a: a.detach() * 2, given(lib, X, grad=True)),
    "gradcheck": lambda lib: lib.autograd.gradcheck(lambda a: a * a.sum(), given(lib, X, grad=True)),
    "gradgradcheck": lambda lib: lib.autograd.gradgradcheck(lambda a: a * a.sum(), given(lib, X, grad=True)),
    "func.grad of a vector": lambda lib: lib.func.grad(lambda a: a * 2)(given(lib, X)),
}


@pytest.mark.parametrize("name", CALLS)
def test_results_and_kinds_of_error(name):
    assert outcome(CALLS[name], bt) == outcome(CALLS[name], torch)


def modes(lib):
    seen = []
    x = given(lib, X, grad=True)
    with lib.set_grad_enabled(False):
        seen.append((x * 2).requires_grad)
        with lib.enable_grad():
            seen.append((x * 2).requires_grad)
        lib.set_grad_enabled(True)
        seen.append(lib.is_grad_enabled())
    seen.append(lib.is_grad_enabled())
    with lib.inference_mode():
        y = x * 2
        seen += [y.requires_grad, y.is_inference(), lib.is_inference_mode_enabled(), lib.is_grad_enabled()]
        with lib.inference_mode(False):
            seen.append((x * 2).requires_grad)
    seen += [outcome(lambda _: y.requires_grad_(), lib), outcome(lambda _: x * y, lib), (y + 1).is_inference()]
    seen += [(x + y).requires_grad, y.clone().is_inference()]

    @lib.no_grad()
    def quiet():
        return (x * 2).requires_grad

    seen += [quiet(), lib.is_grad_enabled()]
    return seen


def test_modes():
    assert modes(bt) == modes(torch)


def counted(lib):
    """Several outputs, one unused; the gradient of the gradient through a Function."""

    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(x, y)
        return y, x * 3

    def backward(ctx, g, h):
        _, y = ctx.saved_tensors
        return g * y + 3 * h

    x = given(lib, X, grad=True)
    y, z = function(lib, forward, backward).apply(x)
    (first,) = lib.autograd.grad((y * y).sum() + z.sum(), x, create_graph=True)
    (second,) = lib.autograd.grad((first * first).sum(), x)
    return [numbers(v) for v in (y, z, first, second)] + [np.array([y.grad_fn.name() == "FooBackward"])]


def test_double_backward_through_a_function():
    same(counted(bt), counted(torch))
