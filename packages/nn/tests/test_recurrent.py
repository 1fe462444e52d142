"""Recurrent layers by themselves: finite differences, and the layer against its own cell, step by step."""

from functools import partial

import numpy as np
import pytest
from byhand import nn
from byhand.nn.utils.rnn import PackedSequence
from byhand.tensor import float64, from_numpy, manual_seed, no_grad, randn, stack
from byhand.tensor.autograd import gradcheck

KINDS = [("RNN", {}), ("GRU", {}), ("LSTM", {}), ("LSTM", {"proj_size": 1})]


def on_packed_rows(rows, *parameters, kind, options):
    """A layer of the given parameters on packed rows."""
    layer = getattr(nn, kind)(2, 2, bidirectional=True, dtype=float64, **options)
    for (name, _), parameter in zip(list(layer.named_parameters()), parameters, strict=True):
        delattr(layer, name)
        setattr(layer, name, parameter)
    output, last = layer(PackedSequence(rows, from_numpy(np.array([2, 1, 1]))))
    return output.data, *(last if isinstance(last, tuple) else (last,))


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_finite_differences(kind, options):
    manual_seed(0)
    layer = getattr(nn, kind)(2, 2, bidirectional=True, dtype=float64, **options)
    given = randn(4, 2, dtype=float64, requires_grad=True), *layer.parameters()
    assert gradcheck(partial(on_packed_rows, kind=kind, options=options), given)


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_a_layer_is_its_cell_step_by_step(kind):
    manual_seed(0)
    layer, cell = getattr(nn, kind)(3, 4), getattr(nn, f"{kind}Cell")(3, 4)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
    sequence, state, outputs = randn(6, 5, 3), None, []
    with no_grad():
        for x in sequence:
            state = cell(x, state)
            outputs.append(state[0] if kind == "LSTM" else state)
        output, last = layer(sequence)
    np.testing.assert_allclose(output.numpy(), stack(outputs).numpy(), rtol=1e-5, atol=1e-6)
    if kind == "LSTM":
        np.testing.assert_allclose(last[1][0].numpy(), state[1].numpy(), rtol=1e-5, atol=1e-6)
