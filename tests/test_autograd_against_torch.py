"""What `backward` and `grad` do, beside PyTorch: the same program runs on both libraries and must end in the same way."""

import byhand.tensor as bt
import numpy as np
import pytest
import torch
from programs import G, X, Y, check, leaf, programs_of


def accumulation(L):
    x = leaf(L, X)
    (x * x).sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    return x.grad, first is x.grad


def used_three_times(L):
    x = leaf(L, X)
    (x + x + x).backward(L.tensor(G))
    return x.grad


def residual(L):
    x, w = leaf(L, X), leaf(L, Y)
    h = x
    for _ in range(3):
        h = h + L.tanh(h * w)
    h.backward(L.tensor(G))
    return x.grad, w.grad


def two_losses(L):
    x = leaf(L, X)
    trunk = L.exp(x * 0.1)
    (trunk * trunk).sum().backward(retain_graph=True)
    L.sin(trunk).mean().backward()
    return x.grad


def second_backward(L):
    loss = (leaf(L, X) ** 2).sum()
    loss.backward()
    loss.backward()


def second_backward_of_sums(L):
    x = leaf(L, X)
    loss = (x + 1).sum()
    loss.backward()
    loss.backward()
    return x.grad


def second_backward_retained(L):
    x = leaf(L, X)
    loss = (x**2).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    return x.grad


def higher_orders(L):
    x = leaf(L, Y)
    y = (L.sin(x) * x).sum()
    results = []
    for _ in range(4):
        (y,) = L.autograd.grad(y.sum(), x, create_graph=True)
        results.append(y)
    return results


def create_graph_into_grad(L):
    x = leaf(L, Y)
    (x**3).sum().backward(create_graph=True)
    g = x.grad
    g.sum().backward()
    return x.grad.detach(), g.requires_grad


def only_inputs(L):
    x, y = leaf(L, X), leaf(L, Y)
    h = x * y
    (h * h).sum().backward(inputs=[y])
    return x.grad, y.grad


def inner_input(L):
    x, y = leaf(L, X), leaf(L, Y)
    h = x * y
    (h * h).sum().backward(inputs=[h, x])
    return h.grad, x.grad, y.grad


def no_inputs(L):
    leaf(L, X).sum().backward(inputs=[])


def grad_outputs(L):
    x, y = leaf(L, X), leaf(L, Y)
    return L.autograd.grad([x * y, x + y], [x, y], [L.tensor(G), L.tensor(2 * G)])


def grad_leaves_grad_alone(L):
    x = leaf(L, X)
    return L.autograd.grad((x * x).sum(), x), x.grad


def grad_of_inner(L):
    x = leaf(L, X)
    h = L.exp(x)
    return L.autograd.grad((h * x).sum(), [h, x])


def unused(L):
    return L.autograd.grad(leaf(L, X).sum(), leaf(L, Y))


def unused_allowed(L):
    return L.autograd.grad(leaf(L, X).sum(), leaf(L, Y), allow_unused=True)


def unused_made_zero(L):
    return L.autograd.grad(leaf(L, X).sum(), leaf(L, Y), materialize_grads=True)


def unused_refused(L):
    return L.autograd.grad(leaf(L, X).sum(), leaf(L, Y), allow_unused=False)


def unused_refused_and_made_zero(L):
    return L.autograd.grad(leaf(L, X).sum(), leaf(L, Y), allow_unused=False, materialize_grads=True)


def one_of_two_outputs(L):
    x = leaf(L, X)
    values, indices = x.max(1)
    values.backward(L.tensor(Y[:3]))
    return x.grad, indices


def split_partly_used(L):
    x = leaf(L, X)
    a, _, c = L.split(x, [1, 2, 1], dim=1)
    (a * c).sum().backward()
    return x.grad


def no_scalar(L):
    leaf(L, X).backward()


def one_element(L):
    x = leaf(L, [[2.0]])
    (x * x).backward()
    return x.grad


def nothing_requires_grad(L):
    L.tensor(X).sum().backward()


def wrong_gradient_shape(L):
    leaf(L, X).backward(L.tensor(Y))


def gradient_no_tensor(L):
    leaf(L, X).sum().backward(1.0)


def gradient_of_the_leaf_itself(L):
    x = leaf(L, X)
    x.backward(L.tensor(G))
    return x.grad


@pytest.mark.filterwarnings("ignore:Using backward.. with create_graph=True")
@pytest.mark.parametrize("program", programs_of(globals()))
def test_program(program):
    check(program)


NAMES = ["add", "sub", "mul", "div", "neg", "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "relu", "abs", "sum", "mean",
         "prod", "reshape", "transpose", "permute", "unsqueeze", "squeeze", "clone", "pow", "maximum", "where", "softmax"]
ARGUMENTS = {"reshape": ((4, 3),), "transpose": (0, 1), "permute": ((1, 0),), "unsqueeze": (0,), "pow": (3,), "softmax": (0,)}


@pytest.mark.parametrize("name", NAMES)
def test_names_of_steps(name):
    def step(L):
        x = leaf(L, np.abs(X) + 1)
        if name == "where":
            return L.where(x > 0, x, x).grad_fn.name()
        binary = name in ("add", "sub", "mul", "div", "maximum")
        return getattr(L, name)(x, *((x,) if binary else ARGUMENTS.get(name, ()))).grad_fn.name()

    exact = {"reshape": ("ReshapeBackward0", "ViewBackward0")}
    ours, theirs = step(bt), step(torch)
    assert (ours, theirs) in [(theirs, theirs), exact.get(name)]
