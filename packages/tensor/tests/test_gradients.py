"""The backward pass by itself: lifetimes, depth, threads, own operations, and what the errors say."""

import copy
import gc
import pickle
import threading
import weakref

import byhand.tensor as bt
import numpy as np
import pytest
from byhand.tensor.autograd import grad


def leaf(*shape, seed=0):
    return bt.randn(*shape, generator=bt.Generator().manual_seed(seed), dtype=bt.float64, requires_grad=True)


def test_a_graph_dies_with_its_last_tensor():
    gc.collect()
    gc.disable()
    try:
        x = leaf(4, 3)
        hidden = bt.tanh(x @ leaf(3, 4)).softmax(1)
        loss = ((hidden * hidden)[1:, 0].sum() + hidden.max(0).values.mean()).exp()
        nodes, stack = [], [loss.grad_fn]
        while stack:
            node = stack.pop()
            if node is not None and not isinstance(node, bt.Tensor):
                nodes.append(weakref.ref(node))
                stack += [parent for parent, _ in node.next_functions]
        arrays = weakref.ref(hidden._data)
        loss.backward(retain_graph=True)
        grad(loss, x, create_graph=True)
        del loss, hidden, node
        assert len(nodes) > 8
        assert not any(node() for node in nodes) and arrays() is None
    finally:
        gc.enable()


def test_a_hundred_thousand_steps():
    x = bt.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y * 1.0
    y.backward()
    assert x.grad.item() == 1
    del y


def test_saved_values_go_with_the_backward_pass():
    x = leaf(3)
    y = x * 1
    z = y * y
    array = weakref.ref(y._data)
    del y
    assert array() is not None
    z.sum().backward()
    assert array() is None


def test_leaves_share_no_gradient_memory():
    a, b, c = leaf(3), leaf(3), leaf(3)
    g = bt.ones(3, dtype=bt.float64)
    (a + b + c).backward(g)
    memories = [a.grad._data, b.grad._data, c.grad._data, g._data]
    assert not any(np.shares_memory(p, q) for i, p in enumerate(memories) for q in memories[:i])


def test_two_backward_passes_in_two_threads():
    expected, results = [], {}
    for seed in range(2):
        x = leaf(20, 20, seed=seed)
        (x @ x).tanh().sum().backward()
        expected.append(x.grad._data)
    barrier = threading.Barrier(2)

    def work(seed):
        barrier.wait()
        for _ in range(30):
            x = leaf(20, 20, seed=seed)
            (x @ x).tanh().sum().backward()
        results[seed] = x.grad._data

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert all((results[seed] == expected[seed]).all() for seed in range(2))


def test_modes_belong_to_their_thread():
    seen = []
    with bt.no_grad():
        thread = threading.Thread(target=lambda: seen.append(bt.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_an_own_operation():
    from byhand.tensor._op import op

    @op
    def softplus(input, *, beta=1.0):
        return np.log1p(np.exp(beta * input)) / beta

    @softplus.vjp("input")
    def _(g, input, beta):
        return g / (1 + np.exp(-beta * input))

    x = leaf(4)
    (first,) = grad(softplus(x, beta=2.0).sum(), x, create_graph=True)
    s = 1 / (1 + np.exp(-2 * x._data))
    np.testing.assert_allclose(first._data, s, rtol=1e-12)
    (second,) = grad(first.sum(), x)
    np.testing.assert_allclose(second._data, 2 * s * (1 - s), rtol=1e-12)
    assert softplus(x).grad_fn.name() == "SoftplusBackward0"
    with pytest.raises(ValueError, match="asks for 'nonsense'"):
        softplus.vjp("input")(lambda g, nonsense: g)
    with pytest.raises(ValueError, match="no array input 'other'"):
        softplus.vjp("other")


def test_an_input_may_not_be_called_like_an_output():
    from byhand.tensor._op import op

    with pytest.raises(ValueError, match="names both an input and an output"):

        @op
        def confused(g, out):
            return g * out


def test_an_operation_without_a_rule():
    from byhand.tensor._op import op

    @op
    def half_known(a, b):
        return a * b

    @half_known.vjp("a")
    def _(g, b):
        return g * b

    half_known(leaf(2), bt.ones(2, dtype=bt.float64)).sum().backward()
    with pytest.raises(RuntimeError, match="derivative of half_known for 'b'"):
        half_known(leaf(2), leaf(2))


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (lambda: bt.ones(3, 4) + bt.ones(3), RuntimeError, ["add", "(3, 4)", "(3,)", "float32"]),
        (lambda: bt.ones(2, 3) @ bt.ones(2, 3), RuntimeError, ["matmul", "(2, 3)"]),
        (lambda: bt.ones(2, 3).sum(5), IndexError, ["sum", "5", "(2, 3)"]),
        (lambda: bt.ones(2, 3)[5], IndexError, ["5", "(2, 3)"]),
        (lambda: bt.ones(2, 3)[0, 0, 0], IndexError, ["too many", "2", "3"]),
        (lambda: bt.ones(2, 3).reshape(4), RuntimeError, ["[4]", "6"]),
        (lambda: bt.ones(2, 3).t().view(6), RuntimeError, ["view", "[6]", "[3, 2]", "reshape"]),
        (lambda: bt.tensor([True]) - 1, RuntimeError, ["bool", "~"]),
        (lambda: bt.tensor([1]).mean(), RuntimeError, ["int64", "float()"]),
        (lambda: bt.add(bt.ones(2)), TypeError, ["add", "other"]),
        (lambda: bt.ones(2).sum(axes=1), TypeError, ["sum", "axes", "dim"]),
        (lambda: leaf(2, 3).backward(), RuntimeError, ["(2, 3)", "gradient="]),
        (lambda: bt.ones(2).backward(), RuntimeError, ["does not require grad", "(2,)"]),
        (lambda: leaf(2).add_(1), RuntimeError, ["leaf", "add_", "no_grad"]),
        (lambda: bt.ones(2, 3, requires_grad=True).long().requires_grad_(), RuntimeError, ["int64", "float()"]),
        (lambda: bt.stack([bt.ones(2), bt.ones(3)]), RuntimeError, ["[2]", "[3]", "entry 1"]),
        (lambda: bt.ones(2, 3).expand(4, 3), RuntimeError, ["expand", "(2, 3)", "(4, 3)"]),
        (lambda: bt.ones(2).to("cuda"), RuntimeError, ["cuda", "CPU"]),
        (lambda: grad(leaf(2).sum(), leaf(2)), RuntimeError, ["not have been used", "inputs[0]", "allow_unused"]),
    ],
)
def test_errors_say_what_was_asked(wrong, error, words):
    with pytest.raises(error) as caught:
        wrong()
    missing = [word for word in words if word not in str(caught.value)]
    assert not missing, f"{missing} not in: {caught.value}"


def test_a_second_backward_names_the_operation():
    loss = leaf(3).exp().sum()
    loss.backward()
    with pytest.raises(RuntimeError, match=r"second time.*exp"):
        loss.backward()


def test_a_changed_value_names_operation_and_versions():
    h = leaf(3) * 1
    y = h * h
    h.add_(1).add_(1)
    with pytest.raises(RuntimeError, match=r"'\w+' of mul, shape \(3,\), is at version 2; expected version 0"):
        y.sum().backward()


@pytest.mark.parametrize("change", [
    lambda t: t.add_(bt.ones(5)), lambda t: t.copy_(bt.ones(5)), lambda t: t.mul_("a"), lambda t: t.fill_(bt.ones(2)),
    lambda t: t.__setitem__(0, bt.ones(7)), lambda t: t.__setitem__(9, 1.0), lambda t: t.add_(bt.ones(2, 3, 4)),
    lambda t: t.long().div_(2), lambda t: t.clamp_(), lambda t: t.logical_and_(bt.ones(9)),
])  # fmt: skip
def test_errors_change_nothing(change):
    t = bt.arange(12.0).reshape(3, 4) * 1
    before, version = t._data.copy(), t._version[0]
    with pytest.raises((RuntimeError, TypeError, IndexError)):
        change(t)
    assert (t._data == before).all() and t._version[0] == version and t.shape == (3, 4)


def test_copies_and_pickles():
    x = bt.ones(2, 3, requires_grad=True)
    (x * 2).sum().backward()
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert twin.requires_grad and twin.is_leaf and (twin == x).all()
        assert not np.shares_memory(twin._data, x._data)
    assert (copy.deepcopy(x).grad == x.grad).all() and copy.deepcopy(x).grad is not x.grad
    pair = copy.deepcopy([x, x])
    assert pair[0] is pair[1]
    view = pickle.loads(pickle.dumps(bt.arange(6).reshape(2, 3).t()))
    assert view.tolist() == [[0, 3], [1, 4], [2, 5]]
    with pytest.raises(RuntimeError, match="leaves"):
        copy.deepcopy(x * 2)
