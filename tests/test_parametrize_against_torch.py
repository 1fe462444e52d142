"""Parametrised tensors beside PyTorch's: numbers, gradients, state both ways, how modules look, and errors."""

import copy
import inspect
import pickle

import byhand.nn as bn
import byhand.nn.utils.parametrizations as our_ready
import byhand.nn.utils.parametrize as ours
import byhand.optim
import byhand.tensor as bt
import numpy as np
import pytest
import torch
import torch.nn.utils.parametrizations as their_ready
import torch.nn.utils.parametrize as theirs

BOTH = [(torch, torch.nn, theirs), (bt, bn, ours)]
READY = {torch: their_ready, bt: our_ready}
NETS = {torch: torch.nn, bt: bn}
RNG = np.random.default_rng(0)


def parts(nn):
    """Parametrisations of every kind, as modules of a library."""

    class Symmetric(nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).T

        def right_inverse(self, a):
            return a.triu()

    class Scale(nn.Module):
        def __init__(self, factor=2.0):
            super().__init__()
            self.factor = factor

        def forward(self, x):
            return x * self.factor

        def right_inverse(self, y):
            return y / self.factor

    class OneWay(nn.Module):
        def forward(self, x):
            return x.tanh()

    class Sum(nn.Module):
        def forward(self, x, y):
            return x + 2 * y

        def right_inverse(self, z):
            return 0.5 * z, 0.25 * z

    return {"symmetric": Symmetric, "scale": Scale, "one way": OneWay, "sum": Sum}


def fill(module, library, seed=0):
    """Give all parameters and buffers the same numbers in both libraries."""
    rng = np.random.default_rng(seed)
    state = {}
    for key, value in module.state_dict().items():
        state[key] = library.tensor(rng.standard_normal(tuple(value.shape))).to(value.dtype)
    module.load_state_dict(state)
    return module


def same(found, expected, tolerance=1e-12):
    assert tuple(found.shape) == tuple(expected.shape) and str(found.dtype) == str(expected.dtype).split(".")[1]
    np.testing.assert_allclose(found.detach().numpy(), expected.detach().numpy(), tolerance, tolerance)


def alike(found, expected, tolerance=1e-12):
    """The states have the same keys in the same order, and the same numbers."""
    assert list(found.state_dict()) == list(expected.state_dict())
    for key, value in expected.state_dict().items():
        same(found.state_dict()[key], value, tolerance)


CHAINS = [["symmetric"], ["scale", "symmetric"], ["one way"], ["sum"], ["sum", "scale", "one way"], ["scale", "scale"]]


@pytest.mark.parametrize("chain", CHAINS, ids=" ".join)
def test_chains(chain):
    layers, outputs = [], []
    x = RNG.standard_normal((5, 4))
    for library, nn, parametrize in BOTH:
        layer = fill(nn.Linear(4, 4).double(), library)
        kept = layer.weight
        for name in chain:
            assert parametrize.register_parametrization(layer, "weight", parts(nn)[name]()) is layer
        assert ("sum" in chain) == (kept is not getattr(layer.parametrizations.weight, "original", None))
        y = layer(library.tensor(x))
        (y * library.tensor(x)).sum().backward()
        layers.append(layer)
        outputs.append(y)
    (expected, found), (their_output, our_output) = layers, outputs
    same(our_output, their_output)
    alike(found, expected)
    assert repr(found) == repr(expected) and type(found).__name__ == "ParametrizedLinear"
    for (name, p), (their_name, q) in zip(found.named_parameters(), expected.named_parameters(), strict=True):
        assert name == their_name
        same(p.grad, q.grad)


def test_several_tensors_and_buffers_of_one_module():
    layers = []
    for library, nn, parametrize in BOTH:
        layer = fill(nn.BatchNorm1d(3).double(), library)
        for name in ("weight", "running_mean"):
            parametrize.register_parametrization(layer, name, parts(nn)["scale"](3.0))
        parametrize.register_parametrization(layer, "running_mean", parts(nn)["one way"]())
        layer.eval()
        layers.append(layer)
        assert parametrize.is_parametrized(layer) and parametrize.is_parametrized(layer, "weight")
        assert not parametrize.is_parametrized(layer, "bias") and not parametrize.is_parametrized(nn.Linear(1, 1))
        assert parametrize.type_before_parametrizations(layer) is nn.BatchNorm1d
        assert parametrize.type_before_parametrizations(nn.Linear(1, 1)) is nn.Linear
    alike(layers[1], layers[0])
    x = RNG.standard_normal((4, 3))
    same(layers[1](bt.tensor(x)), layers[0](torch.tensor(x)))
    assert [name for name, _ in layers[1].named_buffers()] == [name for name, _ in layers[0].named_buffers()]


def test_assigning_sets_the_originals():
    layers, wanted = [], RNG.standard_normal((4, 4))
    for library, nn, parametrize in BOTH:
        layer = fill(nn.Linear(4, 4).double(), library)
        for name in ("sum", "scale"):
            parametrize.register_parametrization(layer, "weight", parts(nn)[name]())
        before = list(layer.parameters())
        layer.weight = library.tensor(wanted)
        assert all(p is q for p, q in zip(before, layer.parameters(), strict=True))
        np.testing.assert_allclose(layer.weight.detach().numpy(), wanted, 1e-12)
        layers.append(layer)
        parametrize.register_parametrization(layer, "weight", parts(nn)["one way"]())
        with pytest.raises(RuntimeError, match="does not implement right_inverse"):
            layer.weight = library.tensor(wanted)
    alike(layers[1], layers[0])


@pytest.mark.parametrize("leave", [True, False])
def test_removing(leave):
    layers = []
    for library, nn, parametrize in BOTH:
        layer = fill(nn.Linear(3, 3).double(), library)
        kept = layer.weight
        parametrize.register_parametrization(layer, "weight", parts(nn)["symmetric"]())
        parametrize.register_parametrization(layer, "bias", parts(nn)["one way"]())
        assert parametrize.remove_parametrizations(layer, "weight", leave_parametrized=leave) is layer
        assert layer.weight is kept and kept.is_leaf and type(layer).__name__ == "ParametrizedLinear"
        parametrize.remove_parametrizations(layer, "bias", leave)
        assert type(layer) is nn.Linear and not hasattr(layer, "parametrizations")
        layers.append(layer)
        layer(library.ones(2, 3).double()).sum().backward()
        assert kept.grad is not None
    alike(layers[1], layers[0])
    assert repr(layers[1]) == repr(layers[0])


def test_removing_several_originals():
    layers = []
    for library, nn, parametrize in BOTH:
        layer = fill(nn.Linear(3, 3).double(), library)
        parametrize.register_parametrization(layer, "weight", parts(nn)["sum"]())
        with pytest.raises(ValueError, match="Cannot leave unparametrized"):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
        parametrize.remove_parametrizations(layer, "weight")
        assert isinstance(layer.weight, nn.Parameter) and layer.weight.requires_grad
        layers.append(layer)
    alike(layers[1], layers[0])


def test_optimiser_goes_on_with_the_same_parameter():
    weights = []
    for library, nn, parametrize in BOTH:
        layer = fill(nn.Linear(3, 3).double(), library)
        optimizer = (torch.optim if library is torch else byhand.optim).SGD(layer.parameters(), lr=0.1, momentum=0.9)
        for step in range(4):
            if step == 1:
                parametrize.register_parametrization(layer, "weight", parts(nn)["symmetric"]())
            if step == 3:
                parametrize.remove_parametrizations(layer, "weight")
            optimizer.zero_grad()
            (layer(library.ones(2, 3).double()) ** 2).sum().backward()
            optimizer.step()
        weights.append(layer.weight)
    same(weights[1], weights[0])


def test_cached_tensors_are_computed_once():
    for library, nn, parametrize in BOTH:
        calls = []

        class Counting(nn.Module):
            def forward(self, x, calls=calls):
                calls.append(1)
                return x * 2

        layer, other = nn.Linear(2, 2), nn.Linear(2, 2)
        for module in (layer, other):
            parametrize.register_parametrization(module, "weight", Counting())
        calls.clear()
        with parametrize.cached():
            assert layer.weight is layer.weight and other.weight is not layer.weight
            with parametrize.cached():
                layer(library.ones(1, 2))
            layer(library.ones(1, 2))
            assert len(calls) == 2
        assert layer.weight is not layer.weight
        assert len(calls) == 4
        with pytest.raises(ZeroDivisionError), parametrize.cached():
            raise ZeroDivisionError
        assert layer.weight is not layer.weight


def test_copies_live_apart_and_pickling_is_refused():
    for library, nn, parametrize in BOTH:
        layer = nn.Sequential(nn.Linear(3, 3))
        parametrize.register_parametrization(layer[0], "weight", parts(nn)["symmetric"]())
        copied = copy.deepcopy(layer)
        with library.no_grad():
            layer[0].parametrizations.weight.original.zero_()
        assert copied[0].weight.abs().sum() > 0
        with pytest.raises(RuntimeError, match="only supported through state_dict"):
            pickle.dumps(layer[0])
    parametrize.remove_parametrizations(copied[0], "weight")  # in PyTorch this takes it from the other's class too
    assert layer[0].weight.abs().sum() == 0 and type(copied[0]) is bn.Linear


def test_transfer():
    layers = []
    for library, nn, parametrize in BOTH:
        source, target = (fill(nn.Linear(3, 3).double(), library, seed) for seed in (0, 1))
        assert parametrize.transfer_parametrizations_and_params(source, target) is target and type(target) is nn.Linear
        parametrize.register_parametrization(source, "weight", parts(nn)["symmetric"]())
        parametrize.register_parametrization(source, "bias", parts(nn)["sum"]())
        parametrize.transfer_parametrizations_and_params(source, target, "weight")
        assert not parametrize.is_parametrized(target, "bias")
        parametrize.remove_parametrizations(target, "weight")
        parametrize.transfer_parametrizations_and_params(source, target)
        other = parametrize.transfer_parametrizations_and_params(source, nn.Module())
        np.testing.assert_array_equal(other.weight.detach().numpy(), source.weight.detach().numpy())
        layers.append(target)
    alike(layers[1], layers[0])


def test_training_mode_is_taken_over():
    for _, nn, parametrize in BOTH:
        part = parts(nn)["scale"]()
        layer = nn.Linear(1, 1).eval()
        parametrize.register_parametrization(layer, "weight", part)
        assert not part.training and layer.train() is layer and part.training


def wrong(nn, library):
    class Wrong(nn.Module):
        def __init__(self, forward=lambda *x: x[0], inverse=lambda x: x):
            super().__init__()
            self.change, self.right_inverse = forward, inverse

        def forward(self, *x):
            return self.change(*x)

    return [
        (Wrong(lambda x: 1), "must return a tensor. Got int"),
        (Wrong(lambda x: x[0]), "may not change the shape"),
        (Wrong(lambda x: x.double()), "may not change the dtype"),
        (Wrong(inverse=lambda x: x.double()), "dtype"),
        (Wrong(inverse=lambda x: 3), "Got:? int"),
    ]


@pytest.mark.parametrize("case", range(5))
@pytest.mark.parametrize("first", [True, False])
def test_what_does_not_fit_is_refused_and_changes_nothing(case, first):
    for library, nn, parametrize in BOTH:
        layer = nn.Linear(2, 2)
        if not first:
            parametrize.register_parametrization(layer, "weight", parts(nn)["scale"]())
        before = repr(layer), [p.detach().numpy().copy() for p in layer.parameters()], layer.parameters
        part, message = wrong(nn, library)[case]
        with pytest.raises(ValueError, match=message):
            parametrize.register_parametrization(layer, "weight", part)
        assert repr(layer) == before[0] and all(map(np.array_equal, before[1], [p.detach().numpy() for p in layer.parameters()]))


def test_unsafe_lets_everything_pass():
    for _, nn, parametrize in BOTH:
        layer = nn.Linear(2, 2)
        parametrize.register_parametrization(layer, "weight", wrong(nn, None)[1][0], unsafe=True)
        assert layer.weight.shape == (2,) and layer.parametrizations.weight.unsafe
        layer = nn.Linear(2, 2)
        parametrize.register_parametrization(layer, "weight", parts(nn)["scale"]())
        assert not layer.parametrizations.weight.unsafe
        parametrize.register_parametrization(layer, "weight", wrong(nn, None)[1][0], unsafe=True)
        assert layer.weight.shape == (2,) and layer.parametrizations.weight.unsafe


def test_frozen_tensors_stay_frozen():
    for _, nn, parametrize in BOTH:
        layer = nn.Linear(2, 2).requires_grad_(False)
        parametrize.register_parametrization(layer, "weight", parts(nn)["sum"]())
        parametrize.register_parametrization(layer, "bias", parts(nn)["scale"]())
        assert [p.requires_grad for p in layer.parameters()] == [False] * 3
        parametrize.remove_parametrizations(layer, "weight")
        assert not layer.weight.requires_grad and not isinstance(layer.weight, nn.Parameter)


def test_wrong_use_raises_torchs_error():
    for library, nn, parametrize in BOTH:
        layer = nn.Linear(2, 2)
        with pytest.raises(ValueError, match="does not have a parameter, a buffer, or a parametrized element with name 'wight'"):
            parametrize.register_parametrization(layer, "wight", parts(nn)["scale"]())
        with pytest.raises(ValueError, match="does not have a parametrization on weight"):
            parametrize.remove_parametrizations(layer, "weight")
        with pytest.raises(ValueError, match="requires one or more modules"):
            parametrize.ParametrizationList([], layer.weight)
        ready = READY[library]
        with pytest.raises(ValueError, match="has no parameter or buffer with name 'wight'"):
            ready.orthogonal(layer, "wight")
        with pytest.raises(ValueError, match=r"Expected a matrix or batch of matrices\. Got a tensor of 1 dimensions"):
            ready.orthogonal(layer, "bias")
        with pytest.raises(ValueError, match='orthogonal_map has to be one of "matrix_exp"'):
            ready.orthogonal(layer, orthogonal_map="qr")
        with pytest.raises(ValueError, match="has no parameter or buffer with name 'wight'"):
            ready.spectral_norm(layer, "wight")
        with pytest.raises(ValueError, match="Expected n_power_iterations to be positive"):
            ready.spectral_norm(layer, n_power_iterations=0)
        with pytest.raises(IndexError, match="Dimension out of range"):
            ready.spectral_norm(layer, dim=2)
        for map_ in ("matrix_exp", "cayley"):
            turned = ready.orthogonal(nn.Linear(2, 2), orthogonal_map=map_, use_trivialization=False)
            with pytest.raises(NotImplementedError, match="not possible to assign"):
                turned.weight = library.eye(2)
        with pytest.raises(ValueError, match="Expected a matrix or batch of matrices of shape"):
            ready.orthogonal(nn.Linear(2, 2)).weight = library.eye(3)
        assert type(layer) is nn.Linear


def test_signatures_are_torchs():
    for found, expected in ((ours, theirs), (our_ready, their_ready)):
        assert sorted(found.__all__) == sorted(expected.__all__)
        for name in found.__all__:
            a, b = (inspect.signature(getattr(m, name)).parameters for m in (found, expected))
            assert [(p.name, p.kind, p.default) for p in a.values()] == [(p.name, p.kind, p.default) for p in b.values()], name


# ---------------------------------------------------------------------- the ready-made ones


def beside(make, kind, *sizes, parametrize, dtype="float64", **options):
    """A parametrised layer in PyTorch, and one of ours that has loaded its state."""
    expected = fill(getattr(torch.nn, kind)(*sizes, **make).double(), torch)
    found = getattr(bn, kind)(*sizes, **make).double()
    for library, layer in ((torch, expected), (bt, found)):
        getattr(READY[library], parametrize)(layer, **options)
    assert repr(found) == repr(expected)
    if dtype == "float32":
        expected.float()
        found.float()
    found.load_state_dict({key: bt.tensor(value.numpy().copy()) for key, value in expected.state_dict().items()})
    return found, expected


def check_calls(found, expected, shape, tolerance=1e-11):
    for step in range(3):
        x = RNG.standard_normal(shape)
        outputs = []
        for library, layer in ((torch, expected), (bt, found)):
            layer.zero_grad()
            y = layer(library.tensor(x).to(next(layer.parameters()).dtype))
            (y * y).sum().backward()
            with library.no_grad():
                for p in layer.parameters():
                    p -= 0.01 * p.grad
            outputs.append(y)
            if step == 1:
                layer.eval()
        same(outputs[1], outputs[0], tolerance)
        for (name, p), (their_name, q) in zip(found.named_parameters(), expected.named_parameters(), strict=True):
            assert name == their_name
            same(p.grad, q.grad, tolerance)
        alike(found, expected, tolerance)


@pytest.mark.parametrize("use_trivialization", [True, False])
@pytest.mark.parametrize("orthogonal_map", [None, "matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("sizes", [(4, 4), (3, 5), (5, 3)])
def test_orthogonal(sizes, orthogonal_map, use_trivialization):
    found, expected = beside(
        {}, "Linear", *sizes, parametrize="orthogonal", orthogonal_map=orthogonal_map, use_trivialization=use_trivialization
    )
    check_calls(found, expected, (6, sizes[0]))
    q = found.weight.detach().numpy()
    q = q if q.shape[0] >= q.shape[1] else q.T
    np.testing.assert_allclose(q.T @ q, np.eye(q.shape[1]), atol=1e-12)


@pytest.mark.parametrize("orthogonal_map", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 3), (2, 4, 3)])
def test_orthogonal_starts_from_and_is_set_to_an_orthogonal_matrix(shape, orthogonal_map):
    start = RNG.standard_normal(shape)
    tall = start if shape[-2] >= shape[-1] else np.swapaxes(start, -1, -2)
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]
    nearest = q if shape[-2] >= shape[-1] else np.swapaxes(q, -1, -2)
    for library, nn in NETS.items():
        module = nn.Module()
        module.weight = nn.Parameter(library.tensor(start))
        READY[library].orthogonal(module, orthogonal_map=orthogonal_map)
        np.testing.assert_allclose(module.weight.detach().numpy(), nearest, atol=1e-12)
        for _ in range(2):
            module.weight = library.tensor(-nearest)
            np.testing.assert_allclose(module.weight.detach().numpy(), -nearest, atol=1e-12)


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 4, 3)])
def test_mirrors_without_a_base(shape):
    start, results = RNG.standard_normal(shape), []
    for library, nn in NETS.items():
        module = nn.Module()
        module.weight = nn.Parameter(library.tensor(start))
        READY[library].orthogonal(module, orthogonal_map="householder", use_trivialization=False)
        results.append((module.parametrizations.weight.original, module.weight))
    (their_original, their_weight), (our_original, our_weight) = results
    same(our_original, their_original)
    same(our_weight, their_weight)


@pytest.mark.parametrize("orthogonal_map", ["matrix_exp", "cayley", "householder"])
def test_any_numbers_are_mapped_as_in_torch(orthogonal_map):
    found, expected = beside({}, "Linear", 3, 5, parametrize="orthogonal", orthogonal_map=orthogonal_map)
    for library, layer in ((torch, expected), (bt, found)):
        with library.no_grad():
            layer.parametrizations.weight.original.copy_(library.tensor(np.random.default_rng(1).normal(0, 2, (5, 3))))
    same(found.weight, expected.weight)


def test_orthogonal_in_float32():
    found, expected = beside({}, "Linear", 5, 3, parametrize="orthogonal", dtype="float32")
    check_calls(found, expected, (6, 5), 2e-5)


LAYERS = [
    ("Linear", (4, 3), {}, (5, 4)),
    ("Conv2d", (2, 3, 2), {"bias": False}, (2, 2, 4, 5)),
    ("ConvTranspose1d", (2, 3, 2), {}, (2, 2, 4)),
]


@pytest.mark.parametrize("dim", [0, 1, -1, None])
@pytest.mark.parametrize("kind, sizes, make, shape", LAYERS)
def test_weight_norm(kind, sizes, make, shape, dim):
    found, expected = beside(make, kind, *sizes, parametrize="weight_norm", dim=dim)
    check_calls(found, expected, shape)


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated")
def test_states_of_the_older_weight_norm_are_loaded():
    old = torch.nn.utils.weight_norm(torch.nn.Linear(3, 2))
    found = our_ready.weight_norm(bn.Linear(3, 2))
    found.load_state_dict({key: bt.tensor(value.numpy().copy()) for key, value in old.state_dict().items()})
    x = RNG.standard_normal((2, 3)).astype("float32")
    same(found(bt.tensor(x)), old(torch.tensor(x)), 1e-6)


@pytest.mark.parametrize("options", [{}, {"n_power_iterations": 3, "dim": -1}, {"eps": 0.5, "dim": 1}], ids=str)
@pytest.mark.parametrize("kind, sizes, make, shape", LAYERS)
def test_spectral_norm(kind, sizes, make, shape, options):
    found, expected = beside(make, kind, *sizes, parametrize="spectral_norm", **options)
    check_calls(found, expected, shape)


def test_spectral_norm_of_a_vector_is_its_length():
    found, expected = beside({}, "Linear", 3, 4, parametrize="spectral_norm", name="bias")
    check_calls(found, expected, (2, 3))
    np.testing.assert_allclose(np.linalg.norm(found.bias.detach().numpy()), 1)


def test_spectral_norm_starts_near_the_largest_singular_value():
    layer = bn.Linear(6, 5).double()
    with bt.no_grad():
        layer.weight *= 0.1
        layer.weight[2, 3] += 2
    our_ready.spectral_norm(layer)
    np.testing.assert_allclose(np.linalg.norm(layer.eval().weight.detach().numpy(), 2), 1, rtol=1e-9)
    layer.train()
    used = layer(bt.ones(2, 6).double()).sum() - layer(bt.zeros(2, 6).double()).sum()
    used.backward()  # through two forward passes, between which the vectors have moved
