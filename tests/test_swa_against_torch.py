"""Averages of weights beside PyTorch's: numbers, state, the schedule that goes with them, batch statistics."""

import copy
import inspect
import pickle

import byhand.nn as bn
import byhand.optim as byhand_optim
import byhand.optim.swa_utils as ours
import byhand.tensor as bt
import numpy as np
import pytest
import torch
import torch.optim.swa_utils as theirs
from byhand.optim import SGD

HALF = 0.5
AVERAGES = {
    "default": lambda swa: {},
    "avg_fn": lambda swa: {"avg_fn": swa.get_swa_avg_fn()},
    "ema_avg_fn": lambda swa: {"avg_fn": swa.get_ema_avg_fn(0.9)},
    "multi_avg_fn": lambda swa: {"multi_avg_fn": swa.get_swa_multi_avg_fn()},
    "ema_multi_avg_fn": lambda swa: {"multi_avg_fn": swa.get_ema_multi_avg_fn(0.3)},
    "own": lambda swa: {"avg_fn": lambda average, current, n: average * HALF - current / (n + 2)},
}


def model(nn, dtype):
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Sequential(nn.Tanh(), nn.Linear(4, 2, bias=False)))
    return net.double() if dtype == "float64" else net


def filled(net, rng, library):
    """Give all parameters and buffers new values."""
    state = {}
    for key, value in net.state_dict().items():
        new = rng.integers(0, 50, ()) if key.endswith("tracked") else rng.standard_normal(tuple(value.shape))
        state[key] = library.tensor(np.asarray(new)).to(value.dtype)
    net.load_state_dict(state)


class Twins:
    def __init__(self, dtype="float64", **options):
        self.models = {torch: model(torch.nn, dtype), bt: model(bn, dtype)}
        self.move(0)
        self.averages = {
            library: swa.AveragedModel(self.models[library], **{k: v(swa) if callable(v) else v for k, v in options.items()})
            for library, swa in ((torch, theirs), (bt, ours))
        }

    def move(self, seed):
        for library, net in self.models.items():
            filled(net, np.random.default_rng(seed), library)

    def update(self):
        for library, average in self.averages.items():
            average.update_parameters(self.models[library])

    def check(self, tolerance=1e-12):
        found, expected = (self.averages[library].state_dict() for library in (bt, torch))
        assert list(found) == list(expected)
        for key, value in expected.items():
            assert str(found[key].dtype) == str(value.dtype).split(".")[1]
            np.testing.assert_allclose(found[key].numpy(), value.numpy(), tolerance, tolerance, err_msg=key)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "name, use_buffers",
    # with the buffers PyTorch cannot, for one of them is an integer: see the next test
    [(name, buffers) for name in AVERAGES for buffers in (False, True) if not (name == "multi_avg_fn" and buffers)],
)
def test_averages(name, use_buffers, dtype):
    twins = Twins(dtype, use_buffers=use_buffers)
    for library, swa in ((torch, theirs), (bt, ours)):
        average = swa.AveragedModel(twins.models[library], use_buffers=use_buffers, **AVERAGES[name](swa))
        twins.averages[library] = average
    for seed in range(1, 6):
        twins.move(seed)
        twins.update()
        twins.check(1e-12 if dtype == "float64" else 1e-6)
    assert twins.averages[bt].n_averaged == 5


def test_integers_are_averaged_by_every_function():
    """Where PyTorch raises RuntimeError: the mean's whole part."""
    average = bt.tensor([4, 10])
    ours.get_swa_multi_avg_fn()([average], [bt.tensor([9, 1])], 1)
    assert average.tolist() == [6, 5]
    ours.get_swa_multi_avg_fn()([average], [bt.tensor([9, 1])], bt.tensor(2))
    assert average.tolist() == [7, 3]


def test_averages_live_apart_from_the_model():
    net = model(bn, "float64")
    average = ours.AveragedModel(net)
    filled(net, np.random.default_rng(1), bt)
    average.update_parameters(net)
    filled(net, np.random.default_rng(2), bt)
    kept = average.module[0].weight.detach().numpy().copy()
    assert not np.array_equal(kept, net[0].weight.detach().numpy())
    x = bt.randn(5, 3, dtype=bt.float64)
    loss = average(x).sum()
    average.update_parameters(net)
    assert not np.array_equal(kept, average.module[0].weight.detach().numpy())
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("origin, goal", [(torch, bt), (bt, torch)], ids=["torch to byhand", "byhand to torch"])
def test_average_begun_in_one_library_goes_on_in_the_other(origin, goal):
    twins = Twins()
    for seed in (1, 2, 3):
        twins.move(seed)
        twins.update()
    state = {key: goal.tensor(value.numpy().copy()) for key, value in twins.averages[origin].state_dict().items()}
    twins.averages[goal] = (theirs if goal is torch else ours).AveragedModel(twins.models[goal])
    assert str(twins.averages[goal].load_state_dict(state)) == "<All keys matched successfully>"
    twins.move(4)
    twins.update()
    twins.check()
    for keep in (copy.deepcopy, lambda average: pickle.loads(pickle.dumps(average))):
        twins.averages[bt] = keep(twins.averages[bt])
        twins.check()


def test_keys_that_do_not_fit_change_nothing():
    for swa, nn, library in ((theirs, torch.nn, torch), (ours, bn, bt)):
        average = swa.AveragedModel(nn.Linear(2, 2))
        before = {key: value.numpy().copy() for key, value in average.state_dict().items()}
        good = {key: library.ones_like(value) for key, value in average.state_dict().items()}
        wrong = [
            ({k: v for k, v in good.items() if k != "n_averaged"}, "Missing.*n_averaged"),
            (good | {"more": library.zeros(1)}, "Unexpected.*more"),
            (good | {"module.more": library.zeros(1)}, "Unexpected.*more"),
            ({k: v for k, v in good.items() if k != "module.bias"}, "Missing.*bias"),
            (good | {"module.bias": library.ones(3)}, "size mismatch for .*bias"),
            (good | {"n_averaged": library.ones(3)}, "size mismatch for n_averaged"),
        ]
        for state, message in wrong:
            with pytest.raises(RuntimeError, match=f"loading state_dict for .*(.|\n)*{message}"):
                average.load_state_dict(state)
            if swa is ours:
                assert all(np.array_equal(average.state_dict()[key].numpy(), value) for key, value in before.items())
        loose = {"module.weight": library.ones(2, 2), "module.more": library.ones(1), "other": library.ones(1)}
        keys = average.load_state_dict(loose, strict=False)
        assert set(keys.missing_keys) == {"n_averaged", "module.bias"}
        assert set(keys.unexpected_keys) == {"module.more", "other"}
        assert average.module.weight.tolist() == [[1, 1], [1, 1]]


def test_what_is_in_it_has_torchs_names():
    twins = Twins()
    for ask in ("parameters", "buffers", "modules", "children"):
        for recurse in ((True, False) if ask in ("parameters", "buffers") else (None,)):
            given = {} if recurse is None else {"recurse": recurse}
            found = [[name for name, _ in getattr(a, f"named_{ask}")(**given)] for a in twins.averages.values()]
            assert found[0] == found[1]
            assert [len(list(getattr(a, ask)(**given))) for a in twins.averages.values()] == [len(found[0])] * 2
    names = [[n for n, _ in a.named_parameters("pre")] + [n for n, _ in a.named_buffers("pre")] for a in twins.averages.values()]
    assert names[0] == names[1]
    states = [a.state_dict(destination={"a": 1} if library is bt else torch.nn.Module().state_dict() | {"a": 1}, prefix="p.")
              for library, a in twins.averages.items()]  # fmt: skip
    assert list(states[0]) == list(states[1])
    assert repr(twins.averages[bt]) == repr(twins.averages[torch])


def test_modes_conversions_and_gradients_reach_the_copy():
    average = ours.AveragedModel(model(bn, "float32").eval())
    assert average.training and not average.module.training
    assert average.eval() is average and not average.training and not average.module[1].training
    assert average.train().module[1].training
    assert average.double().module[0].weight.dtype == bt.float64
    assert average.to(bt.float32).half().float().module[0].weight.dtype == bt.float32
    average(bt.ones(3, 3)).sum().backward()
    assert all(p.grad is not None for p in average.parameters())
    average.zero_grad(set_to_none=False)
    assert average.module[0].weight.grad.abs().sum() == 0
    average.zero_grad()
    assert all(p.grad is None for p in average.parameters())
    assert not any(p.requires_grad for p in average.requires_grad_(False).parameters())
    seen = []
    average.apply(seen.append)
    assert seen[-1] is average and seen[-2] is average.module
    assert ours.AveragedModel(average).module.module[0].weight.shape == (4, 3)
    with pytest.raises(RuntimeError):
        ours.AveragedModel(bn.Linear(1, 1), device="cuda")


def test_update_bn():
    rng = np.random.default_rng(7)
    twins = Twins()
    batches = [rng.standard_normal((4 + i, 3)) for i in range(3)]
    for library, swa in ((torch, theirs), (bt, ours)):
        average = twins.averages[library].eval()
        swa.update_bn([[library.tensor(b), "label"] if i else library.tensor(b) for i, b in enumerate(batches)], average)
        assert average.module[1].momentum == 0.1 and not average.training and not average.module.training
    twins.check()


def test_update_bn_leaves_other_statistics_alone():
    for library, nn, swa in ((torch, torch.nn, theirs), (bt, bn, ours)):
        net = nn.Sequential(nn.InstanceNorm1d(2, track_running_stats=True))
        net(library.ones(1, 2, 3))
        swa.update_bn([], net)
        assert abs(net[0].running_mean[0].item() - 0.1) < 1e-6
        swa.update_bn([], net.eval())
        assert not net.training


@pytest.mark.parametrize("rate", [0.05, [0.05, 0.2]])
@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("epochs", [0, 1, 6])
def test_schedule(epochs, strategy, rate):
    def fresh(library):
        p, q = library.ones(1, requires_grad=True), library.ones(2, requires_grad=True)
        optimizer = (torch.optim.SGD if library is torch else SGD)([{"params": [p]}, {"params": [q], "lr": 0.7}], lr=0.5)
        swa = theirs if library is torch else ours
        return optimizer, swa.SWALR(optimizer, rate, anneal_epochs=epochs, anneal_strategy=strategy)

    def check():
        (optimizer, schedule), (their_optimizer, their_schedule) = pairs[bt], pairs[torch]
        np.testing.assert_allclose(schedule.get_last_lr(), their_schedule.get_last_lr(), 1e-12)
        for group, expected in zip(optimizer.param_groups, their_optimizer.param_groups):
            assert {k: group[k] for k in ("swa_lr", "initial_lr")} == {k: expected[k] for k in ("swa_lr", "initial_lr")}
            np.testing.assert_allclose(group["lr"], expected["lr"], 1e-12)
        state, expected = schedule.state_dict(), their_schedule.state_dict()
        assert state.keys() == expected.keys() and state["_anneal_strategy"] == expected["_anneal_strategy"]

    pairs = {library: fresh(library) for library in (torch, bt)}
    for step in range(14):
        check()
        for optimizer, schedule in pairs.values():
            if step == 3:
                optimizer.param_groups[0]["lr"] *= 1.1  # another schedule is at work
            optimizer.step()
            schedule.step()
        if step in (2, 4):
            origin, goal = (torch, bt) if step == 2 else (bt, torch)
            optimizer, schedule = fresh(goal)
            schedule.load_state_dict(pairs[origin][1].state_dict())
            for group, old in zip(optimizer.param_groups, pairs[origin][0].param_groups):
                group["lr"] = old["lr"]
            pairs[goal] = optimizer, schedule


def test_signatures_are_torchs():
    assert ours.__all__ == sorted(theirs.__all__)
    for name in ours.__all__:
        found, expected = (inspect.signature(getattr(swa, name)).parameters for swa in (ours, theirs))
        assert [(p.name, p.kind, p.default) for p in found.values()] == [(p.name, p.kind, p.default) for p in expected.values()]


def test_wrong_options_raise_torchs_error():
    for swa, nn, optim, library in ((theirs, torch.nn, torch.optim, torch), (ours, bn, byhand_optim, bt)):
        optimizer = optim.SGD([library.ones(1, requires_grad=True)], lr=0.1)
        for wrong in (-0.1, 1.5):
            for function in (swa.get_ema_avg_fn, swa.get_ema_multi_avg_fn):
                with pytest.raises(ValueError, match=f"Invalid decay value {wrong} provided"):
                    function(wrong)
        with pytest.raises(AssertionError, match="Only one of avg_fn and multi_avg_fn"):
            swa.AveragedModel(nn.Linear(1, 1), avg_fn=swa.get_swa_avg_fn(), multi_avg_fn=swa.get_swa_multi_avg_fn())
        with pytest.raises(ValueError, match="anneal_strategy must be one of 'cos' or 'linear', instead got square"):
            swa.SWALR(optimizer, 0.1, anneal_strategy="square")
        for wrong in (-1, 1.5):
            with pytest.raises(ValueError, match=f"anneal_epochs must be equal or greater than 0, got {wrong}"):
                swa.SWALR(optimizer, 0.1, anneal_epochs=wrong)
        with pytest.raises(ValueError, match="swa_lr must have the same length as"):
            swa.SWALR(optimizer, [0.1, 0.2])
