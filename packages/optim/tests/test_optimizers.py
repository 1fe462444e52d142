"""The optimisers by themselves: each test bears the name of a bug that some library has had."""

import copy
import pickle

import byhand.tensor as bt
import numpy as np
import pytest
from byhand.optim import ASGD, SGD, Adadelta, Adafactor, Adagrad, Adam, Adamax, AdamW, NAdam, Optimizer, RAdam, RMSprop, Rprop
from byhand.optim._bundle import LARGE

rng = np.random.default_rng(0)
EVERY = [
    pytest.param(lambda params, **options: SGD(params, lr=0.1, momentum=0.9, **options), id="SGD"),
    pytest.param(lambda params, **options: Adam(params, lr=0.1, amsgrad=True, **options), id="Adam"),
    pytest.param(lambda params, **options: AdamW(params, lr=0.1, **options), id="AdamW"),
    pytest.param(lambda params, **options: RMSprop(params, lr=0.1, momentum=0.9, centered=True, **options), id="RMSprop"),
    pytest.param(lambda params, **options: Adagrad(params, lr=0.1, **options), id="Adagrad"),
    pytest.param(lambda params, **options: Adamax(params, lr=0.1, **options), id="Adamax"),
    pytest.param(lambda params, **options: RAdam(params, lr=0.1, betas=(0.9, 0.99), **options), id="RAdam"),
    pytest.param(lambda params, **options: Adadelta(params, lr=0.1, **options), id="Adadelta"),
    pytest.param(lambda params, **options: NAdam(params, lr=0.1, **options), id="NAdam"),
    pytest.param(lambda params, **options: Adafactor(params, lr=0.1, **options), id="Adafactor"),
    pytest.param(lambda params, **options: ASGD(params, lr=0.1, lambd=0.1, t0=2, **options), id="ASGD"),
]
WITHOUT_DECAY = [*EVERY, pytest.param(lambda params: Rprop(params, lr=0.1), id="Rprop")]


def parameter(*shape):
    return bt.tensor(rng.standard_normal(shape), requires_grad=True)


def give(params, seed):
    """Give every parameter a gradient that depends on the seed alone."""
    source = np.random.default_rng(seed)
    for p in params:
        p.grad = bt.tensor(source.standard_normal(p.shape))


def values(params):
    return [p.detach().numpy().copy() for p in params]


def assert_same(found, expected):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


# ---------------------------------------------------------------------- formulas


def test_plain_step_goes_down_the_gradient():
    p = bt.tensor([1.0, -2.0], requires_grad=True)
    (p * p).sum().backward()
    SGD([p], lr=0.25).step()
    assert p.tolist() == [0.5, -1.0]


def test_momentum_is_not_accepted_and_ignored():
    p = bt.tensor([0.0], requires_grad=True)
    optimizer = SGD([p], lr=1.0, momentum=0.5)
    for expected in (-1.0, -2.5, -4.25):  # b = 1, 1.5, 1.75
        p.grad = bt.tensor([1.0])
        optimizer.step()
        assert p.item() == expected


def test_dampening_spares_the_first_step():
    p = bt.tensor([0.0], requires_grad=True)
    optimizer = SGD([p], lr=1.0, momentum=0.5, dampening=0.5)
    for expected in (-1.0, -2.0):  # b = 1, then 0.5 + 0.5
        p.grad = bt.tensor([1.0])
        optimizer.step()
        assert p.item() == expected


def test_adams_first_step_has_the_size_of_the_learning_rate():
    p = bt.tensor([0.0, 0.0], requires_grad=True)
    p.grad = bt.tensor([1e-3, -1e3])
    Adam([p], lr=0.1).step()
    np.testing.assert_allclose(p.tolist(), [-0.1, 0.1], rtol=1e-4)


def test_adamw_is_not_adam():
    """Decoupled decay shrinks by γλ however large the gradient; the L2 term vanishes beside a large gradient."""
    results = []
    for kind in (Adam, AdamW):
        p = bt.tensor(np.array([10.0]), requires_grad=True)
        p.grad = bt.tensor(np.array([1e6]))
        kind([p], lr=0.1, weight_decay=0.5).step()
        results.append(p.item())
    np.testing.assert_allclose(results, [10 - 0.1, 10 * (1 - 0.1 * 0.5) - 0.1], rtol=1e-9)
    assert Adam([p]).param_groups[0]["weight_decay"] == 0 and AdamW([p]).param_groups[0]["weight_decay"] == 0.01


@pytest.mark.parametrize("make", EVERY)
def test_maximize_turns_the_gradient_and_not_the_weight_decay(make):
    p, q = bt.tensor(np.array([1.0, -2.0]), requires_grad=True), bt.tensor(np.array([1.0, -2.0]), requires_grad=True)
    up, down = make([p], maximize=True, weight_decay=0.3), make([q], weight_decay=0.3)
    for seed in range(3):
        give([p], seed)
        q.grad = -p.grad
        up.step()
        down.step()
    assert_same(values([p]), values([q]))


@pytest.mark.parametrize("make", EVERY)
def test_gradients_are_read_and_never_written(make):
    params = [parameter(3), parameter(2, 2), parameter(LARGE + 1)]
    optimizer = make(params, maximize=True, weight_decay=0.5)
    give(params, 1)
    before = [p.grad.numpy().copy() for p in params]
    optimizer.step()
    assert_same([p.grad.numpy() for p in params], before)


@pytest.mark.parametrize("make", WITHOUT_DECAY)
def test_parameters_together_take_the_same_path_as_each_alone(make):
    together = [parameter(3, 2), parameter(4), parameter(LARGE + 3), parameter()]
    alone = copy.deepcopy(together)
    one, many = make(together), [make([p]) for p in alone]
    for step in range(12):
        give(together, step)
        give(alone, step)
        for i in range(4):
            if (step + i) % 3 == 0:
                together[i].grad = alone[i].grad = None
        for optimizer in (one, *many):
            optimizer.step()
    for a, b in zip(values(together), values(alone), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


# ---------------------------------------------------------------------- memory


@pytest.mark.parametrize("make", WITHOUT_DECAY)
def test_parameters_stay_in_their_memory(make):
    params = [parameter(3), parameter(2, 2), parameter(LARGE)]
    arrays = [p.detach().numpy() for p in params]
    optimizer = make(params)
    give(params, 0)
    optimizer.step()
    assert_same(values(params), arrays)
    assert all(p._data is array for p, array in zip(params, arrays, strict=True))


@pytest.mark.parametrize("make", EVERY)
def test_replaced_data_is_what_is_updated(make):
    params = [parameter(3), parameter(2)]
    optimizer = make(params)
    for step in range(3):
        old = params[0].data
        kept = old.numpy().copy()
        params[0].data = bt.tensor(np.zeros(3))
        give(params, step)
        optimizer.step()
        assert_same([old.numpy()], [kept])
        assert (params[0].detach().numpy() != 0).all()


@pytest.mark.parametrize("make", WITHOUT_DECAY)
def test_what_is_changed_in_place_between_steps_is_not_undone(make):
    params = [parameter(3), parameter(2, 2)]
    alone = [bt.tensor(value, requires_grad=True) for value in values(params)]
    optimizers = [make(params), *[make([p]) for p in alone]]
    for step in range(3):
        for those in (params, alone):
            give(those, step)
            with bt.no_grad():
                those[0].clamp_(-0.1, 0.1)
        for optimizer in optimizers:
            optimizer.step()
    assert_same(values(params), values(alone))


def test_state_reads_per_parameter_and_may_be_replaced():
    params = [parameter(2, 3), parameter(4)]
    optimizer = Adam(params)
    give(params, 0)
    optimizer.step()
    for p in params:
        assert optimizer.state[p]["exp_avg"].shape == p.shape
        np.testing.assert_allclose(optimizer.state[p]["exp_avg"].numpy(), 0.1 * p.grad.numpy(), rtol=1e-12)
        assert optimizer.state[p]["step"].item() == 1
    optimizer.state[params[0]]["exp_avg"] = bt.tensor(np.full((2, 3), 7.0))
    optimizer.step()
    expected = 0.9 * 7 + 0.1 * params[0].grad.numpy()
    np.testing.assert_allclose(optimizer.state[params[0]]["exp_avg"].numpy(), expected, rtol=1e-12)


def test_two_parameters_over_one_array_are_not_mistaken_for_each_other():
    array = np.zeros(2)
    a, b = bt.from_numpy(array).requires_grad_(), bt.from_numpy(array).requires_grad_()
    optimizer = SGD([a, b], lr=1.0)
    a.grad = bt.tensor(np.array([1.0, 2.0]))
    optimizer.step()
    a.grad, b.grad = None, bt.tensor(np.array([5.0, 5.0]))
    optimizer.step()
    assert array.tolist() == [-6, -7]


def test_mixed_dtypes_in_one_group():
    params = [parameter(3), bt.tensor([1.0, 2.0], requires_grad=True)]
    optimizer = Adam(params)
    for p in params:
        p.grad = bt.ones_like(p)
    optimizer.step()
    assert [optimizer.state[p]["exp_avg"].dtype for p in params] == [bt.float64, bt.float32]
    assert [p.dtype for p in params] == [bt.float64, bt.float32]


@pytest.mark.parametrize("size", [3, LARGE])
def test_backward_through_weights_that_a_step_has_changed_is_an_error(size):
    p, x = parameter(size), bt.tensor(rng.standard_normal(size), requires_grad=True)
    loss = (p * x).sum()
    p.grad = bt.ones_like(p)
    SGD([p], lr=0.1).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_read_only_memory_is_an_error_before_anything_changes():
    array = np.zeros(3)
    array.flags.writeable = False
    frozen, p = bt.from_numpy(array).requires_grad_(), parameter(3)
    before = values([p])
    optimizer = SGD([{"params": [p]}, {"params": [frozen]}], lr=0.1)
    give([p, frozen], 0)
    with pytest.raises(RuntimeError, match="read-only"):
        optimizer.step()
    assert_same(values([p]), before)


# ---------------------------------------------------------------------- the course of a step


@pytest.mark.parametrize("others", [0, 1], ids=["alone", "together"])
@pytest.mark.parametrize("shape", [(5, 3, 4), (4, 3), (3, 1), (7,)])
def test_a_gradient_of_another_shape_is_an_error_before_anything_changes(shape, others):
    params = [parameter(3, 4), *[parameter(2) for _ in range(others)]]
    optimizer = Adam([{"params": [parameter(6)]}, {"params": params}])
    everything = [p for group in optimizer.param_groups for p in group["params"]]
    give(everything, 0)
    optimizer.step()
    params[0].data = bt.tensor(rng.standard_normal(shape))
    before, steps = values(everything), [float(optimizer.state[p]["step"]) for p in everything]
    with pytest.raises(RuntimeError, match=r"parameter of shape .* has shape \(3, 4\).*zero_grad"):
        optimizer.step()
    assert_same(values(everything), before)
    assert [float(optimizer.state[p]["step"]) for p in everything] == steps


def test_zero_grad():
    params = [parameter(2), parameter(2)]
    optimizer = SGD(params)
    give(params[:1], 0)
    grad = params[0].grad
    optimizer.zero_grad(set_to_none=False)
    assert params[0].grad is grad and grad.tolist() == [0, 0] and params[1].grad is None
    optimizer.zero_grad()
    assert params[0].grad is None


def test_closure_runs_with_gradients_on_and_its_loss_is_returned():
    p = bt.tensor([3.0], requires_grad=True)
    optimizer = SGD([p], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with bt.no_grad():
        loss = optimizer.step(closure)
    assert loss.item() == 9 and p.item() == 0
    assert optimizer.step() is None


def test_hooks_see_each_step_and_may_change_its_arguments():
    p = parameter(1)
    optimizer = SGD([p])
    seen = []
    before = optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append((o, args, kwargs)))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("after"))
    optimizer.step()
    assert seen == [(optimizer, (optimizer,), {}), "after"]
    before.remove()
    with optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: "loss"), {})):
        assert optimizer.step() == "loss"
    with optimizer.register_step_pre_hook(lambda o, args, kwargs: 1), pytest.raises(RuntimeError, match="must return None"):
        optimizer.step()


def test_own_optimizers_in_either_manner():
    class Sign(Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        def update(self, group, step, param, grad, state, scratch):
            param -= group["lr"] * np.sign(grad)

    class Torchlike(Sign):
        def step(self, closure=None):
            with bt.no_grad():
                for group in self.param_groups:
                    for p in group["params"]:
                        p.sub_(p.grad.sign() * group["lr"])

    for kind in (Sign, Torchlike):
        p = bt.tensor([0.0, 0.0], requires_grad=True)
        p.grad = bt.tensor([5.0, -2.0])
        optimizer = kind([p], lr=0.5)
        calls = []
        optimizer.register_step_post_hook(lambda *_, calls=calls: calls.append(1))
        optimizer.step()
        assert p.tolist() == [-0.5, 0.5] and calls == [1]
    with pytest.raises(NotImplementedError):
        optimizer = Optimizer([p], {})
        optimizer.step()


# ---------------------------------------------------------------------- groups


def test_parameters_come_as_list_generator_pairs_or_groups():
    a, b = parameter(1), parameter(1)
    assert SGD(p for p in (a, b)).param_groups[0]["params"] == [a, b]
    assert SGD(iter([("a", a), ("b", b)])).param_groups[0]["param_names"] == ["a", "b"]
    given = [{"params": (p for p in [a]), "lr": 1.0, "name": "slow"}, {"params": b}]
    optimizer = SGD(given, lr=0.5)
    assert [group["lr"] for group in optimizer.param_groups] == [1.0, 0.5]
    assert optimizer.param_groups[0]["name"] == "slow" and optimizer.param_groups[1]["params"] == [b]
    assert list(given[1]) == ["params"], "the caller's dictionary is left alone"


def test_bad_parameters_change_nothing():
    a, b = parameter(1), parameter(1)
    optimizer = SGD([a])
    wrong = [
        ({"params": [b, b]}, ValueError, "twice"),
        ({"params": [a]}, ValueError, "more than one"),
        ({"params": [b * 2]}, ValueError, "non-leaf"),
        ({"params": [b], "lr": -1}, ValueError, "Invalid learning rate: -1"),
        ({"params": [b], "lr": bt.ones(2)}, ValueError, "1-element"),
        ({"params": [("b", b)]}, ValueError, "with/without names"),
        ({"params": [1.0]}, TypeError, "can only optimize Tensors"),
        ({"params": {b}}, TypeError, "ordered collections"),
        ([b], TypeError, "must be a dict"),
    ]
    for group, kind, message in wrong:
        with pytest.raises(kind, match=message):
            optimizer.add_param_group(group)
    assert len(optimizer.param_groups) == 1
    with pytest.raises(TypeError):
        SGD([a], capturable=True)


# ---------------------------------------------------------------------- keeping


@pytest.mark.parametrize("make", WITHOUT_DECAY)
@pytest.mark.parametrize("keep", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))], ids=["deepcopy", "pickle"])
def test_state_is_not_lost_on_resume(make, keep):
    params = [parameter(3), parameter(2, 2), parameter(LARGE)]
    optimizer = make(params)
    for step in range(3):
        give(params, step)
        optimizer.step()
    twins = [bt.tensor(p.detach().numpy(), requires_grad=True) for p in params]
    resumed = make(twins)
    resumed.load_state_dict(keep(optimizer.state_dict()))
    whole, whole_optimizer = keep((params, optimizer))
    for step in range(3, 6):
        for each, o in ((params, optimizer), (twins, resumed), (whole, whole_optimizer)):
            give(each, step)
            o.step()
    assert_same(values(twins), values(params))
    assert_same(values(whole), values(params))


def test_loaded_state_is_a_copy_in_the_dtype_of_the_parameter():
    p, q = parameter(3), bt.tensor(np.zeros(3, np.float32), requires_grad=True)
    first, second = Adam([p]), Adam([q])
    give([p], 0)
    first.step()
    second.load_state_dict(first.state_dict())
    state = second.state[q]
    assert (state["exp_avg"].dtype, state["step"].dtype) == (bt.float32, bt.float32)
    kept = state["exp_avg"].numpy().copy()
    first.step()
    assert_same([state["exp_avg"].numpy()], [kept])


def test_state_dict_lists_what_is_not_params_by_number():
    a, b, c = parameter(1), parameter(1), parameter(1)
    optimizer = SGD([{"params": [a, b]}, {"params": [c], "lr": 1.0}], momentum=0.5)
    give([b, c], 0)
    optimizer.step()
    saved = optimizer.state_dict()
    assert list(saved) == ["state", "param_groups"] and sorted(saved["state"]) == [1, 2]
    assert [group["params"] for group in saved["param_groups"]] == [[0, 1], [2]]
    assert saved["state"][1]["momentum_buffer"] is optimizer.state[b]["momentum_buffer"]


def test_unfitting_state_is_an_error_before_anything_changes():
    params = [parameter(3), parameter(2)]
    optimizer = Adam(params, lr=0.5)
    give(params, 0)
    optimizer.step()
    good = optimizer.state_dict()
    before = copy.deepcopy(good)

    def changed(change):
        bad = copy.deepcopy(good)
        change(bad)
        return bad

    wrong = [
        changed(lambda s: s["param_groups"].append(s["param_groups"][0])),
        changed(lambda s: s["param_groups"][0]["params"].pop()),
        changed(lambda s: s["state"][1].update(exp_avg=bt.zeros(3))),
        changed(lambda s: s["param_groups"][0].update(lr=-1.0)),
        changed(lambda s: s["state"][0].update(step=bt.zeros(2))),
    ]
    for bad in wrong:
        with pytest.raises(ValueError):
            optimizer.load_state_dict(bad)
    assert repr(optimizer.state_dict()) == repr(before)


def test_repr():
    assert repr(SGD([parameter(1)], lr=0.1)) == (
        "SGD (\nParameter Group 0\n    dampening: 0\n    differentiable: False\n    foreach: None\n    fused: None\n    lr: 0.1\n"
        "    maximize: False\n    momentum: 0\n    nesterov: False\n    weight_decay: 0\n)"
    )
