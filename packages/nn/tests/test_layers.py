"""Layers by themselves: dropout's mask, first weights, and formulas with known answers."""

import math

import byhand.nn as nn
import byhand.nn.functional as F
import byhand.tensor as bt
import numpy as np
import pytest
from byhand.nn import init


def generator(seed=0):
    return bt.Generator().manual_seed(seed)


# ---------------------------------------------------------------------- dropout


def test_dropout_keeps_the_mean_and_masks_the_gradient():
    x = bt.full((200, 300), 2.0, requires_grad=True)
    y = F.dropout(x, 0.25, generator=generator())
    values = y.detach().numpy()
    assert set(np.unique(values)) == {np.float32(0), np.float32(2 / 0.75)}
    assert abs((values == 0).mean() - 0.25) < 0.01
    upstream = bt.randn(200, 300, generator=generator(1))
    y.backward(upstream)
    np.testing.assert_allclose(x.grad.numpy(), upstream.numpy() * values / 2, rtol=1e-6)


def test_dropout_at_its_limits_and_in_evaluation():
    x = bt.ones(5)
    assert F.dropout(x, 0.0) is x
    assert F.dropout(x, 1.0).tolist() == [0.0] * 5
    assert F.dropout(x, 0.9, training=False) is x
    layer = nn.Dropout(0.5).eval()
    assert layer(x) is x
    for p in (-0.1, 1.1):
        with pytest.raises(ValueError, match="between 0 and 1"):
            F.dropout(x, p)


def test_dropout_in_place_and_repeatable():
    x = bt.ones(50)
    assert F.dropout(x, 0.5, inplace=True, generator=generator(3)) is x
    assert x.tolist() == F.dropout(bt.ones(50), 0.5, generator=generator(3)).tolist()
    bt.manual_seed(5)
    first = nn.Dropout()(bt.ones(50)).tolist()
    bt.manual_seed(5)
    assert nn.Dropout()(bt.ones(50)).tolist() == first


def test_dropout_of_float64_stays_float64():
    assert F.dropout(bt.ones(3, dtype=bt.float64), 0.5).dtype == bt.float64


# ---------------------------------------------------------------------- first weights


def test_linear_begins_uniform_within_one_over_root_in():
    bt.manual_seed(0)
    layer = nn.Linear(100, 400)
    for parameter in (layer.weight, layer.bias):
        values = parameter.detach().numpy()
        assert abs(values).max() <= 0.1
        assert abs(values.std() - 0.1 / math.sqrt(3)) < 0.003
    assert nn.Linear(3, 2, bias=False).bias is None
    assert nn.Linear(3, 2, dtype=bt.float64).weight.dtype == bt.float64


@pytest.mark.parametrize(
    ("fill", "std", "bound"),
    [
        (lambda w, g: init.uniform_(w, -1, 3, g), 4 / math.sqrt(12), None),
        (lambda w, g: init.normal_(w, 0, 0.3, g), 0.3, None),
        (lambda w, g: init.xavier_uniform_(w, 2, g), 2 * math.sqrt(2 / 500), 2 * math.sqrt(6 / 500)),
        (lambda w, g: init.xavier_normal_(w, 2, g), 2 * math.sqrt(2 / 500), None),
        (lambda w, g: init.kaiming_uniform_(w, nonlinearity="relu", generator=g), math.sqrt(2 / 300), math.sqrt(6 / 300)),
        (lambda w, g: init.kaiming_normal_(w, mode="fan_out", generator=g), math.sqrt(2 / 200), None),
        (lambda w, g: init.kaiming_normal_(w, a=1, generator=g), math.sqrt(1 / 300), None),
    ],
)
def test_spread_of_first_weights(fill, std, bound):
    weight = bt.empty(200, 300)
    assert fill(weight, generator()) is weight
    values = weight.numpy()
    assert abs(values.std() / std - 1) < 0.02
    if bound is not None:
        assert bound * 0.99 < abs(values).max() <= bound * 1.000001
    again = bt.empty(200, 300)
    fill(again, generator())
    assert again.tolist() == weight.tolist()


def test_fans_of_a_convolution():
    weight = init.kaiming_normal_(bt.empty(64, 16, 5, 5), nonlinearity="linear", generator=generator())
    assert abs(weight.numpy().std() * 20 - 1) < 0.02
    with pytest.raises(ValueError, match="fewer than 2 dimensions"):
        init.xavier_normal_(bt.empty(3))


def test_truncated_normal():
    values = init.trunc_normal_(bt.empty(100, 200, dtype=bt.float64), 0.5, 2.0, -1, 1, generator()).numpy()
    assert values.min() >= -1
    assert values.max() <= 1
    low, high = (-1 - 0.5) / 2, (1 - 0.5) / 2
    density = lambda z: math.exp(-z * z / 2) / math.sqrt(2 * math.pi)  # noqa: E731
    mass = 0.5 * (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2)))
    assert abs(values.mean() - (0.5 + 2 * (density(low) - density(high)) / mass)) < 0.01
    far = init.trunc_normal_(bt.empty(50), 0, 1, 6, 7, generator()).numpy()
    assert far.min() >= 6
    with pytest.raises(ValueError, match="a < b"):
        init.trunc_normal_(bt.empty(2), a=1, b=0)


def test_exact_initialisers():
    assert init.eye_(bt.empty(2, 3)).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert init.constant_(bt.empty(2), 0.5).tolist() == [0.5, 0.5]
    assert init.ones_(bt.empty(1)).item() == 1
    assert init.zeros_(bt.empty(1)).item() == 0
    dirac = init.dirac_(bt.empty(4, 2, 3), groups=2).numpy()
    assert dirac[:, :, 1].tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]
    assert dirac.sum() == 4
    for shape in ((3, 5), (5, 3), (4, 2, 2)):
        rows = init.orthogonal_(bt.empty(*shape, dtype=bt.float64), 2, generator()).numpy().reshape(shape[0], -1)
        gram = rows @ rows.T if shape[0] <= rows.shape[1] else rows.T @ rows
        np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-12)
    sparse = init.sparse_(bt.empty(10, 30), 0.25, generator=generator()).numpy()
    assert ((sparse == 0).sum(axis=0) == 3).all()
    for fill, shape in ((init.eye_, (2,)), (init.dirac_, (2, 2)), (init.orthogonal_, (2,))):
        with pytest.raises(ValueError, match="dimensions"):
            fill(bt.empty(*shape))


def test_gains():
    assert init.calculate_gain("sigmoid") == 1
    assert init.calculate_gain("tanh") == pytest.approx(5 / 3)
    assert init.calculate_gain("relu") == pytest.approx(math.sqrt(2))
    assert init.calculate_gain("leaky_relu", 2) == pytest.approx(math.sqrt(0.4))
    assert init.calculate_gain("selu") == 0.75
    with pytest.raises(ValueError, match="Unsupported nonlinearity"):
        init.calculate_gain("swish")


def test_initialisers_fill_parameters_and_are_seen():
    layer = nn.Linear(2, 1)
    loss = (layer.weight * layer.weight).sum()
    init.ones_(layer.weight)
    assert layer.weight.requires_grad
    assert layer.weight.is_leaf
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


# ---------------------------------------------------------------------- formulas


def test_losses_with_known_answers():
    x, t = bt.tensor([2.0, -0.5, 0.25]), bt.tensor([1.0, -1.0, -1.0])
    assert F.hinge_loss(x, t).item() == pytest.approx((0 + 0.5 + 1.25) / 3)
    assert F.mse_loss(x, t).item() == pytest.approx((1 + 0.25 + 1.5625) / 3)
    p = bt.tensor([[0.25, 0.75], [0.5, 0.5]])
    assert nn.SparseCrossEntropyLoss()(p, bt.tensor([0, 1])).item() == pytest.approx((math.log(4) + math.log(2)) / 2)
    assert F.cross_entropy(bt.zeros(3, 8), bt.tensor([0, 3, 7])).item() == pytest.approx(math.log(8))
    assert F.binary_cross_entropy(bt.full((4,), 0.5), bt.ones(4)).item() == pytest.approx(math.log(2))
    with pytest.raises(ValueError, match=r"-1 or \+1"):
        F.hinge_loss(x, bt.tensor([0.0, 1.0, 1.0]))
    with pytest.raises(ValueError, match="size"):
        F.hinge_loss(bt.ones(3, 1), t)


def test_batch_norm_normalises():
    x = bt.randn(50, 4, generator=generator()) * 3 + 7
    y = nn.BatchNorm1d(4)(x).detach().numpy()
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axis=0), 1, atol=1e-4)


def test_batch_norm_and_the_running_statistics_it_changes_in_place():
    norm = nn.BatchNorm1d(2, affine=False)
    x = bt.ones(3, 2, requires_grad=True)
    upstream = bt.randn(3, 2, generator=generator())
    evaluated = norm.eval()(x * 2)
    weighted = (x * norm.running_mean).sum()
    norm.train()(bt.randn(5, 2, generator=generator()) * 9 + 4)
    evaluated.backward(upstream)  # with the statistics of its own time
    np.testing.assert_allclose(x.grad.numpy(), upstream.numpy() * 2 / math.sqrt(1 + 1e-5), rtol=1e-6)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        weighted.backward()


def test_batch_norm_weight_gradient_in_evaluation_uses_the_statistics_of_its_time():
    norm = nn.BatchNorm1d(2)
    x = bt.randn(4, 2, generator=generator())
    evaluated = norm.eval()(x)
    norm.train()(x * 5 + 3)
    evaluated.sum().backward()
    np.testing.assert_allclose(norm.weight.grad.numpy(), x.numpy().sum(axis=0) / math.sqrt(1 + 1e-5), rtol=1e-5)


def test_batch_norm_with_a_large_mean_keeps_its_digits():
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    near, far = (nn.BatchNorm1d(3)(bt.tensor(x + shift)).detach().numpy() for shift in (np.float32(0), np.float32(1000)))
    np.testing.assert_allclose(near, far, atol=1e-3)


def test_every_loss_module_calls_its_function():
    x, t = bt.rand(4, 3, generator=generator()), bt.rand(4, 3, generator=generator(1))
    classes, w = bt.tensor([0, 2, 1, 1]), bt.rand(3, generator=generator(2))
    pairs = [
        (nn.MSELoss(reduction="sum")(x, t), F.mse_loss(x, t, reduction="sum")),
        (nn.L1Loss()(x, t), F.l1_loss(x, t)),
        (nn.HuberLoss(delta=0.1)(x, t), F.huber_loss(x, t, delta=0.1)),
        (nn.SmoothL1Loss(beta=0.1)(x, t), F.smooth_l1_loss(x, t, beta=0.1)),
        (nn.HingeLoss()(x, bt.ones(4, 3)), F.hinge_loss(x, bt.ones(4, 3))),
        (nn.BCELoss(w)(x, t), F.binary_cross_entropy(x, t, w)),
        (nn.BCEWithLogitsLoss(pos_weight=w)(x, t), F.binary_cross_entropy_with_logits(x, t, pos_weight=w)),
        (nn.NLLLoss(w, ignore_index=1)(x, classes), F.nll_loss(x, classes, w, ignore_index=1)),
        (
            nn.CrossEntropyLoss(w, label_smoothing=0.1, ignore_index=1, reduction="sum")(x, classes),
            F.cross_entropy(x, classes, w, label_smoothing=0.1, ignore_index=1, reduction="sum"),
        ),
    ]
    for left, right in pairs:
        assert left.item() == right.item()
    assert list(nn.CrossEntropyLoss(w).state_dict()) == ["weight"]
    assert nn.NLLLoss(w).double().weight.dtype == bt.float64


def test_exported_names_are_sorted_and_there():
    for room in (nn, F, init):
        assert room.__all__ == sorted(room.__all__)
        assert all(hasattr(room, name) for name in room.__all__)
