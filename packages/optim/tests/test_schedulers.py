"""The learning-rate schedules by themselves: the recursions that they are computed by against their closed formulas."""

import copy
import math
import pickle

import byhand.optim.lr_scheduler as schedules
import byhand.tensor as bt
import pytest
from byhand.optim import SGD, Adam


def new_optimizer(kind=SGD, **options):
    p, q = bt.ones(2, requires_grad=True), bt.ones(3, requires_grad=True)
    return kind([{"params": [p]}, {"params": [q], "lr": 0.02}], lr=0.5, **options)


def path(optimizer, schedule, steps):
    rates = []
    for _ in range(steps):
        rates.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        schedule.step()
    return rates


FORMULAS = {
    "LambdaLR": ({"lr_lambda": lambda t: 1 / (1 + t)}, lambda t: 1 / (1 + t)),
    "StepLR": ({"step_size": 3}, lambda t: 0.1 ** (t // 3)),
    "MultiStepLR": ({"milestones": [2, 7], "gamma": 0.5}, lambda t: 0.5 ** ((t >= 2) + (t >= 7))),
    "ConstantLR": ({"factor": 0.25, "total_iters": 4}, lambda t: 0.25 if t < 4 else 1),
    "LinearLR": ({"start_factor": 0.2, "total_iters": 4}, lambda t: 0.2 + 0.8 * min(t, 4) / 4),
    "ExponentialLR": ({"gamma": 0.7}, lambda t: 0.7**t),
    "PolynomialLR": ({"total_iters": 6, "power": 2.0}, lambda t: (1 - min(t, 6) / 6) ** 2),
    "CosineAnnealingLR": ({"T_max": 4}, lambda t: (1 + math.cos(math.pi * t / 4)) / 2),
    "CosineAnnealingWarmRestarts": ({"T_0": 5}, lambda t: (1 + math.cos(math.pi * (t % 5) / 5)) / 2),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_steps_follow_the_formula_in_the_docstring(name):
    options, share = FORMULAS[name]
    optimizer = new_optimizer()
    schedule = getattr(schedules, name)(optimizer, **options)
    for t, rates in enumerate(path(optimizer, schedule, 14)):
        assert rates == pytest.approx([0.5 * share(t), 0.02 * share(t)], abs=1e-15)


def test_cosine_is_above_its_lowest():
    optimizer = new_optimizer()
    schedule = schedules.CosineAnnealingLR(optimizer, 5, eta_min=0.1)
    assert path(optimizer, schedule, 6)[5] == pytest.approx([0.1, 0.1])


def test_triangles_and_their_momentum():
    optimizer = new_optimizer(momentum=0.5)
    schedule = schedules.CyclicLR(optimizer, 1.0, 3.0, step_size_up=2, mode="triangular2")
    assert [rates[0] for rates in path(optimizer, schedule, 9)] == [1, 2, 3, 2, 1, 1.5, 2, 1.5, 1]
    optimizer.step()
    assert optimizer.param_groups[0]["momentum"] == pytest.approx(0.9 - 0.1 / 8)


def test_one_cycle_begins_peaks_and_ends_where_it_should():
    optimizer = new_optimizer(Adam)
    schedule = schedules.OneCycleLR(optimizer, 1.0, total_steps=11, pct_start=3 / 11, div_factor=10, final_div_factor=5)
    assert optimizer.param_groups[0]["betas"] == (0.95, 0.999)
    rates = [first for first, _ in path(optimizer, schedule, 11)]
    assert [rates[0], rates[2], rates[10]] == pytest.approx([0.1, 1.0, 0.02]) and max(rates) == rates[2]


def test_plateau_bears_patience_and_cools_down():
    optimizer = new_optimizer()
    schedule = schedules.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, cooldown=2)
    rates = []
    for metric in [3, 2, 2, 2, 2, 2, 2, 2, 1]:
        schedule.step(bt.tensor(metric))
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == [0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.125, 0.125]


def test_rate_set_by_hand_is_what_is_multiplied():
    optimizer = new_optimizer()
    schedule = schedules.ExponentialLR(optimizer, 0.5)
    optimizer.param_groups[0]["lr"] = 8.0
    optimizer.step()
    schedule.step()
    assert schedule.get_last_lr() == [4.0, 0.01]


def test_schedule_reaches_the_parameters():
    p = bt.tensor([0.0], requires_grad=True)
    optimizer = SGD([p], lr=1.0)
    schedule = schedules.StepLR(optimizer, 1, gamma=0.5)
    for expected in (-1.0, -1.5, -1.75):
        p.grad = bt.ones(1)
        optimizer.step()
        schedule.step()
        assert p.item() == expected


@pytest.mark.parametrize("keep", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))], ids=["deepcopy", "pickle"])
def test_copies_go_on_by_themselves(keep):
    optimizer = new_optimizer(momentum=0.9)
    schedule = schedules.OneCycleLR(optimizer, 1.0, total_steps=20)
    path(optimizer, schedule, 5)
    twin, twin_schedule = keep((optimizer, schedule))
    assert twin_schedule.optimizer is twin
    assert path(twin, twin_schedule, 5) == path(optimizer, schedule, 5)


def test_state_is_left_as_it_was_by_loading():
    optimizer = new_optimizer(momentum=0.9)
    for make in (
        lambda: schedules.LambdaLR(optimizer, lambda t: 0.5),
        lambda: schedules.CyclicLR(optimizer, 0.1, 1.0),
        lambda: schedules.ChainedScheduler([schedules.StepLR(optimizer, 3)]),
    ):
        state = make().state_dict()
        before = copy.deepcopy(state)
        make().load_state_dict(state)
        assert state == before


def test_step_before_the_optimizers_is_warned_about_once():
    optimizer = new_optimizer()
    schedule = schedules.StepLR(optimizer, 3)
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        schedule.step()
    schedule.step()
    assert schedule.last_epoch == 2


def test_own_schedule():
    class Alternating(schedules.LRScheduler):
        def get_lr(self):
            return [base_lr * (1 + self.last_epoch % 2) for base_lr in self.base_lrs]

    optimizer = new_optimizer()
    assert [first for first, _ in path(optimizer, Alternating(optimizer), 4)] == [0.5, 1.0, 0.5, 1.0]
    with pytest.raises(NotImplementedError):
        schedules.LRScheduler(optimizer)
