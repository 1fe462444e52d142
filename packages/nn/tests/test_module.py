"""Modules by themselves: registration, conversions, hooks, containers, and errors that say where they arose."""

import gc
import pickle
import traceback
import weakref

import byhand.nn as nn
import byhand.tensor as bt
import numpy as np
import pytest


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(3)])
        self.register_buffer("scale", bt.ones(1))
        self.register_buffer("scratch", bt.zeros(1), persistent=False)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x * self.scale


def test_modules_start_in_training_mode():
    assert all(module.training for module in Encoder().modules())
    assert not any(module.training for module in Encoder().eval().modules())
    assert all(module.training for module in Encoder().eval().train().modules())


def test_an_error_says_where_in_the_model_it_arose():
    model = nn.Sequential()
    model.add_module("encoder", Encoder())
    model.encoder.layers[2][0] = nn.Linear(5, 4)
    with pytest.raises(RuntimeError, match="cannot be multiplied") as caught:
        model(bt.ones(2, 4))
    assert caught.value.__notes__ == ["in encoder.layers.2.0 (Linear)"]
    assert "in encoder.layers.2.0 (Linear)" in "".join(traceback.format_exception(caught.value))
    with pytest.raises(RuntimeError) as caught:
        nn.Linear(3, 2)(bt.ones(4))
    assert caught.value.__notes__ == ["in Linear"]


def test_a_module_that_is_registered_nowhere_keeps_its_own_note():
    class Careless(nn.Module):
        def forward(self, x):
            return nn.Linear(3, 2)(x)

    with pytest.raises(RuntimeError) as caught:
        Careless()(bt.ones(4))
    assert caught.value.__notes__ == ["in Linear"]


def test_buffers_and_state():
    model = Encoder()
    assert "scale" in model.state_dict()
    assert "scratch" not in model.state_dict()
    model.scale = bt.full((1,), 2.0)
    assert dict(model.named_buffers())["scale"].item() == 2
    with pytest.raises(TypeError, match="buffer"):
        model.scale = 3
    model.scratch = None
    assert [name for name, _ in model.named_buffers()] == ["scale"]
    del model.scale
    assert not hasattr(model, "scale")


def test_attributes_move_between_the_tables():
    model = nn.Module()
    model.x = 3
    model.x = nn.Parameter(bt.ones(2))
    assert list(dict(model.named_parameters())) == ["x"]
    model.register_buffer("y", bt.ones(1))
    model.y = nn.Parameter(bt.ones(2))
    assert not list(model.buffers())
    del model.y
    model.x = nn.ReLU()
    assert not list(model.parameters())
    assert [name for name, _ in model.named_children()] == ["x"]
    assert "x" in dir(model)
    model.x = None
    assert model.x is None


def test_conversions_keep_the_parameters_themselves():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    model(bt.ones(2, 2)).sum().backward()
    weight = model[0].weight
    assert model.double() is model
    assert model[0].weight is weight
    assert weight.dtype == weight.grad.dtype == bt.float64
    assert model[1].running_mean.dtype == bt.float64
    assert model[1].num_batches_tracked.dtype == bt.int64
    assert model.half().float().to(bt.float64).to("cpu")[0].bias.dtype == bt.float64
    with pytest.raises(RuntimeError, match="cuda"):
        model.to("cuda")


def test_gradients_are_forgotten():
    model = nn.Linear(2, 3)
    model(bt.ones(2)).sum().backward()
    gradient = model.bias.grad
    model.zero_grad(set_to_none=False)
    assert model.bias.grad is gradient
    assert gradient.tolist() == [0.0] * 3
    model.zero_grad()
    assert model.bias.grad is None
    assert not any(p.requires_grad for p in model.requires_grad_(False).parameters())


def test_apply_reaches_children_first():
    names = []
    nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.ReLU())).apply(lambda module: names.append(type(module).__name__))
    assert names == ["Linear", "ReLU", "Sequential", "Sequential"]


def test_paths():
    model = Encoder()
    assert model.get_submodule("layers.1.0") is model.layers[1][0]
    assert model.get_submodule("") is model
    assert model.get_parameter("layers.1.0.bias") is model.layers[1][0].bias
    assert model.get_buffer("scale") is model.scale


def test_extra_state_travels_with_the_state_dict():
    class Counter(nn.Module):
        count = 0

        def get_extra_state(self):
            return {"count": self.count}

        def set_extra_state(self, state):
            self.count = state["count"]

    model, twin = nn.Sequential(Counter()), nn.Sequential(Counter())
    model[0].count = 7
    twin.load_state_dict(model.state_dict())
    assert twin[0].count == 7
    with pytest.raises(RuntimeError, match=r'Missing key.* "0._extra_state"'):
        twin.load_state_dict({})


# ---------------------------------------------------------------------- hooks


def test_forward_hooks():
    model, seen = nn.Linear(2, 2), []
    before = model.register_forward_pre_hook(lambda module, args: (args[0] * 2,))
    after = model.register_forward_hook(lambda module, args, out: seen.append(args[0].tolist()) or out + 1)
    x = bt.ones(2)
    plain = model.forward(x * 2)
    np.testing.assert_allclose(model(x).detach().numpy(), (plain + 1).detach().numpy())
    assert seen == [[2.0, 2.0]]
    before.remove(), after.remove()
    np.testing.assert_array_equal(model(x).detach().numpy(), model.forward(x).detach().numpy())


def test_forward_hooks_with_keywords_and_in_order():
    class Scale(nn.Module):
        def forward(self, x, *, by=1):
            return x * by

    model, order = Scale(), []
    model.register_forward_pre_hook(lambda module, args: order.append("second"))
    model.register_forward_pre_hook(lambda module, args, kwargs: (args, {"by": kwargs["by"] + 1}), with_kwargs=True, prepend=True)
    model.register_forward_hook(lambda module, args, kwargs, out: order.append(kwargs["by"]), with_kwargs=True)
    assert model(bt.ones(1), by=2).item() == 3
    assert order == ["second", 3]
    model.register_forward_pre_hook(lambda module, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match="new_args, new_kwargs"):
        model(bt.ones(1), by=2)


def test_full_backward_hooks():
    class Product(nn.Module):
        def forward(self, x, y, z):
            return x * y, y * 2

    model, seen = Product(), []
    model.register_full_backward_hook(lambda module, into, out: seen.append((into, out)))
    x, y = bt.tensor([2.0], requires_grad=True), bt.tensor([3.0], requires_grad=True)
    first, second = model(x, y, "z")
    (first * 5 + second * 7).backward()
    (into, out), = seen
    assert [None if g is None else g.item() for g in into] == [15.0, 24.0, None]
    assert [g.item() for g in out] == [5.0, 7.0]
    assert (x.grad.item(), y.grad.item()) == (15.0, 24.0)


def test_full_backward_hooks_may_replace_gradients():
    model = nn.Tanh()
    model.register_full_backward_pre_hook(lambda module, out: (out[0] * 3,))
    model.register_full_backward_hook(lambda module, into, out: (into[0] * 10,))
    x = bt.zeros(2, requires_grad=True)
    model(x).sum().backward()
    assert x.grad.tolist() == [30.0, 30.0]
    x.grad = None
    (slope,) = bt.autograd.grad(model(x).sum(), x, create_graph=True)
    assert slope.requires_grad
    model.register_full_backward_hook(lambda module, into, out: (into[0], into[0]))
    with pytest.raises(RuntimeError, match="invalid number"):
        model(x).sum().backward()


def test_full_backward_hook_without_inputs_that_require_grad():
    model, seen = nn.Linear(2, 1), []
    model.register_full_backward_hook(lambda module, into, out: seen.append((into, out[0].tolist())))
    model(bt.ones(2)).sum().backward()
    assert seen == [((None,), [1.0])]


def test_hooks_of_the_state():
    model, twin = nn.Linear(1, 1), nn.Linear(1, 1)
    model.register_state_dict_post_hook(lambda module, state, prefix, metadata: state.update({prefix + "more": bt.ones(1)}))
    twin.register_load_state_dict_pre_hook(lambda module, state, prefix, *rest: state.pop(prefix + "more"))
    seen = []
    twin.register_load_state_dict_post_hook(lambda module, keys: seen.append(keys))
    state = model.state_dict()
    twin.load_state_dict(state)
    assert "more" in state
    assert seen[0].unexpected_keys == []


def double(module, args):
    return args[0] * 2


def test_hooks_are_pickled_with_the_model():
    model = nn.Identity()
    model.register_forward_pre_hook(double)
    assert pickle.loads(pickle.dumps(model))(bt.ones(1)).item() == 2


def test_a_hooked_graph_dies_by_reference_counting():
    gc.collect()
    gc.disable()
    try:
        model = nn.Linear(2, 2)
        model.register_full_backward_hook(lambda module, into, out: None)
        out = model(bt.ones(2, requires_grad=True))
        node = weakref.ref(out.grad_fn)
        out.sum().backward()
        del out
        assert node() is None
    finally:
        gc.enable()
