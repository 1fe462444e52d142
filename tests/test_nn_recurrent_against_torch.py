"""Recurrent cells and layers beside PyTorch's."""

import pickle
import warnings
from copy import deepcopy

import byhand.nn as bn
import byhand.tensor as bt
import modinfo
import numpy as np
import pytest
import torch
from beside_torch import agree
from opinfo import gradients, same
from torch.testing._internal.common_modules import ModuleErrorEnum

LIBRARIES = [(bt, bn), (torch, torch.nn)]
LENGTHS = [2, 5, 1, 5, 3]  # neither sorted nor all different
LAYERS = [("RNN", {}), ("RNN", {"nonlinearity": "relu"}), ("GRU", {}), ("LSTM", {}), ("LSTM", {"proj_size": 2})]


@pytest.mark.parametrize("case", modinfo.cases("RNNCell GRUCell LSTMCell RNN GRU LSTM"))
def test_samples(case):
    modinfo.agrees(case)


def error_cases(name):
    info = modinfo.INFOS[name]
    cases = info.module_error_inputs_func(info, "cpu", torch.float32, False, True)
    return [pytest.param(name, case, id=f"{name}-{i}") for i, case in enumerate(cases)]


@pytest.mark.parametrize(
    ("name", "case"), [case for name in ("RNNCell", "GRUCell", "LSTMCell", "RNN", "GRU", "LSTM") for case in error_cases(name)]
)
def test_errors_of_the_samples(name, case):
    given, forward = case.module_error_input.constructor_input, case.module_error_input.forward_input

    def fails(action):
        with pytest.raises(case.error_type, match=case.error_regex):
            action()

    args, kwargs = modinfo.mapped(modinfo.as_ours, (given.args, {k: v for k, v in given.kwargs.items() if k != "device"}))
    if case.error_on == ModuleErrorEnum.CONSTRUCTION_ERROR:
        fails(lambda: getattr(bn, name)(*args, **kwargs))
    else:
        module = getattr(bn, name)(*args, **kwargs)
        fails(lambda: module(*modinfo.mapped(modinfo.as_ours, forward.args)))


# ---------------------------------------------------------------------- sequences of different lengths


def both(name, *args, dtype="float64", **options):
    """A layer in both libraries, with the same numbers in it."""
    theirs = getattr(torch.nn, name)(*args, dtype=getattr(torch, dtype), **options)
    ours = getattr(bn, name)(*args, dtype=getattr(bt, dtype), **options)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def leaves(rng, *shapes, dtype="float64"):
    """Random leaf tensors of both libraries, in pairs."""
    arrays = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    return [bt.tensor(a, requires_grad=True) for a in arrays], [torch.tensor(a, requires_grad=True) for a in arrays]


def flat(value):
    return [part for item in value for part in flat(item)] if isinstance(value, tuple) else [value]


def run(nn, layer, tensors, lengths):
    """A layer on sequences packed out of a padded batch."""
    x, *states = tensors
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=layer.batch_first, enforce_sorted=False)
    output, last = layer(packed, tuple(states) if len(states) > 1 else states[0])
    padded, sizes = nn.utils.rnn.pad_packed_sequence(output, batch_first=layer.batch_first, padding_value=0.5, total_length=7)
    return [padded, *flat(last)], sizes


@pytest.mark.parametrize(("batch_first", "bidirectional", "bias"), [(True, True, True), (False, False, False)])
@pytest.mark.parametrize(("name", "options"), LAYERS)
def test_packed_sequences_with_initial_states(name, options, batch_first, bidirectional, bias):
    layers = both(name, 3, 4, 2, bias=bias, batch_first=batch_first, bidirectional=bidirectional, **options)
    places, rng = 4 if bidirectional else 2, np.random.default_rng(0)
    shapes = [(5, 6, 3) if batch_first else (6, 5, 3), (places, 5, options.get("proj_size", 4)), (places, 5, 4)]
    given = leaves(rng, *shapes[: 3 if name == "LSTM" else 2])
    (found, sizes), (expected, wanted) = (
        run(nn, layer, tensors, LENGTHS) for nn, layer, tensors in zip((bn, torch.nn), layers, given, strict=True)
    )
    assert sizes.tolist() == wanted.tolist() == LENGTHS
    pairs = same(found, expected, name)
    parameters = [[tensors, list(layer.parameters())] for tensors, layer in zip(given, layers, strict=True)]
    gradients(parameters, pairs, rng, name, True)


@pytest.mark.parametrize(("name", "options"), LAYERS)
def test_a_longer_batch_in_float32(name, options):
    layers = both(name, 7, 9, dtype="float32", bidirectional=True, **options)
    rng = np.random.default_rng(1)
    given = leaves(rng, (20, 6, 7), dtype="float32")
    found, expected = (layer(*tensors) for layer, tensors in zip(layers, given, strict=True))
    pairs = same(flat(found), flat(expected), name)
    parameters = [[tensors, list(layer.parameters())] for tensors, layer in zip(given, layers, strict=True)]
    gradients(parameters, pairs, rng, name, False)


@pytest.mark.parametrize(("name", "options"), LAYERS)
def test_gradients_only_where_they_are_needed(name, options):
    for wanted in both(name, 3, 4, **options)[0].state_dict():
        layers = both(name, 3, 4, **options)
        results = []
        for library, layer in zip((bt, torch), layers, strict=True):
            layer.requires_grad_(False)
            getattr(layer, wanted).requires_grad_(True)
            output, _ = layer(library.tensor(np.linspace(-1, 1, 18).reshape(3, 2, 3)))
            output.pow(2).sum().backward()
            results.append([parameter.grad for parameter in layer.parameters()])
        for left, right in zip(*results, strict=True):
            agree(left, right, wanted)


@pytest.mark.parametrize(("name", "options"), LAYERS)
def test_derivatives_where_the_inputs_depend_on_each_other(name, options):
    layers = both(name, 3, 4, **options)
    results = []
    for library, layer in zip((bt, torch), layers, strict=True):
        layer.bias_hh_l0 = layer.bias_ih_l0
        sequence = (layer.weight_ih_l0[:4] * library.tensor(np.linspace(-1, 1, 12).reshape(4, 3))).sin()
        results.append(flat(layer(sequence)))
    parameters = [list(layer.parameters()) for layer in layers]
    gradients(parameters, same(*results, name), np.random.default_rng(0), name, True)


def test_gradients_of_both_biases_do_not_share_memory():
    for name in ("RNN", "GRU", "LSTM"):
        layer = getattr(bn, name)(2, 3)
        layer(bt.ones(4, 2))[0].sum().backward()
        before = layer.bias_hh_l0.grad.tolist()
        layer.bias_ih_l0.grad.zero_()
        assert layer.bias_hh_l0.grad.tolist() == before


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_results_may_be_changed_in_place(name):
    layers = both(name, 2, 3, num_layers=2)
    grads = []
    for library, layer in zip((bt, torch), layers, strict=True):
        x = library.tensor(np.linspace(-1, 1, 16).reshape(4, 2, 2), requires_grad=True)
        output, last = layer(x)
        last = last if name != "LSTM" else last[0]
        last.mul_(2)
        (output.sum() + last.sum()).backward()
        grads.append(x.grad)
    agree(*grads)


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_no_sequence_in_the_batch(name):
    for library, layer in zip((bt, torch), both(name, 2, 3, dtype="float32"), strict=True):
        output, last = layer(library.zeros(4, 0, 2))
        assert tuple(output.shape) == (4, 0, 3)
        assert all(tuple(state.shape) == (1, 0, 3) for state in flat((last,)))


# ---------------------------------------------------------------------- looks, dropout, copies, errors


@pytest.mark.parametrize(
    "make",
    [
        lambda nn: nn.RNN(2, 3, 2, "relu", False, True, 0.5, True),
        lambda nn: nn.GRU(2, 3, 2, True, True, 0.25, True),
        lambda nn: nn.LSTM(2, 5, 3, False, True, 0.5, True, 3),
        lambda nn: nn.RNNCell(2, 3, False, "relu"),
        lambda nn: nn.LSTMCell(2, 3),
        lambda nn: nn.GRUCell(2, 3, bias=False),
    ],
)
def test_looks_and_names(make):
    ours, theirs = make(bn), make(torch.nn)
    assert repr(ours) == repr(theirs)
    named = [[(name, tuple(p.shape)) for name, p in module.named_parameters()] for module in (ours, theirs)]
    assert named[0] == named[1]
    assert list(ours.state_dict()) == list(theirs.state_dict())
    if isinstance(ours, bn.RNNBase):
        shapes = [[[tuple(p.shape) for p in part] for part in layer.all_weights] for layer in (ours, theirs)]
        assert shapes[0] == shapes[1]
        assert ours.flatten_parameters() is None
        assert ours.mode == theirs.mode
    bound = 1 / np.sqrt(ours.hidden_size)
    for twin in (ours, deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        drawn = np.concatenate([p.detach().numpy().ravel() for p in twin.parameters()])
        assert np.abs(drawn).max() <= bound
        assert np.abs(drawn).max() > 0.8 * bound


def test_dropout_between_layers_in_training_alone():
    bt.manual_seed(0)
    layer = bn.GRU(3, 200, 2, dropout=0.4)
    x = bt.randn(5, 4, 3)
    plain = bn.GRU(3, 200, 2)
    plain.load_state_dict(layer.state_dict())
    expected = plain(x)[0].tolist()
    assert layer.eval()(x)[0].tolist() == expected
    layer.train()
    assert layer(x)[0].tolist() != expected
    first = bn.GRU(3, 200)
    first.load_state_dict({key: value for key, value in layer.state_dict().items() if key.endswith("l0")})
    zero = np.array_equal
    assert zero(layer(x)[1][0].detach().numpy(), first(x)[1][0].detach().numpy())  # the first layer's own states are untouched
    layer.dropout = 1.0  # so the second layer hears nothing, whatever the input
    assert zero(layer(x)[0].detach().numpy(), layer(x * 3)[0].detach().numpy())


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_warning_for_dropout_that_does_nothing(libraries):
    _, nn = libraries
    with pytest.warns(UserWarning, match="dropout option adds dropout after all but last") as caught:
        nn.LSTM(2, 3, dropout=0.5)
    if nn is bn:
        assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.LSTM(2, 3, 2, dropout=0.5)


def packed(library, nn):
    return nn.utils.rnn.pack_padded_sequence(library.zeros(4, 3, 2), [3, 2, 2])


ERRORS = [
    (ValueError, "2D or 3D, got 1D", lambda b, n: n.LSTM(2, 5)(b.zeros(2))),
    (ValueError, "2D or 3D, got 4D", lambda b, n: n.RNN(2, 5)(b.zeros(2, 2, 2, 2))),
    (RuntimeError, "Expected 2, got 3", lambda b, n: n.GRU(2, 5)(b.zeros(4, 3, 3))),
    (RuntimeError, "input must have 2 dimensions, got 3", lambda b, n: n.GRU(2, 5)(
        n.utils.rnn.pack_padded_sequence(b.zeros(4, 3, 2, 2), [3, 2, 2]))),
    (RuntimeError, "sequence length to be larger than 0", lambda b, n: n.GRU(2, 5)(b.zeros(0, 3, 2))),
    (RuntimeError, r"For batched 3-D input, hx should also be 3-D but got 2-D tensor",
        lambda b, n: n.GRU(2, 5)(b.zeros(4, 3, 2), b.zeros(3, 5))),
    (RuntimeError, r"For unbatched 2-D input, hx and cx should also be 2-D but got \(3-D, 3-D\) tensors",
        lambda b, n: n.LSTM(2, 5)(b.zeros(4, 2), (b.zeros(1, 3, 5), b.zeros(1, 3, 5)))),
    (RuntimeError, r"Expected hidden size \(1, 3, 5\), got \[1, 2, 5\]",
        lambda b, n: n.RNN(2, 5)(b.zeros(4, 3, 2), b.zeros(1, 2, 5))),
    (RuntimeError, r"Expected hidden\[1\] size \(1, 3, 5\), got \[1, 3, 2\]",
        lambda b, n: n.LSTM(2, 5, proj_size=2)(b.zeros(4, 3, 2), (b.zeros(1, 3, 2), b.zeros(1, 3, 2)))),
    (RuntimeError, r"Expected hidden size \(1, 3, 5\), got \[1, 2, 5\]",
        lambda b, n: n.GRU(2, 5)(packed(b, n), b.zeros(1, 2, 5))),
    (RuntimeError, None, lambda b, n: n.GRU(2, 5)(b.zeros(4, 3, 2), b.zeros(1, 3, 5).double())),
    (ValueError, "Unknown nonlinearity 'x'", lambda b, n: n.RNN(2, 5, nonlinearity="x")),
    (ValueError, "only supported for LSTM", lambda b, n: n.GRU(2, 5, proj_size=0)),
    (ValueError, "smaller than hidden_size", lambda b, n: n.LSTM(2, 5, proj_size=5)),
    (ValueError, "positive integer or zero", lambda b, n: n.LSTM(2, 5, proj_size=-1)),
    (ValueError, "range", lambda b, n: n.LSTM(2, 5, dropout=1.5)),
    (ValueError, "range", lambda b, n: n.LSTM(2, 5, dropout=True)),
    (ValueError, None, lambda b, n: n.LSTM(2, 5, dropout="much")),
    (RuntimeError, "Unknown nonlinearity: x", lambda b, n: n.RNNCell(2, 5, nonlinearity="x")(b.zeros(3, 2))),
    (RuntimeError, "hidden1 has inconsistent hidden_size: got 4, expected 5",
        lambda b, n: n.LSTMCell(2, 5)(b.zeros(3, 2), (b.zeros(3, 5), b.zeros(3, 4)))),
    (RuntimeError, "hidden0 batch size 5", lambda b, n: n.GRUCell(2, 5)(b.zeros(3, 2), b.zeros(5))),
    (RuntimeError, None, lambda b, n: n.GRUCell(2, 5)(b.zeros(3, 2).double())),
]  # fmt: skip


@pytest.mark.parametrize("libraries", LIBRARIES)
@pytest.mark.parametrize(("kind", "message", "action"), ERRORS)
def test_errors(libraries, kind, message, action):
    with pytest.raises(kind, match=message) as caught:
        action(*libraries)
    assert type(caught.value) is kind
