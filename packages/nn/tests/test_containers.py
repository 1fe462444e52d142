"""Modules and parameters in rows, lists and dictionaries."""

from collections import OrderedDict

import byhand.nn as nn
import byhand.tensor as bt
import pytest


def row(kind, modules):
    return kind(*modules) if kind is nn.Sequential else kind(modules)


@pytest.mark.parametrize("kind", [nn.Sequential, nn.ModuleList])
def test_rows_behave_like_lists(kind):
    a, b, c, d = nn.Linear(1, 1), nn.ReLU(), nn.Tanh(), nn.Sigmoid()
    modules = row(kind, [a, b])
    assert modules.append(c) is modules
    assert list(modules) == [a, b, c]
    assert (modules[0], modules[-1], len(modules)) == (a, c, 3)
    assert isinstance(modules[1:], kind)
    assert list(modules[1:]) == [b, c]
    modules[-1] = d
    modules.insert(1, c)
    assert list(modules) == [a, c, b, d]
    assert modules.pop(0) is a
    del modules[:1]
    modules.extend([a])
    assert list(modules) == [b, d, a]
    assert [name for name, _ in modules.named_parameters()] == ["2.weight", "2.bias"]
    for index in (3, -4):
        with pytest.raises(IndexError, match="holds 3 modules"):
            modules[index]
    with pytest.raises(TypeError):
        modules.append(3)
    assert list(modules) == [b, d, a]


def test_sequential_keeps_given_names():
    model = nn.Sequential(OrderedDict(first=nn.Linear(1, 2), second=nn.ReLU(), third=nn.Linear(2, 1)))
    assert [name for name, _ in model[1:].named_children()] == ["second", "third"]
    assert model.first is model[0]
    assert len(model + nn.Sequential(nn.ReLU())) == 4
    assert model(bt.ones(5, 1)).shape == (5, 1)


def test_taking_a_module_out_numbers_the_others_anew():
    for model in (nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Tanh(), c=nn.Sigmoid())), nn.ModuleList([nn.ReLU()] * 3)):
        del model[1]
        assert list(model._modules) == ["0", "1"]


def test_module_list_sums():
    modules = nn.ModuleList([nn.ReLU()])
    modules += [nn.Tanh()]
    assert len(modules + [nn.ReLU()]) == 3
    with pytest.raises(NotImplementedError):
        modules(1)


def test_module_dict():
    modules = nn.ModuleDict({"a": nn.ReLU()})
    modules["b"] = nn.Linear(1, 1)
    modules.update([("c", nn.Tanh())])
    assert list(modules) == list(modules.keys()) == ["a", "b", "c"]
    assert "b" in modules
    assert len(modules) == 3
    assert [type(m).__name__ for m in modules.values()] == ["ReLU", "Linear", "Tanh"]
    assert modules.pop("a") is not None
    del modules["c"]
    assert [name for name, _ in modules.items()] == ["b"]
    modules.clear()
    assert not list(modules.parameters())


def test_parameter_list():
    values = nn.ParameterList([bt.ones(2), nn.Parameter(bt.zeros(3))])
    values.append(bt.ones(1))
    values += [bt.ones(4)]
    assert [tuple(p.shape) for p in values] == [(2,), (3,), (1,), (4,)]
    assert all(isinstance(p, nn.Parameter) and p.requires_grad for p in values)
    values[-1] = bt.ones(5)
    assert tuple(values[3].shape) == (5,)
    assert [tuple(p.shape) for p in values[1:3]] == [(3,), (1,)]
    assert list(values.state_dict()) == ["0", "1", "2", "3"]
    with pytest.raises(IndexError):
        values[4]
    with pytest.raises(TypeError):
        values.append(3)


def test_parameter_dict():
    values = nn.ParameterDict({"a": bt.ones(2)})
    values["b"] = nn.Parameter(bt.zeros(3))
    values.update({"c": bt.ones(1)})
    assert list(values) == ["a", "b", "c"]
    assert "c" in values
    assert tuple(values.pop("a").shape) == (2,)
    del values["c"]
    assert [name for name, _ in values.items()] == ["b"]
    assert values.get("z") is None
    assert len(list(values.parameters())) == len(values) == 1
