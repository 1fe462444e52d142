"""The activations of `byhand.nn` against PyTorch's: its own samples, kinks, in-place forms, random ones, large arrays, errors."""

import inspect
import warnings
from functools import partial

import byhand.nn as bn
import byhand.nn.functional as F
import byhand.tensor as bt
import numpy as np
import opinfo
import pytest
import torch
import torch.nn.functional as TF
from beside_torch import agree, compare

NAMES = """
    celu elu gelu glu hardshrink hardsigmoid hardswish hardtanh leaky_relu logsigmoid mish prelu relu relu6 selu silu
    softmin softplus softshrink softsign tanhshrink threshold
"""
IN_PLACE = [
    ("relu_", {}), ("leaky_relu_", {"negative_slope": 0.2}), ("elu_", {"alpha": 0.7}), ("celu_", {"alpha": 2.0}),
    ("selu_", {}), ("hardtanh_", {"min_val": -0.4}), ("threshold_", {"threshold": 0.3, "value": -2.0}),
    ("rrelu_", {"lower": 0.1, "upper": 0.3}),
]  # fmt: skip
KINKS = [
    ("relu", {}), ("relu6", {}), ("hardswish", {}), ("hardtanh", {}), ("leaky_relu", {}), ("elu", {}),
    ("celu", {"alpha": 2.0}), ("selu", {}), ("hardshrink", {"lambd": 3.0}), ("softshrink", {"lambd": 3.0}),
    ("threshold", {"threshold": 3.0, "value": 7.0}), ("softplus", {"beta": 2.0, "threshold": 6.0}),
]  # fmt: skip


@pytest.mark.parametrize(("info", "dtype"), opinfo.cases(" ".join(f"nn.functional.{name}" for name in NAMES.split())))
def test_samples(info, dtype):
    opinfo.agrees(info, dtype)


@pytest.mark.parametrize(("info", "dtype"), opinfo.cases("softmax log_softmax"))
def test_samples_of_softmax_as_functions(info, dtype):
    samples = list(info.sample_inputs("cpu", dtype))
    for sample in samples:
        ours = getattr(F, info.name)(opinfo.as_ours(sample.input), *sample.args, **opinfo.mapped(opinfo.as_ours, sample.kwargs))
        opinfo.same(ours, getattr(TF, info.name)(sample.input, *sample.args, **sample.kwargs), info.name)


@pytest.mark.parametrize("name", sorted({*NAMES.split(), "softmax", "log_softmax", "rrelu", "gumbel_softmax"}))
def test_arguments(name):
    """Names, order and defaults are PyTorch's, where these can be read off."""
    try:
        expected = inspect.signature(getattr(TF, name)).parameters
    except ValueError:
        return
    found = inspect.signature(getattr(F, name)).parameters
    assert [(p.name, p.default) for p in found.values()] == [(p.name, p.default) for p in expected.values()]


@pytest.mark.parametrize(("name", "options"), KINKS)
def test_at_kinks(name, options):
    x = np.array([-6.0, -3.0, -0.0, 0.0, 3.0, 6.0, np.inf])
    compare(partial(getattr(F, name), **options), partial(getattr(TF, name), **options), x, second=False)
    nan = getattr(F, name)(bt.tensor([float("nan")]), **options)
    assert np.isnan(nan.item())


@pytest.mark.parametrize("form", [F.hardsigmoid, partial(F.hardsigmoid, inplace=True), bn.Hardsigmoid()])
def test_hardsigmoid(form):
    """PyTorch's own gradient holds 1/6 in float32 only, even for float64: the formula says more."""
    x = np.array([-np.inf, -6.0, -3.0, -1.2, 0.0, 0.7, 3.0, 6.0, np.inf])
    compare(lambda t: form(t * 1), lambda t: TF.hardtanh(t * 1 + 3, 0.0, 6.0) / 6, x)


@pytest.mark.parametrize(("name", "options"), IN_PLACE)
def test_in_place(name, options):
    x = np.random.default_rng(0).normal(size=(4, 3)) * 2
    compare(
        lambda t: getattr(F, name)(t * 1.5, **options) * t,
        lambda t: getattr(TF, name)(t * 1.5, **options) * t,
        x,
    )
    tensor = bt.tensor(x)
    assert getattr(F, name)(tensor, **options) is tensor


@pytest.mark.parametrize("name", ["celu", "hardswish", "threshold", "rrelu"])
def test_in_place_by_argument(name):
    options = {"threshold": 0.3, "value": 2.0} if name == "threshold" else {}
    x = np.random.default_rng(0).normal(size=(4, 3)) * 3
    compare(
        lambda t: getattr(F, name)(t * 1.5, inplace=True, **options) * t,
        lambda t: getattr(TF, name)(t * 1.5, inplace=True, **options) * t,
        x,
    )


def test_rrelu_in_training():
    x = np.random.default_rng(0).normal(size=(50, 40))
    for form in (F.rrelu, F.rrelu_):
        tensor = bt.tensor(x, requires_grad=True)
        y = form(tensor * 1.0, 0.2, 0.6, training=True)
        left = x < 0
        slopes = y.detach().numpy()[left] / x[left]
        assert slopes.min() >= 0.2 and slopes.max() <= 0.6 and 0.3 < slopes.mean() < 0.5 and len(np.unique(slopes)) > 900
        np.testing.assert_array_equal(y.detach().numpy()[~left], x[~left])
        y.sum().backward()
        np.testing.assert_allclose(tensor.grad.numpy()[left], slopes)
        assert (tensor.grad.numpy()[~left] == 1).all()
    assert F.rrelu(bt.tensor(x).float(), training=True).dtype == bt.float32
    module = bn.RReLU(0.3, 0.3)
    np.testing.assert_allclose(module(bt.tensor(x)).numpy(), module.eval()(bt.tensor(x)).numpy())


def test_gumbel_softmax_draws_with_the_chances_of_softmax():
    bt.manual_seed(1)
    chances = np.array([0.1, 0.2, 0.7])
    logits = bt.tensor(np.log(np.broadcast_to(chances, (4000, 3))), requires_grad=True)
    soft, hard = F.gumbel_softmax(logits, tau=0.5), F.gumbel_softmax(logits, tau=0.5, hard=True)
    np.testing.assert_allclose(soft.sum(-1).detach().numpy(), 1)
    np.testing.assert_allclose(np.sort(hard.detach().numpy(), -1), np.broadcast_to([0, 0, 1], (4000, 3)), atol=1e-12)
    for draw in (np.eye(3)[soft.detach().numpy().argmax(-1)], hard.detach().numpy()):
        np.testing.assert_allclose(draw.mean(0), chances, atol=0.03)
    hard[:, 0].sum().backward()
    assert np.abs(logits.grad.numpy()).max() > 0.1
    with pytest.warns(UserWarning, match="eps"):
        F.gumbel_softmax(logits, eps=1e-5)
    assert F.gumbel_softmax(logits.detach().float().T, dim=0).dtype == bt.float32


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layout", ["plain", "transposed", "mixed"])
@pytest.mark.parametrize(
    ("name", "options"),
    [("gelu", {}), ("gelu", {"approximate": "tanh"}), ("silu", {}), ("softplus", {}), ("logsigmoid", {}), ("sigmoid", {}),
     ("relu", {})],
)  # fmt: skip
def test_arrays_of_several_blocks(name, options, layout, dtype):
    """The blocks fit together, whatever the order in memory of input and gradient."""
    rng = np.random.default_rng(0)
    theirs = torch.tensor((rng.normal(size=(301, 233)) * 4).astype(dtype), requires_grad=True)
    leaves = opinfo.as_ours(theirs), theirs

    def call(functional, t):
        y = getattr(functional, name)(t if layout == "plain" else t.T, **options)
        return y.T if layout == "transposed" else y

    pairs = opinfo.same(call(F, leaves[0]), call(TF, leaves[1]), name)
    opinfo.gradients(leaves, pairs, rng, name, False)


def test_gelu_in_float32_is_right_to_its_last_digits():
    x = np.linspace(-14, 14, 100001).astype("f")
    exact = TF.gelu(torch.tensor(x).double()).numpy()
    assert np.abs(F.gelu(bt.tensor(x)).numpy() - exact).max() < 6e-7  # PyTorch's: 1.1e-6
    far = F.gelu(bt.tensor(np.array([1e20, -1e20, np.inf, 3e38], "f"))).numpy()
    np.testing.assert_array_equal(far, np.array([1e20, 0, np.inf, 3e38], "f"))


@pytest.mark.parametrize("name", ["softmax", "softmin", "log_softmax"])
def test_softmax_without_a_dimension_warns_and_chooses_as_pytorch(name):
    for shape in ((), (3,), (2, 3), (2, 3, 4), (2, 3, 4, 5)):
        x = np.random.default_rng(0).normal(size=shape)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compare(getattr(F, name), getattr(TF, name), np.asarray(x))
        with pytest.warns(UserWarning, match=f"Implicit dimension choice for {name}") as caught:
            getattr(F, name)(bt.tensor(x))
        assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("form", "error", "words"),
    [
        (lambda n, F: F.celu(n.zeros(2), 0.0), RuntimeError, "alpha cannot be 0"),
        (lambda n, F: F.softshrink(n.zeros(2), -1.0), RuntimeError, "lambda must be in range"),
        (lambda n, F: F.glu(n.zeros(3)), RuntimeError, "Halving dimension must be even"),
        (lambda n, F: F.glu(n.tensor(3.0)), RuntimeError, "does not support scalars"),
        (lambda n, F: F.glu(n.zeros(2, 4), 2), IndexError, "Dimension out of range"),
        (lambda n, F: F.prelu(n.zeros(2, 3), n.zeros(2)), RuntimeError, "channel size"),
        (lambda n, F: F.prelu(n.zeros(()), n.zeros(2)), RuntimeError, "zero-dim"),
        (lambda n, F: F.prelu(n.zeros(2, 3), n.zeros(1, 3)), RuntimeError, "scalar or 1D"),
        (lambda n, F: F.prelu(n.zeros(2, 3), n.zeros(3, dtype=n.float64)), RuntimeError, "Float and Double|float32 and float64"),
        (lambda n, F: F.rrelu(n.zeros(3), 0.5, 0.2), RuntimeError, "Lower bound should be less"),
        (lambda n, F: F.rrelu(n.zeros(3), 0.5, float("inf"), True), RuntimeError, "finite"),
    ],
)
def test_errors(form, error, words):
    for library, functional in ((bt, F), (torch, TF)):
        with pytest.raises(error, match=words):
            form(library, functional)


def test_modules_without_samples_of_their_own():
    for make in (
        lambda nn: nn.RReLU(0.1, 0.3), lambda nn: nn.RReLU(inplace=True), lambda nn: nn.Hardsigmoid(),
        lambda nn: nn.Hardsigmoid(True), lambda nn: nn.ReLU6(True), lambda nn: nn.Hardswish(True),
        lambda nn: nn.Threshold(1, 2, True),
    ):  # fmt: skip
        ours, theirs = make(bn).eval(), make(torch.nn).eval()
        assert repr(ours) == repr(theirs)
        x = np.linspace(-4, 4, 14)
        agree(ours(bt.tensor(x)), theirs(torch.tensor(x)))
    assert isinstance(bn.ReLU6(), bn.Hardtanh)


def test_module_errors():
    for library, nn in ((bt, bn), (torch, torch.nn)):
        with pytest.raises(ValueError, match="expected input to be 3D or 4D"):
            nn.Softmax2d()(library.zeros(2, 3))
        with pytest.raises(AssertionError, match="must be greater than min_val"):
            nn.Hardtanh(1.0, 1.0)
        with pytest.warns(FutureWarning, match="renamed to `min_val`"):
            assert nn.Hardtanh(min_value=-3.0).min_val == -3.0
        with pytest.warns(UserWarning, match="Implicit dimension"):
            nn.Softmax()(library.zeros(2, 3))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_the_slope_of_gelu_near_zero_and_far_out(dtype):
    """It comes from the quotient y/x, which has no digits where numbers end."""
    info = np.finfo(dtype)
    around = [0.0, info.smallest_subnormal, *[k * info.smallest_normal for k in (1, 3, 5, 1000)], 1e-3, 0.3, 3, 9]
    x = np.array([*around, *[-v for v in around]], dtype)
    ours, theirs = bt.tensor(x).requires_grad_(), torch.tensor(x).requires_grad_()
    F.gelu(ours).sum().backward()
    TF.gelu(theirs.double() if dtype == "float16" else theirs).sum().backward()
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=8 * info.eps, atol=2 * info.eps)


def test_the_output_of_gelu_may_be_changed_in_place():
    """PyTorch keeps the input alone. Ours looks at the output too, but can do without it."""
    x = np.random.default_rng(5).normal(size=(3, 4))
    gradients = []
    for library, functional in ((bt, F), (torch, TF)):
        leaf = library.tensor(x).requires_grad_()
        y = functional.gelu(leaf)
        y.mul_(y.detach() + 2)
        y.sum().backward()
        gradients.append(leaf.grad.numpy())
    np.testing.assert_allclose(*gradients, rtol=1e-12)
