"""Custom operations: what their backward gets and returns, what they save, what they may change."""

import gc
import weakref

import byhand.tensor as bt
import pytest
from byhand.tensor.autograd import Function, gradcheck, gradgradcheck
from byhand.tensor.autograd.function import once_differentiable


class Product(Function):
    """z = x y.   x̄ = z̄ y,   ȳ = z̄ x"""

    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return g * y, g * x


class Exp(Function):
    """y = eˣ.   x̄ = ȳ y"""

    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y


class Both(Function):
    """(s, p) = (x + y, x y), with forward and context apart."""

    @staticmethod
    def forward(x, y, scale=2.0):
        return scale * (x + y), x * y

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, y, ctx.scale = inputs
        ctx.save_for_backward(x, y)
        ctx.set_materialize_grads(False)
        ctx.seen = []

    @staticmethod
    def backward(ctx, gs, gp):
        x, y = ctx.saved_tensors
        ctx.seen.append((gs is None, gp is None))
        gx = gy = 0.0
        if gs is not None:
            gx, gy = gs * ctx.scale, gs * ctx.scale
        if gp is not None:
            gx, gy = gx + gp * y, gy + gp * x
        return gx, gy, None


def leaf(*shape):
    return bt.randn(*shape, dtype=bt.float64, requires_grad=True)


@pytest.fixture(autouse=True)
def seeded():
    bt.manual_seed(3)


@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_first_and_second_derivatives(check):
    x, y = leaf(2, 3), leaf(3)
    assert check(Product.apply, (leaf(2, 3), leaf(2, 3)))
    assert check(lambda a, b: Product.apply(a.tanh(), b.expand(2, 3)), (x, y))
    assert check(Exp.apply, x)
    assert check(lambda a: Exp.apply(Exp.apply(a) * 0.3).sum(1), x)
    assert check(Both.apply, (leaf(2, 3), leaf(2, 3)))
    assert check(lambda a, b: Both.apply(a, b, scale=3.0)[1], (leaf(2, 3), leaf(2, 3)))


def test_absent_gradients_are_zeros_or_none():
    class Split(Function):
        @staticmethod
        def forward(ctx, x):
            return x[:1] * 2, x[1:] * 3, "not a tensor"

        @staticmethod
        def backward(ctx, first, second, nothing):
            assert nothing is None
            return bt.cat([first * 2, second * 3])

    x = leaf(3)
    _, second, word = Split.apply(x)
    assert word == "not a tensor"
    assert bt.autograd.grad(second.sum(), x)[0].tolist() == [0.0, 3.0, 3.0]
    a, b = leaf(2), leaf(2)
    _, product = Both.apply(a, b)
    product.sum().backward()
    assert a.grad.tolist() == b.tolist()


def test_broadcasting_is_undone_and_the_dtype_kept():
    class Grown(Function):
        @staticmethod
        def forward(ctx, x):
            return x.expand(4, 3) * 1

        @staticmethod
        def backward(ctx, g):
            return g.double()

    x = bt.randn(1, 3, requires_grad=True)
    Grown.apply(x).sum().backward()
    assert x.grad.shape == (1, 3) and x.grad.dtype == bt.float32 and x.grad.tolist() == [[4.0] * 3]


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda g: (), "incorrect number of gradients"),
        (lambda g: (g, None, g), "incorrect number of gradients"),
        (lambda g: (g, g), "different than None at position 2"),
        (lambda g: (3.0, None), "expected Variable or None"),
        (lambda g: (g[:2], None), "invalid gradient at index 0"),
    ],
)
def test_wrong_answers_of_backward(answer, message):
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x, k):
            return x * k

        @staticmethod
        def backward(ctx, g):
            return answer(g)

    x = leaf(3)
    with pytest.raises(RuntimeError, match=message):
        Wrong.apply(x, 2).sum().backward()
    assert x.grad is None


def test_a_returned_tensor_stays_the_users_own():
    kept = bt.ones(3, dtype=bt.float64)

    class Kept(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return kept

    x = leaf(3)
    (Kept.apply(x) + Kept.apply(x) + x).sum().backward()
    assert x.grad.tolist() == [3.0] * 3 and kept.tolist() == [1.0] * 3


def test_saved_tensors_are_freed_and_their_versions_checked():
    x = leaf(3)
    y = Exp.apply(x)
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.sum().backward()
    z = Exp.apply(x)
    z.mul_(2.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()
    a = leaf(3) * 1
    p = Product.apply(a, a)
    a.add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        p.sum().backward()
    with pytest.raises(TypeError, match="argument 0 is of type int"):
        class Saves(Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(3)
                return x

        Saves.apply(x)


def test_a_step_dies_with_its_last_tensor():
    x = leaf(3)
    gc.disable()
    try:
        y = Exp.apply(x)
        node = weakref.ref(y.grad_fn)
        pair = Both.apply(x, x)
        shared = weakref.ref(pair[0].grad_fn)
        del y, pair
        assert node() is None and shared() is None
    finally:
        gc.enable()


def test_names_and_attributes():
    x = leaf(3)
    y = Exp.apply(x)
    assert y.grad_fn.name() == "ExpBackward" and "ExpBackward" in repr(y.grad_fn)
    assert y.grad_fn.next_functions[0][0] is x
    with bt.no_grad():
        assert not Exp.apply(x).requires_grad
    assert not Exp.apply(x.detach()).requires_grad


def test_needs_input_grad_and_constants():
    seen = []

    class Halves(Function):
        @staticmethod
        def forward(ctx, x, y):
            seen.append(ctx.needs_input_grad)
            whole, rest = x.floor(), x * y
            ctx.mark_non_differentiable(whole)
            ctx.y = y
            return whole, rest, (x > 0)

        @staticmethod
        def backward(ctx, _, g, __):
            return g * ctx.y, None

    x = leaf(3)
    whole, rest, sign = Halves.apply(x, bt.ones(3, dtype=bt.float64) * 2)
    assert seen == [(True, False)]
    assert not whole.requires_grad and not sign.requires_grad and rest.requires_grad
    rest.sum().backward()
    assert x.grad.tolist() == [2.0] * 3


def test_once_differentiable():
    class Cube(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return bt.from_numpy(3 * g.numpy() * x.detach().numpy() ** 2)

    x = leaf(3)
    assert gradcheck(Cube.apply, x)
    (g,) = bt.autograd.grad(Cube.apply(x).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        g.sum().backward()


def test_hooks_and_retained_gradients():
    x = leaf(3)
    y = Exp.apply(x)
    y.retain_grad()
    y.register_hook(lambda g: g * 2)
    y.sum().backward()
    assert y.grad.tolist() == [2.0] * 3 and bt.allclose(x.grad, 2 * y)


def test_what_is_not_implemented_says_so():
    class Nothing(Function):
        pass

    class Half(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    with pytest.raises(NotImplementedError, match="forward"):
        Nothing.apply(leaf(2))
    with pytest.raises(NotImplementedError, match="backward"):
        Half.apply(leaf(2)).sum().backward()


def test_inference_tensors_cannot_be_saved():
    with bt.inference_mode():
        constant = bt.ones(3, dtype=bt.float64)
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved"):
        Product.apply(leaf(3), constant)
