"""`nn.utils` beside PyTorch's: clipping, parameters as a vector, normalised weights."""

import warnings

import byhand.nn as bn
import byhand.optim
import byhand.tensor as bt
import numpy as np
import pytest
import torch
from beside_torch import agree

LIBRARIES = [pytest.param((bt, bn), id="byhand"), pytest.param((torch, torch.nn), id="torch")]


def both(build):
    """The same model in both libraries, with the same numbers in it."""
    ours, theirs = build(bn), build(torch.nn)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def net(nn):
    return nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3, bias=False))


def backward(library, model, seed=0):
    rng = np.random.default_rng(seed)
    out = model(library.tensor(rng.normal(size=(6, 5)).astype("float32")))
    out.backward(library.tensor(rng.normal(size=(6, 3)).astype("float32")))
    return out


def gradients_agree(ours, theirs):
    for (name, left), (_, right) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        agree(left.grad, right.grad, name)


# ---------------------------------------------------------------------- clipping


@pytest.mark.parametrize("norm_type", [2, 1, 3.5, float("inf")])
@pytest.mark.parametrize("max_norm", [0.3, 100])
def test_clip_grad_norm(norm_type, max_norm):
    ours, theirs = both(net)
    backward(bt, ours), backward(torch, theirs)
    mine = bn.utils.clip_grad_norm_(ours.parameters(), max_norm, norm_type)
    yours = torch.nn.utils.clip_grad_norm_(theirs.parameters(), max_norm, norm_type)
    agree(mine, yours)
    gradients_agree(ours, theirs)
    if max_norm < 1:
        clipped = bn.utils.get_total_norm([p.grad for p in ours.parameters()], norm_type)
        assert clipped.item() == pytest.approx(max_norm, rel=1e-4)


def test_clip_grad_value():
    ours, theirs = both(net)
    backward(bt, ours), backward(torch, theirs)
    bn.utils.clip_grad_value_(ours.parameters(), 0.4)
    torch.nn.utils.clip_grad_value_(theirs.parameters(), 0.4)
    gradients_agree(ours, theirs)
    assert max(abs(p.grad).max().item() for p in ours.parameters()) == np.float32(0.4)


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_clipping_at_the_edges(libraries):
    library, nn = libraries
    utils = nn.utils
    assert utils.clip_grad_norm_([library.ones(2)], 1.0).item() == 0  # no gradient at all
    assert utils.get_total_norm([]).item() == 0
    with pytest.warns(UserWarning, match="empty generator"):
        utils.clip_grad_norm_((p for p in []), 1.0)
    p = nn.Parameter(library.ones(3))
    p.grad = library.tensor([1.0, float("inf"), 2.0])
    with pytest.raises(RuntimeError, match="non-finite"):
        utils.clip_grad_norm_(p, 1.0, error_if_nonfinite=True)
    assert p.grad.tolist() == [1.0, float("inf"), 2.0]
    double = nn.Parameter(library.ones(3, dtype=library.float64))
    double.grad = library.full((3,), 2.0, dtype=library.float64)
    total = utils.clip_grad_norm_(double, 1.0)
    assert str(total.dtype).endswith("float64")
    np.testing.assert_allclose(double.grad.numpy(), 1 / np.sqrt(3), rtol=1e-6)


# ---------------------------------------------------------------------- parameters as a vector


def test_vector():
    ours, theirs = both(net)
    mine, yours = (u.parameters_to_vector(m.parameters()) for u, m in ((bn.utils, ours), (torch.nn.utils, theirs)))
    agree(mine, yours)
    assert mine.requires_grad
    numbers = np.random.default_rng(0).normal(size=mine.shape).astype("float32")
    bn.utils.vector_to_parameters(bt.tensor(numbers), ours.parameters())
    torch.nn.utils.vector_to_parameters(torch.tensor(numbers), theirs.parameters())
    for left, right in zip(ours.parameters(), theirs.parameters(), strict=True):
        agree(left, right)
    agree(backward(bt, ours), backward(torch, theirs))


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_vector_errors(libraries):
    library, nn = libraries
    model = net(nn)
    before = [p.tolist() for p in model.parameters()]
    with pytest.raises(TypeError, match=r"expected torch\.Tensor"):
        nn.utils.vector_to_parameters([1.0], model.parameters())
    if library is bt:  # PyTorch has already replaced the first parameter
        with pytest.raises(RuntimeError, match="3 elements, the parameters 36"):
            nn.utils.vector_to_parameters(library.zeros(3), model.parameters())
        assert [p.tolist() for p in model.parameters()] == before


# ---------------------------------------------------------------------- normalised weights

LAYERS = [
    (lambda nn: nn.Linear(5, 4), (6, 5)),
    (lambda nn: nn.Conv2d(3, 4, (2, 3), bias=False), (2, 3, 5, 6)),
    (lambda nn: nn.ConvTranspose1d(3, 4, 3), (2, 3, 5)),
]


def weight_norm(nn, layer, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return nn.utils.weight_norm(layer, **options)


def train(library, model, shape, optimizer, steps=3):
    rng = np.random.default_rng(1)
    for _ in range(steps):
        optimizer.zero_grad()
        out = model(library.tensor(rng.normal(size=shape)))
        (out * library.tensor(rng.normal(size=tuple(out.shape)))).sum().backward()
        optimizer.step()
    return model(library.tensor(rng.normal(size=shape)))


def trained_alike(ours, theirs, shape):
    ours.double(), theirs.double()
    left = train(bt, ours, shape, byhand.optim.SGD(ours.parameters(), lr=0.05))
    right = train(torch, theirs, shape, torch.optim.SGD(theirs.parameters(), lr=0.05))
    agree(left, right)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for key, value in theirs.state_dict().items():
        agree(ours.state_dict()[key], value, key)


@pytest.mark.parametrize("dim", [0, 1, None])
@pytest.mark.parametrize(("build", "shape"), LAYERS)
def test_weight_norm(build, shape, dim):
    ours, theirs = both(lambda nn: weight_norm(nn, build(nn), dim=dim))
    trained_alike(ours, theirs, shape)
    bn.utils.remove_weight_norm(ours), torch.nn.utils.remove_weight_norm(theirs)
    trained_alike(ours, theirs, shape)


@pytest.mark.parametrize("options", [{}, {"n_power_iterations": 3, "dim": 1}])
@pytest.mark.parametrize(("build", "shape"), LAYERS)
def test_spectral_norm(build, shape, options):
    ours, theirs = both(lambda nn: nn.utils.spectral_norm(build(nn), **options))
    trained_alike(ours, theirs, shape)
    ours.eval(), theirs.eval()
    trained_alike(ours, theirs, shape)
    bn.utils.remove_spectral_norm(ours), torch.nn.utils.remove_spectral_norm(theirs)
    trained_alike(ours, theirs, shape)


def test_spectral_norm_finds_the_largest_singular_value():
    layer = bn.utils.spectral_norm(bn.Linear(6, 4), n_power_iterations=60)
    layer(bt.zeros(1, 6))
    assert np.linalg.svd(layer.weight.detach().numpy(), compute_uv=False)[0] == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_two_passes_through_one_spectral_norm(libraries):
    """The power iteration of the second pass must not change what the first one saved."""
    library, nn = libraries
    layer = nn.utils.spectral_norm(nn.Linear(3, 2))
    (layer(library.ones(1, 3)).sum() - layer(library.zeros(1, 3)).sum()).backward()
    assert layer.weight_orig.grad is not None


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_normalised_weights_refuse(libraries):
    _, nn = libraries
    layer = nn.utils.spectral_norm(nn.Linear(3, 2))
    with pytest.raises(RuntimeError, match="two spectral_norm hooks"):
        nn.utils.spectral_norm(layer)
    with pytest.raises(ValueError, match="positive"):
        nn.utils.spectral_norm(nn.Linear(3, 2), n_power_iterations=0)
    with pytest.raises(ValueError, match="None"):
        nn.utils.spectral_norm(nn.Linear(3, 2, bias=False), "bias")
    with pytest.raises(ValueError, match="spectral_norm of 'weight' not found"):
        nn.utils.remove_spectral_norm(nn.Linear(3, 2))
    with pytest.warns(FutureWarning, match="parametrizations.weight_norm"):
        layer = nn.utils.weight_norm(nn.Linear(3, 2))
    with pytest.raises(RuntimeError, match="two weight_norm hooks"):
        weight_norm(nn, layer)
    with pytest.raises(ValueError, match="weight_norm of 'bias' not found"):
        nn.utils.remove_weight_norm(layer, "bias")
