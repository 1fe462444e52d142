"""Every function of `byhand.nn.functional` against PyTorch's: values, gradients, second derivatives, dtypes, errors."""

import warnings
from functools import partial

import byhand.nn.functional as F
import byhand.tensor as bt
import numpy as np
import pytest
import torch
import torch.nn.functional as TF
from beside_torch import agree, compare

DTYPES = ("float32", "float64")
REDUCTIONS = ("mean", "sum", "none")


def numbers(*shape, dtype="float64", seed=0, scale=2.0):
    return np.asarray(np.random.default_rng(seed).normal(size=shape) * scale).astype(dtype)


# ---------------------------------------------------------------------- activations

ACTIVATIONS = [
    ("relu", {}), ("relu6", {}), ("leaky_relu", {}), ("leaky_relu", {"negative_slope": 0.3}), ("elu", {}),
    ("elu", {"alpha": 1.7}), ("selu", {}), ("gelu", {}), ("gelu", {"approximate": "tanh"}), ("silu", {}), ("sigmoid", {}),
    ("tanh", {}), ("softplus", {}), ("softplus", {"beta": 3, "threshold": 2}), ("hardtanh", {}), ("mish", {}),
    ("hardtanh", {"min_val": -0.5, "max_val": 2}), ("logsigmoid", {}), ("softsign", {}), ("softmax", {"dim": 1}),
    ("log_softmax", {"dim": -2}),
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "options"), ACTIVATIONS)
def test_activation(name, options, dtype):
    x = numbers(3, 5, 2, dtype=dtype, scale=4)
    compare(partial(getattr(F, name), **options), partial(getattr(TF, name), **options), x, second=dtype == "float64")


@pytest.mark.parametrize(("name", "options"), [row for row in ACTIVATIONS if "max" not in row[0]])
def test_activation_far_out_and_at_zero(name, options):
    x = np.array([-1e4, -200.0, -90.0, -30.0, 0.0, 30.0, 90.0, 200.0, 1e4])
    compare(partial(getattr(F, name), **options), partial(getattr(TF, name), **options), x, second=False)


@pytest.mark.parametrize("name", ["relu", "relu6", "leaky_relu", "elu", "selu", "silu", "hardtanh", "mish"])
def test_activation_in_place(name):
    x = numbers(4, 3)
    compare(
        lambda t: getattr(F, name)(t * 1.5, inplace=True) * t,
        lambda t: getattr(TF, name)(t * 1.5, inplace=True) * t,
        x,
    )
    ours = bt.tensor(x)
    assert getattr(F, name)(ours, inplace=True) is ours


def test_gelu_of_unknown_kind():
    for library, gelu in ((bt, F.gelu), (torch, TF.gelu)):
        with pytest.raises(RuntimeError, match="approximate"):
            gelu(library.zeros(2), approximate="sigmoid")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["erf", "erfc"])
def test_error_function(name, dtype):
    x = np.concatenate([np.linspace(-7, 7, 4001), [0.0, -0.0, 0.46875, 4.0, 30.0, -30.0, np.inf, -np.inf]]).astype(dtype)
    left, right = getattr(bt, name)(bt.tensor(x)).numpy(), getattr(torch, name)(torch.tensor(x)).numpy()
    tolerance = {"rtol": 1e-6, "atol": 1.5e-7} if dtype == "float32" else {"rtol": 2e-15, "atol": 1e-300}
    np.testing.assert_allclose(left, right, **tolerance)
    compare(getattr(bt, name), getattr(torch, name), numbers(4, 3, dtype=dtype), second=dtype == "float64")


# ---------------------------------------------------------------------- layers


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(4,), (7, 4), (2, 3, 4), (2, 3, 5, 4), (0, 4)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear(shape, bias, dtype):
    arrays = [numbers(*shape, dtype=dtype), numbers(6, 4, dtype=dtype, seed=1)]
    arrays += [numbers(6, dtype=dtype, seed=2)] if bias else []
    compare(F.linear, TF.linear, *arrays, second=dtype == "float64")


def test_linear_of_a_transposed_input():
    compare(lambda x, w: F.linear(x.T, w), lambda x, w: TF.linear(x.T, w), numbers(4, 7), numbers(6, 4, seed=1))


@pytest.mark.parametrize(
    ("input", "weight", "bias"),
    [((3, 5), (2, 4), None), ((3, 4), (2, 4), (3,)), ((), (2, 4), None)],
)
def test_linear_refuses_sizes_that_do_not_fit(input, weight, bias):
    for library, linear in ((bt, F.linear), (torch, TF.linear)):
        with pytest.raises(RuntimeError):
            linear(library.zeros(input), library.zeros(weight), None if bias is None else library.zeros(bias))
    with pytest.raises(RuntimeError, match=str(weight[0])):
        F.linear(bt.zeros(input), bt.zeros(weight), None if bias is None else bt.zeros(bias))


def test_linear_refuses_two_dtypes():
    for library, linear in ((bt, F.linear), (torch, TF.linear)):
        with pytest.raises(RuntimeError, match="same dtype"):
            linear(library.zeros(3, 4), library.zeros(2, 4, dtype=library.float64))


SHAPES = [(6, 3), (5, 3, 4), (4, 3, 2, 5)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm(shape, training, affine, dtype):
    mean, var = numbers(3, dtype=dtype, seed=1), np.abs(numbers(3, dtype=dtype, seed=2)) + 0.5
    arrays = [numbers(*shape, dtype=dtype) + 1]
    arrays += [numbers(3, dtype=dtype, seed=3), numbers(3, dtype=dtype, seed=4)] if affine else []

    def call(library, batch_norm, x, *rest):
        return batch_norm(x, library.tensor(mean), library.tensor(var), *rest, training=training, momentum=0.3, eps=1e-3)

    compare(partial(call, bt, F.batch_norm), partial(call, torch, TF.batch_norm), *arrays, second=dtype == "float64")


def test_batch_norm_channels_last_in_memory():
    x = numbers(4, 2, 5, 3)
    compare(
        lambda t: F.batch_norm(t.permute(0, 3, 1, 2), None, None, training=True),
        lambda t: TF.batch_norm(t.permute(0, 3, 1, 2), None, None, training=True),
        x,
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm_moves_the_running_statistics(shape):
    x = numbers(*shape)
    found = []
    for library, batch_norm in ((bt, F.batch_norm), (torch, TF.batch_norm)):
        mean, var = library.zeros(3, dtype=library.float64), library.ones(3, dtype=library.float64)
        for _ in range(3):
            batch_norm(library.tensor(x), mean, var, training=True, momentum=0.2)
        found.append((mean, var))
    agree(found[0][0], found[1][0])
    agree(found[0][1], found[1][1])


def test_batch_norm_errors():
    for library, batch_norm in ((bt, F.batch_norm), (torch, TF.batch_norm)):
        with pytest.raises(ValueError, match="Expected more than 1 value per channel when training"):
            batch_norm(library.zeros(1, 3), None, None, training=True)
        with pytest.raises(RuntimeError, match="running_mean"):
            batch_norm(library.zeros(2, 3), None, None, training=False)
        with pytest.raises(RuntimeError, match="should contain 3 elements"):
            batch_norm(library.zeros(2, 3), library.zeros(4), library.ones(3), training=True)
        with pytest.raises(RuntimeError):
            batch_norm(library.zeros(2, 3), None, None, library.ones(3, dtype=library.float64), training=True)


# ---------------------------------------------------------------------- losses between numbers


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mse_loss", {}), ("l1_loss", {}), ("smooth_l1_loss", {}), ("smooth_l1_loss", {"beta": 0.4}),
        ("smooth_l1_loss", {"beta": 0.0}), ("huber_loss", {}), ("huber_loss", {"delta": 1.7}),
    ],
)  # fmt: skip
def test_regression_loss(name, options, reduction, dtype):
    arrays = numbers(4, 3, dtype=dtype), numbers(4, 3, dtype=dtype, seed=1)
    ours = partial(getattr(F, name), reduction=reduction, **options)
    theirs = partial(getattr(TF, name), reduction=reduction, **options)
    compare(ours, theirs, *arrays, second=dtype == "float64")


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_huber_loss_with_weights(reduction):
    arrays = numbers(4, 3), numbers(4, 3, seed=1), np.abs(numbers(4, 3, seed=2))
    compare(
        lambda x, t, w: F.huber_loss(x, t, reduction, 0.7, w),
        lambda x, t, w: TF.huber_loss(x, t, reduction, 0.7, w),
        *arrays,
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss"])
def test_regression_loss_with_weights(name, reduction):
    compare(
        lambda x, t, w: getattr(F, name)(x, t, reduction=reduction, weight=w),
        lambda x, t, w: getattr(TF, name)(x, t, reduction=reduction, weight=w),
        *(numbers(4, 3), numbers(4, 3, seed=1), np.abs(numbers(4, 3, seed=2))),
    )


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
def test_column_beside_row_warns_and_broadcasts(name):
    x, t = numbers(4, 1), numbers(4, seed=1)
    for library, functional in ((bt, F), (torch, TF)):
        with pytest.warns(UserWarning, match=r"target size \(torch.Size\(\[4\]\)\) .* input size \(torch.Size\(\[4, 1\]\)\)"):
            getattr(functional, name)(library.tensor(x), library.tensor(t))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compare(getattr(F, name), getattr(TF, name), x, t)


def test_regression_loss_errors():
    for library, functional in ((bt, F), (torch, TF)):
        x = library.zeros(3)
        with pytest.raises(ValueError, match="reduction"):
            functional.mse_loss(x, x, reduction="average")
        with pytest.raises(RuntimeError, match="beta"):
            functional.smooth_l1_loss(x, x, beta=-1.0)
        with pytest.raises(RuntimeError, match="delta"):
            functional.huber_loss(x, x, delta=0.0)
        with pytest.raises(ValueError, match="same size"):
            functional.mse_loss(x, x, weight=library.ones(1))
        with pytest.raises(RuntimeError), pytest.warns(UserWarning, match="target size"):
            functional.mse_loss(x, library.zeros(4))
