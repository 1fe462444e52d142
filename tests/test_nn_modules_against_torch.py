"""The modules against PyTorch's: how they look, what they hold, state dicts both ways, and a model's whole step."""

import pickle
from collections import OrderedDict
from copy import deepcopy

import byhand.nn as bn
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


def mlp(nn):
    return nn.Sequential(
        OrderedDict(
            fc1=nn.Linear(5, 7), norm=nn.BatchNorm1d(7), act=nn.GELU(), drop=nn.Dropout(0.0), fc2=nn.Linear(7, 3, bias=False)
        )
    )


def forest(nn):
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)] + [nn.ReLU()])
            self.named = nn.ModuleDict({"a": nn.Tanh(), "b": nn.Sequential(nn.Linear(4, 2), nn.Softmax(dim=-1))})

    return Block()


# ---------------------------------------------------------------------- how they look

BUILDERS = [
    mlp, forest,
    lambda nn: nn.Linear(2, 3, bias=False), lambda nn: nn.Identity(), lambda nn: nn.Flatten(), lambda nn: nn.Sequential(),
    lambda nn: nn.ModuleList(), lambda nn: nn.ModuleDict(), lambda nn: nn.Dropout(0.3, inplace=True),
    lambda nn: nn.BatchNorm1d(3), lambda nn: nn.BatchNorm2d(3, eps=1e-3, momentum=None, affine=False, track_running_stats=False),
    lambda nn: nn.ReLU(), lambda nn: nn.ReLU(inplace=True), lambda nn: nn.ReLU6(), lambda nn: nn.ReLU6(inplace=True),
    lambda nn: nn.LeakyReLU(0.2), lambda nn: nn.LeakyReLU(inplace=True), lambda nn: nn.ELU(), lambda nn: nn.ELU(2.0, True),
    lambda nn: nn.SELU(), lambda nn: nn.SELU(True), lambda nn: nn.GELU(), lambda nn: nn.GELU(approximate="tanh"),
    lambda nn: nn.SiLU(), lambda nn: nn.SiLU(True), lambda nn: nn.Sigmoid(), lambda nn: nn.Tanh(), lambda nn: nn.Softplus(),
    lambda nn: nn.Softplus(2, 5), lambda nn: nn.Softmax(dim=1), lambda nn: nn.Softmax(), lambda nn: nn.LogSoftmax(dim=-1),
    lambda nn: nn.Hardtanh(), lambda nn: nn.Hardtanh(-2, 2, inplace=True), lambda nn: nn.Mish(), lambda nn: nn.LogSigmoid(),
    lambda nn: nn.Softsign(), lambda nn: nn.MSELoss(), lambda nn: nn.L1Loss(reduction="sum"), lambda nn: nn.HuberLoss(),
    lambda nn: nn.SmoothL1Loss(), lambda nn: nn.BCELoss(), lambda nn: nn.BCEWithLogitsLoss(), lambda nn: nn.NLLLoss(),
    lambda nn: nn.CrossEntropyLoss(label_smoothing=0.1),
]  # fmt: skip


@pytest.mark.parametrize("build", BUILDERS)
def test_repr(build):
    assert repr(build(bn)) == repr(build(torch.nn))


@pytest.mark.parametrize(
    "build",
    [
        lambda nn, t: nn.ParameterList([t.zeros(2, 3), t.zeros(4)]),
        lambda nn, t: nn.ParameterDict({"a": t.zeros(2, 3), "b": t.zeros(1)}),
    ],
)
def test_repr_of_parameters(build):
    ours, theirs = repr(build(bn, bt)), repr(build(torch.nn, torch))
    assert ours == theirs.replace("torch.FloatTensor", "float32").replace("torch.float32", "float32")


def test_repr_of_a_parameter():
    assert repr(bn.Parameter(bt.ones(2))) == repr(torch.nn.Parameter(torch.ones(2)))
    frozen = [repr(nn.Parameter(t.ones(2), requires_grad=False)) for t, nn in ((bt, bn), (torch, torch.nn))]
    assert frozen[0] == frozen[1]


# ---------------------------------------------------------------------- what they hold


@pytest.mark.parametrize("build", [mlp, forest])
def test_names(build):
    ours, theirs = both(build)
    for listing in ("named_modules", "named_children", "named_parameters", "named_buffers"):
        assert [name for name, _ in getattr(ours, listing)()] == [name for name, _ in getattr(theirs, listing)()]
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert list(ours.state_dict(prefix="model.")) == list(theirs.state_dict(prefix="model."))


def shared(nn):
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    model.add_module("again", model[0])
    return model


def test_what_is_shared_is_listed_once_but_saved_twice():
    ours, theirs = both(shared)
    for listing in ("named_modules", "named_children", "named_parameters"):
        assert [name for name, _ in getattr(ours, listing)()] == [name for name, _ in getattr(theirs, listing)()]
    assert list(ours.state_dict()) == list(theirs.state_dict())
    duplicates = [[name for name, _ in model.named_parameters(remove_duplicate=False)] for model in (ours, theirs)]
    assert duplicates[0] == duplicates[1]


# ---------------------------------------------------------------------- state dicts


def test_state_dicts_go_both_ways():
    ours, theirs = both(mlp)
    for key, value in theirs.state_dict().items():
        agree(ours.state_dict()[key], value, key)
    with bt.no_grad():
        for parameter in ours.parameters():
            parameter.mul_(2)
    back = {key: torch.from_numpy(np.array(value.numpy())) for key, value in ours.state_dict().items()}
    theirs.load_state_dict(back)
    for key, value in theirs.state_dict().items():
        agree(ours.state_dict()[key], value, key)


def wrong_state(library, model):
    state = OrderedDict(model.state_dict())
    del state["fc1.weight"], state["norm.running_mean"]
    state["fc1.bias"] = library.zeros(3)
    state["fc2.weight"] = library.zeros(3, 7) + 1
    state["fc9.weight"] = library.zeros(1)
    return state


def test_a_state_dict_that_does_not_fit_says_all_and_changes_nothing():
    messages = []
    for library, model in zip((bt, torch), both(mlp), strict=True):
        before = {key: np.array(value.numpy()) for key, value in model.state_dict().items()}
        with pytest.raises(RuntimeError) as caught:
            model.load_state_dict(wrong_state(library, model))
        messages.append(str(caught.value))
        if library is bt:
            for key, value in model.state_dict().items():
                np.testing.assert_array_equal(value.numpy(), before[key])
    assert messages[0] == messages[1]


def test_loading_without_strictness():
    for library, model in zip((bt, torch), both(mlp), strict=True):
        state = wrong_state(library, model)
        with pytest.raises(RuntimeError, match=r"size mismatch for fc1.bias: .* torch.Size\(\[3\]\) .* torch.Size\(\[7\]\)"):
            model.load_state_dict(state, strict=False)
        del state["fc1.bias"]
        result = model.load_state_dict(state, strict=False)
        assert result.missing_keys == ["fc1.weight", "fc1.bias", "norm.running_mean"]
        assert result.unexpected_keys == ["fc9.weight"]
        assert model.state_dict()["fc2.weight"].tolist() == [[1.0] * 7] * 3
        assert repr(model.load_state_dict(model.state_dict())) == "<All keys matched successfully>"


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_assigning_takes_the_tensors_themselves(libraries):
    library, nn = libraries
    model = nn.Linear(3, 2)
    model.bias.requires_grad_(False)
    state = {"weight": library.ones(2, 3, dtype=library.float64), "bias": library.ones(2)}
    model.load_state_dict(state, assign=True)
    assert model.weight.dtype == library.float64
    assert isinstance(model.weight, nn.Parameter)
    assert (model.weight.requires_grad, model.bias.requires_grad) == (True, False)


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_old_checkpoints_did_not_count_batches(libraries):
    _, nn = libraries
    model = nn.BatchNorm1d(3)
    state = {key: value for key, value in model.state_dict().items() if key != "num_batches_tracked"}
    assert not model.load_state_dict(state).missing_keys
    with pytest.raises(TypeError, match="dict-like"):
        model.load_state_dict([])


# ---------------------------------------------------------------------- a model's step


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_step_of_a_model(dtype):
    ours, theirs = both(mlp)
    ours.to(getattr(bt, dtype)), theirs.to(getattr(torch, dtype))
    rng = np.random.default_rng(0)
    for _ in range(2):
        x, t = rng.normal(size=(6, 5)).astype(dtype), rng.integers(0, 3, 6)
        bn.CrossEntropyLoss()(ours(bt.tensor(x)), bt.tensor(t)).backward()
        torch.nn.CrossEntropyLoss()(theirs(torch.tensor(x)), torch.tensor(t)).backward()
    for (name, left), (_, right) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        agree(left.grad, right.grad, name)
    ours.eval(), theirs.eval()
    agree(ours(bt.tensor(x)), theirs(torch.tensor(x)))
    for key, value in theirs.state_dict().items():
        agree(ours.state_dict()[key], value, key)


@pytest.mark.parametrize("momentum", [0.1, None, 0.7])
@pytest.mark.parametrize("options", [{}, {"affine": False}, {"track_running_stats": False}, {"bias": False}])
@pytest.mark.parametrize(("kind", "shape"), [("BatchNorm1d", (6, 3)), ("BatchNorm1d", (5, 3, 4)), ("BatchNorm2d", (4, 3, 2, 5))])
def test_batch_norm(kind, shape, options, momentum):
    ours, theirs = both(lambda nn: getattr(nn, kind)(3, momentum=momentum, **options))
    rng = np.random.default_rng(0)
    for i in range(4):
        ours.train(i < 3), theirs.train(i < 3)
        x = (rng.normal(size=shape) * 3 + 1).astype("float32")
        agree(ours(bt.tensor(x)), theirs(torch.tensor(x)))
        for key, value in theirs.state_dict().items():
            agree(ours.state_dict()[key], value, key)


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_batch_norm_errors_change_nothing(libraries):
    library, nn = libraries
    norm = nn.BatchNorm1d(3)
    with pytest.raises(ValueError, match="Expected more than 1 value per channel when training"):
        norm(library.ones(1, 3))
    with pytest.raises(ValueError, match="expected 2D or 3D input"):
        norm(library.ones(2, 3, 4, 5))
    with pytest.raises(RuntimeError, match="4"):
        norm(library.ones(2, 4))
    assert norm.running_mean.tolist() == [0.0] * 3
    if library is bt:  # PyTorch has already counted the batch
        assert norm.num_batches_tracked.item() == 0
    assert norm.eval()(library.ones(1, 3)).shape == (1, 3)


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_errors_of_registration(libraries):
    library, nn = libraries
    model = nn.Linear(2, 2)
    for error, action in [
        (TypeError, lambda: setattr(model, "weight", library.zeros(2, 2))),
        (TypeError, lambda: model.register_parameter("p", library.zeros(2))),
        (TypeError, lambda: model.register_buffer("b", [1, 2])),
        (TypeError, lambda: model.add_module("m", 3)),
        (TypeError, lambda: model.register_buffer(3, library.zeros(1))),
        (KeyError, lambda: model.register_buffer("a.b", library.zeros(1))),
        (KeyError, lambda: model.register_parameter("", None)),
        (KeyError, lambda: model.register_buffer("forward", library.zeros(1))),
        (KeyError, lambda: model.register_buffer("weight", library.zeros(1))),
        (AttributeError, lambda: model.nothing),
        (AttributeError, lambda: model.get_submodule("a.b")),
        (AttributeError, lambda: model.get_parameter("wait")),
        (AttributeError, lambda: model.get_buffer("weight")),
        (TypeError, lambda: model.to(library.int64)),
        (ValueError, lambda: model.train("yes")),
        (NotImplementedError, lambda: nn.Module()(1)),
        (ValueError, lambda: nn.Dropout(1.5)),
        (TypeError, lambda: nn.Sequential(3)),
        (IndexError, lambda: nn.Sequential(nn.ReLU())[1]),
        (IndexError, lambda: nn.ModuleList()[0]),
        (KeyError, lambda: nn.ModuleDict()["a"]),
    ]:
        with pytest.raises(error):
            action()

    class Hasty(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(1, 1)

    with pytest.raises(AttributeError, match=r"before Module.__init__\(\) call"):
        Hasty()


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_copies_and_pickles(libraries):
    library, nn = libraries
    model = mlp(nn)
    model(library.ones(4, 5)).sum().backward()
    for twin in (deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert repr(twin) == repr(model)
        assert isinstance(twin.fc1.weight, nn.Parameter)
        assert twin.fc1.weight.tolist() == model.fc1.weight.tolist()
        with library.no_grad():
            twin.fc1.weight.zero_()
        assert model.fc1.weight.tolist() != twin.fc1.weight.tolist()
    assert deepcopy(model).fc1.weight.grad is None
    tied = deepcopy(shared(nn))
    assert tied[0].weight is tied[1].weight
