"""Custom operations that change or hand on their inputs."""

import byhand.tensor as bt
import pytest
from byhand.tensor.autograd import Function


def leaf(*shape):
    return bt.randn(*shape, dtype=bt.float64, requires_grad=True)


class Double_(Function):
    """Doubles its input in place."""

    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2.0)

    @staticmethod
    def backward(ctx, g):
        return g * 2.0


def test_inputs_changed_in_place():
    x = leaf(2, 3)
    y = x * 1
    z = Double_.apply(y)
    assert z is y and y.grad_fn.name() == "Double_Backward"
    (y * y).sum().backward()  # 4x²
    assert bt.allclose(x.grad, 8 * x)

    x.grad = None
    y = x * 1
    row = y[0]
    Double_.apply(row)
    (y * y).sum().backward()
    assert bt.allclose(x.grad, 2 * x * bt.tensor([[4.0], [1.0]], dtype=bt.float64))

    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        Double_.apply(leaf(2))

    class Forgets(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x * 2

    with pytest.raises(RuntimeError, match="not returned as output"):
        Forgets.apply(x * 1)


def test_an_input_handed_through_is_a_new_step_that_cannot_be_changed_in_place():
    class Reverse(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return -g

    x = leaf(3)
    y = Reverse.apply(x)
    assert y is not x and x.is_leaf
    y.sum().backward()
    assert x.grad.tolist() == [-1.0] * 3
    with pytest.raises(RuntimeError, match="modified in place"):
        y.add_(1.0)
