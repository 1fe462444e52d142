"""What `backward` and `grad` do, beside PyTorch: the same program runs on both libraries and must end in the same way."""

import byhand.tensor as bt
import numpy as np
import pytest
import torch
from op_checks import LIBRARIES, array_of, fails_alike, outcome, tensors_in

X = np.random.default_rng(0).standard_normal((3, 4))
Y = np.random.default_rng(1).standard_normal((4,))
G = np.random.default_rng(2).standard_normal((3, 4))


def leaf(L, array):
    return L.tensor(array, requires_grad=True)


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


def unused(L, **options):
    return L.autograd.grad(leaf(L, X).sum(), leaf(L, Y), **options)


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


def hook_on_leaf(L):
    x, seen = leaf(L, X), []
    x.register_hook(lambda g: seen.append(g.clone()))
    x.register_hook(lambda g: g * 2)
    handle = x.register_hook(lambda g: g + 100)
    handle.remove()
    (x * x + x).sum().backward()
    return x.grad, seen


def hook_inside(L):
    x, seen = leaf(L, X), []
    h = x * 2
    h.register_hook(lambda g: seen.append(g.clone()))
    h.register_hook(lambda g: -g)
    (h * h + h).sum().backward()
    return x.grad, seen


def hook_of_another_shape(L):
    x = leaf(L, X)
    x.register_hook(lambda g: g.sum())
    x.sum().backward()


def hook_without_grad(L):
    L.tensor(X).register_hook(lambda g: None)


def hook_after_accumulation(L):
    x, seen = leaf(L, X), []
    x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.clone()))
    (x * 2).sum().backward()
    (x * 3).sum().backward()
    return seen


def post_hook_inside(L):
    (leaf(L, X) * 2).register_post_accumulate_grad_hook(lambda t: None)


def hooks_in_grad(L):
    x = leaf(L, X)
    x.register_hook(lambda g: g * 3)
    return L.autograd.grad((x * x).sum(), x)


def retained(L):
    x = leaf(L, X)
    h = x * 2
    h.retain_grad()
    x.retain_grad()
    (h * h).sum().backward()
    return h.grad, x.grad, h.retains_grad, x.retains_grad


def retain_without_grad(L):
    L.tensor(X).retain_grad()


def detached(L):
    x = leaf(L, X)
    d = (x * 2).detach()
    ((x * d).sum() + (x.detach() * 3).sum()).backward()
    return x.grad, d.requires_grad, d.is_leaf


def detach_in_place(L):
    x = leaf(L, X)
    h = (x * 2).detach_()
    return h.requires_grad, h.is_leaf, x.requires_grad


def leaves(L):
    x = leaf(L, X)
    with L.no_grad():
        z = x * 2
    return [t.is_leaf for t in (x, x * 2, x.detach(), L.tensor(X), z)], [t.requires_grad for t in (x * 2, z)]


def integers_cannot(L):
    L.tensor([1, 2], requires_grad=True)


def integers_cannot_later(L):
    L.tensor([1, 2]).requires_grad_()


def inner_nodes_stay(L):
    h = leaf(L, X) * 2
    h.requires_grad = False


def gradient_assigned(L):
    x = leaf(L, X)
    x.grad = L.tensor(G)
    (x * 2).sum().backward()
    return x.grad


def gradient_of_another_shape(L):
    leaf(L, X).grad = L.tensor(Y)


def gradient_of_another_dtype(L):
    leaf(L, X).grad = L.tensor(G).float()


def gradient_a_number(L):
    leaf(L, X).grad = 3.0


def modes(L):
    x = leaf(L, X)
    seen = []
    with L.no_grad():
        seen.append((x * 2).requires_grad)
        with L.enable_grad():
            seen.append((x * 2).requires_grad)
        seen.append(L.is_grad_enabled())
        with L.set_grad_enabled(True):
            seen.append((x * 2).requires_grad)
        seen.append((x * 2).requires_grad)

    @L.no_grad()
    def quiet():
        return (x * 2).requires_grad

    seen += [quiet(), L.is_grad_enabled()]
    L.set_grad_enabled(False)
    seen.append(L.is_grad_enabled())
    L.set_grad_enabled(True)
    try:
        with L.no_grad():
            raise KeyError
    except KeyError:
        seen.append(L.is_grad_enabled())
    return seen


def inference(L):
    x = leaf(L, X)
    with L.inference_mode():
        z = x * 2
        flags = z.requires_grad, z.is_inference(), L.is_inference_mode_enabled()
    return flags, z.is_inference(), (z * 2).requires_grad, (x + z).requires_grad


def inference_saved(L):
    x = leaf(L, X)
    with L.inference_mode():
        z = L.tensor(X) * 2
    return x * z


def inference_requires(L):
    with L.inference_mode():
        z = L.tensor(X) * 2
    z.requires_grad = True


def changed_leaf(L):
    x = leaf(L, X)
    x.add_(1)


def changed_leaf_quietly(L):
    x = leaf(L, X)
    with L.no_grad():
        x.add_(1)
    (x * x).sum().backward()
    return x.grad


def changed_saved_input(L):
    h = leaf(L, X) * 1
    y = h * h
    h.add_(1)
    y.sum().backward()


def changed_saved_output(L):
    y = L.exp(leaf(L, X))
    y.mul_(2)
    y.sum().backward()


def changed_unsaved(L):
    x = leaf(L, X)
    h = x + 1
    y = h + 2
    h.mul_(3)
    (y.sum() + h.sum()).backward()
    return x.grad


def changed_data(L):
    x = leaf(L, X)
    y = x * x
    x.data.mul_(2)
    y.sum().backward()
    return x.grad


def changed_detached(L):
    h = leaf(L, X) * 1
    y = h * h
    h.detach().zero_()
    y.sum().backward()


def mixed_dtypes(L):
    x, y = L.tensor(X, dtype=L.float32, requires_grad=True), leaf(L, Y)
    (x * y).sum().backward()
    return x.grad, y.grad


def broadcast_gradients(L):
    a, b, c = leaf(L, X[:, :1]), leaf(L, Y), leaf(L, 2.0)
    ((a * b + c) ** 2).sum().backward()
    return a.grad, b.grad, c.grad


def zero_size(L):
    x = leaf(L, X[:0])
    (x * 2).sum().backward()
    return x.grad


def several_roots(L):
    x = leaf(L, X)
    L.autograd.backward([(x * 2).sum(), (x * x).sum()])
    return x.grad


def a_root_that_is_an_input_of_another(L):
    x = leaf(L, X)
    h = x * 2
    k = h * h
    L.autograd.backward([h, k], [L.tensor(G), L.tensor(G)])
    return x.grad


def one_gradient_short(L):
    x = leaf(L, X)
    L.autograd.backward([x * 2, x * 3], [L.tensor(G)])


def deepcopy_inside(L):
    import copy

    copy.deepcopy(leaf(L, X) * 2)


def numpy_of_grad(L):
    leaf(L, X).numpy()


def truth(L):
    bool(L.tensor(X))


def item_of_many(L):
    L.tensor(X).item()


def length_of_a_number(L):
    len(L.tensor(1.0))


def iterating_a_number(L):
    list(L.tensor(1.0))


def index_of_a_float(L):
    [1, 2, 3][L.tensor(1.5)]


def protocols(L):
    t = L.tensor([[1, 2], [3, 4]])
    numbers = float(L.tensor(2)), int(L.tensor(2.7)), bool(L.tensor([3])), [5, 6, 7][L.tensor(1)]
    return len(t), [row.tolist() for row in t], t.tolist(), numbers, 3 in t, 9 in t, L.tensor(1.5).item(), t.shape == (2, 2)


PROGRAMS = [value for value in list(globals().values()) if getattr(value, "__module__", None) == __name__
            and callable(value) and value.__name__ not in ("leaf", "unused")]
PROGRAMS += [lambda L: unused(L), lambda L: unused(L, allow_unused=True), lambda L: unused(L, materialize_grads=True),
             lambda L: unused(L, allow_unused=False), lambda L: unused(L, allow_unused=False, materialize_grads=True)]


def assert_alike(ours, theirs):
    if isinstance(theirs, torch.Tensor):
        a, b = array_of(ours), array_of(theirs)
        assert (a.dtype, a.shape, ours.requires_grad) == (b.dtype, b.shape, theirs.requires_grad)
        np.testing.assert_allclose(a, b, rtol=1e-12 if b.dtype == np.float64 else 1e-5, atol=1e-13)
    elif isinstance(theirs, list | tuple):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            assert_alike(a, b)
    else:
        assert ours == theirs


@pytest.mark.filterwarnings("ignore:Using backward.. with create_graph=True")
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_program(program):
    (ours, our_error), (theirs, their_error) = (outcome(program, library) for library in LIBRARIES)
    if not fails_alike(ours, our_error, theirs, their_error):
        assert_alike(ours, theirs)
        assert not any(np.shares_memory(array_of(a), X) for a in tensors_in(ours) if isinstance(a, bt.Tensor))


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
