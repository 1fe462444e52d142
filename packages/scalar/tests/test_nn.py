"""Neurons, layers and networks in micrograd's manner."""

import copy
import random

import pytest
from byhand.scalar import MLP, Layer, Module, Neuron, Value


def test_a_neuron_is_an_affine_map_under_relu():
    neuron = Neuron(2)
    for parameter, data in zip(neuron.parameters(), (0.5, -2.0, 0.25)):
        parameter.data = data
    assert neuron([1.0, 0.5]).data == 0.0
    assert neuron([Value(3.0), 0.5]).data == 0.75
    neuron.nonlin = False
    assert neuron([1.0, 0.5]).data == -0.25


def test_the_same_seed_gives_the_same_network_from_either_source():
    one, two = MLP(2, [3, 1], rng=random.Random(5)), MLP(2, [3, 1], rng=random.Random(5))
    state = random.getstate()
    random.seed(5)
    three = MLP(2, [3, 1])
    random.setstate(state)
    assert one.parameters() == two.parameters() == three.parameters()
    expected = random.Random(5)
    assert [w.data for w in one.layers[0].neurons[0].w] == [expected.uniform(-1, 1) for _ in range(2)]
    assert all(n.b.data == 0.0 for layer in one.layers for n in layer.neurons)


def test_a_generator_of_ones_own_leaves_pythons_alone():
    state = random.getstate()
    MLP(3, [4, 2], rng=random.Random(0))
    assert random.getstate() == state


def test_shapes_and_parameters():
    model = MLP(3, [4, 4, 2])
    assert len(model.parameters()) == 4 * 4 + 4 * 5 + 2 * 5
    assert [n.nonlin for layer in model.layers for n in layer.neurons] == [True] * 8 + [False] * 2
    y = model([1.0, 2.0, 3.0])
    assert isinstance(y, list) and len(y) == 2
    assert isinstance(MLP(3, [4, 1])([1.0, 2.0, 3.0]), Value)
    assert isinstance(Layer(2, 1)([1.0, 2.0]), Value)


def test_a_hidden_layer_of_one():
    assert isinstance(MLP(2, [1, 1])([1.0, 2.0]), Value)


def test_repr_shows_the_structure():
    assert repr(MLP(2, [2, 1])) == (
        "MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]"
    )


def test_zero_grad():
    model = MLP(2, [3, 1], rng=random.Random(0))
    model([1.0, -2.0]).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert not any(p.grad for p in model.parameters())
    assert Module().parameters() == []


def test_a_wrong_number_of_inputs_is_refused():
    with pytest.raises(RuntimeError, match="2 weights and 3 inputs"):
        MLP(2, [3, 1])([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="at least one layer"):
        MLP(2, [])


def test_a_copy_shares_nothing():
    model = MLP(2, [3, 1], rng=random.Random(0))
    twin = copy.deepcopy(model)
    twin.parameters()[0].data += 1.0
    assert model.parameters()[0] != twin.parameters()[0]
    assert model([1.0, 2.0]).data == copy.deepcopy(model)([1.0, 2.0]).data


def test_it_learns_xor():
    model = MLP(2, [8, 1], rng=random.Random(3))
    data = [((0.0, 0.0), -1), ((0.0, 1.0), 1), ((1.0, 0.0), 1), ((1.0, 1.0), -1)]
    for _ in range(300):
        loss = sum((1 - side * model(x)).relu() for x, side in data) / len(data)
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
    assert loss < 0.05
    assert all((model(x) > 0) == (side > 0) for x, side in data)
