"""Hooks, leaves, modes, changes of values, protocols: the same program on both libraries must end in the same way."""

import copy

import pytest
from programs import G, X, Y, check, leaf, programs_of


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


@pytest.mark.parametrize("program", programs_of(globals()))
def test_program(program):
    check(program)
