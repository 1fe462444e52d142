"""Every learning-rate schedule beside its namesake in PyTorch: step for step, option for option, resumed both ways."""

import itertools
import warnings

import byhand.optim
import byhand.tensor as bt
import numpy as np
import pytest
import torch

STEPS = 26


def combinations(**choices):
    return [dict(zip(choices, values)) for values in itertools.product(*choices.values())]


class Root:
    """A function with a state."""

    def __init__(self, scale=1.0):
        self.scale = scale

    def __call__(self, t):
        return self.scale / (1 + t) ** 0.5


def halve(t):
    return 0.5**t


def shrink(t):
    return 0.9 if t % 3 else 1.05


CASES = [
    ("LambdaLR", {"lr_lambda": halve}),
    ("LambdaLR", {"lr_lambda": [halve, Root(2.0)]}),
    ("MultiplicativeLR", {"lr_lambda": shrink}),
    ("MultiplicativeLR", {"lr_lambda": [shrink, Root()]}),
    *[("StepLR", options) for options in combinations(step_size=[1, 4], gamma=[0.1, 0.7])],
    *[("MultiStepLR", options) for options in combinations(milestones=[[3], [2, 5, 5, 11]], gamma=[0.1, 0.7])],
    *[("ConstantLR", options) for options in combinations(factor=[1 / 3, 1.0], total_iters=[0, 5])],
    *[
        ("LinearLR", options)
        for options in combinations(start_factor=[1 / 3, 0.01], end_factor=[1.0, 0.2], total_iters=[1, 5, 9])
    ],
    ("ExponentialLR", {"gamma": 0.8}),
    *[("PolynomialLR", options) for options in combinations(total_iters=[5, 40], power=[1.0, 2.5])],
    *[("CosineAnnealingLR", options) for options in combinations(T_max=[1, 4, 7, 50], eta_min=[0.0, 0.003])],
    *[
        ("CosineAnnealingWarmRestarts", options)
        for options in combinations(T_0=[1, 5], T_mult=[1, 2, 3], eta_min=[0, 0.003])
    ],
    *[
        ("CyclicLR", {"base_lr": 0.01, "max_lr": [0.1, 0.2], "gamma": 0.95, **options})
        for options in combinations(
            step_size_up=[3, 5], step_size_down=[None, 2], mode=["triangular", "triangular2", "exp_range"],
            cycle_momentum=[True, False],
        )
    ],
    ("CyclicLR", {"base_lr": [0.01, 0.02], "max_lr": 0.1, "step_size_up": 3, "scale_fn": halve, "base_momentum": [0.5, 0.6]}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3, "scale_fn": Root(), "scale_mode": "iterations"}),
    *[
        ("OneCycleLR", {"max_lr": [0.1, 0.3], **options})
        for options in combinations(
            total_steps=[STEPS, 40], pct_start=[0.3, 0.0, 0.45], anneal_strategy=["cos", "linear"],
            cycle_momentum=[True, False], three_phase=[True, False],
        )
        if options["pct_start"] or not options["three_phase"]
    ],
    ("OneCycleLR", {"max_lr": 0.1, "epochs": 4, "steps_per_epoch": 9, "div_factor": 3.0, "final_div_factor": 7.0}),
]  # fmt: skip


def optimizer_of(library, kind="SGD", lr=0.5):
    """An optimiser with two groups, and its library's schedules."""
    optim, new = (torch.optim, torch.tensor) if library == "torch" else (byhand.optim, bt.tensor)
    p, q = new(np.ones(2), requires_grad=True), new(np.ones(3), requires_grad=True)
    options = {"momentum": 0.9} if kind == "SGD" else {}
    return getattr(optim, kind)([{"params": [p]}, {"params": [q], "lr": 0.02}], lr=lr, **options), optim.lr_scheduler


class Pair:
    """The same schedule in both libraries."""

    def __init__(self, make, kind="SGD", lr=0.5):
        self.make = make
        self.theirs, their_schedules = optimizer_of("torch", kind, lr)
        self.ours, our_schedules = optimizer_of("ours", kind, lr)
        self.their_schedule, self.our_schedule = make(their_schedules, self.theirs), make(our_schedules, self.ours)

    def step(self, *args):
        for optimizer, schedule in ((self.theirs, self.their_schedule), (self.ours, self.our_schedule)):
            optimizer.step()
            schedule.step(*args)

    def check(self):
        found, expected = self.numbers(self.ours, self.our_schedule), self.numbers(self.theirs, self.their_schedule)
        assert found.keys() == expected.keys()
        assert list(found.values()) == pytest.approx(list(expected.values()), rel=1e-12, abs=1e-16)

    @staticmethod
    def numbers(optimizer, schedule):
        """Everything that a schedule sets, by name."""
        numbers = dict(enumerate(schedule.get_last_lr()))
        for i, group in enumerate(optimizer.param_groups):
            names = ("lr", "initial_lr", "momentum", "max_lr", "min_lr", "max_momentum", "base_momentum")
            numbers |= {(i, name): group[name] for name in names if name in group}
            numbers |= {(i, k, "beta"): beta for k, beta in enumerate(group.get("betas", ()))}
        return numbers


def maker(name, options):
    return lambda schedules, optimizer: getattr(schedules, name)(optimizer, **options)


def sequential(schedules, optimizer):
    warm = schedules.LinearLR(optimizer, 0.1, total_iters=3)
    return schedules.SequentialLR(
        optimizer, [warm, schedules.CosineAnnealingLR(optimizer, 8), schedules.ExponentialLR(optimizer, 0.9)], [4, 12]
    )


def chained(schedules, optimizer):
    return schedules.ChainedScheduler([schedules.ConstantLR(optimizer, 0.1, 4), schedules.ExponentialLR(optimizer, 0.9)])


def sequence_of_chains(schedules, optimizer):
    last = schedules.StepLR(optimizer, 2)
    with warnings.catch_warnings():  # PyTorch takes the chain's own first step for one too many, and so do we
        warnings.simplefilter("ignore")
        first = schedules.SequentialLR(optimizer, [chained(schedules, optimizer)], [])
        return schedules.SequentialLR(optimizer, [first, last], [5])


def warm_cosine(schedules, optimizer):
    cosine, warm = schedules.CosineAnnealingLR(optimizer, 10, 0.001), schedules.LinearLR(optimizer)
    return schedules.ChainedScheduler([cosine, warm, schedules.StepLR(optimizer, 6, 0.5)], optimizer)


COMBINED = [sequential, chained, sequence_of_chains, warm_cosine]
MAKERS = [pytest.param(maker(*case), id=f"{case[0]}-{i}") for i, case in enumerate(CASES)]
MAKERS += [pytest.param(make, id=make.__name__) for make in COMBINED]


@pytest.mark.parametrize("make", MAKERS)
def test_every_step(make):
    pair = Pair(make)
    pair.check()
    for _ in range(STEPS - 1):
        pair.step()
        pair.check()


@pytest.mark.parametrize("name, options", [case for case in CASES if case[0] in ("CyclicLR", "OneCycleLR")][::3])
def test_beta1_is_cycled_where_there_is_no_momentum(name, options):
    pair = Pair(maker(name, options), "Adam")
    for _ in range(STEPS - 1):
        pair.step()
        pair.check()


@pytest.mark.parametrize("make", MAKERS)
def test_state_is_in_torchs_format(make):
    pair = Pair(make)
    pair.step()
    ours, theirs = pair.our_schedule.state_dict(), pair.their_schedule.state_dict()
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        if name == "_schedulers":
            assert [state.keys() for state in ours[name]] == [state.keys() for state in value]
        elif name in ("lr_lambdas", "_scale_fn_custom", "_schedule_phases"):
            assert ours[name] == value
        elif isinstance(value, float | list):
            np.testing.assert_allclose(ours[name], value, rtol=1e-12)
        else:
            assert ours[name] == value


@pytest.mark.parametrize("make", [*MAKERS[:-4:3], *MAKERS[-4:]])
@pytest.mark.parametrize("to", ["ours", "torch"])
def test_schedule_begun_in_one_goes_on_in_the_other(make, to):
    pair = Pair(make)
    for _ in range(5):
        pair.step()
    fresh, schedules = optimizer_of(to)
    schedule = make(schedules, fresh)
    if to == "ours":
        schedule.load_state_dict(pair.their_schedule.state_dict())
        options, pair.ours, pair.our_schedule = pair.theirs, fresh, schedule
    else:
        schedule.load_state_dict(pair.our_schedule.state_dict())
        options, pair.theirs, pair.their_schedule = pair.ours, fresh, schedule
    for new, old in zip(fresh.param_groups, options.param_groups):
        new.update({key: value for key, value in old.items() if key in new and key != "params"})
    for _ in range(10):
        pair.step()
        pair.check()


@pytest.mark.parametrize("name, options", [case for case in CASES[::3] if case[0] != "CyclicLR"])
def test_last_epoch_goes_on_from_the_groups(name, options):
    pair = Pair(maker(name, options))
    for _ in range(5):
        pair.step()
    pair.their_schedule = getattr(torch.optim.lr_scheduler, name)(pair.theirs, last_epoch=4, **options)
    pair.our_schedule = getattr(byhand.optim.lr_scheduler, name)(pair.ours, last_epoch=4, **options)
    pair.check()
    for _ in range(6):
        pair.step()
        pair.check()


@pytest.mark.parametrize("name, options", CASES[2::4])
def test_jump_to_an_epoch(name, options):
    pair = Pair(maker(name, options))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for epoch in (3, 4, 11, 2, 7):
            pair.step(epoch)
            pair.check()


def test_fractional_epochs_between_restarts():
    pair = Pair(maker("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2}))
    for epoch in (0.25, 2.9, 3.0, 8.5, 9, 17.5, 1.5):
        pair.step(epoch)
        pair.check()
    pair.step()
    pair.check()


@pytest.mark.parametrize(
    "options",
    combinations(
        mode=["min", "max"], threshold=[1e-4, 0.3], threshold_mode=["rel", "abs"], patience=[0, 2], cooldown=[0, 2],
        min_lr=[0, [1e-3, 0.1]],
    ),
)  # fmt: skip
def test_plateau(options):
    pair = Pair(maker("ReduceLROnPlateau", {"factor": 0.3, **options}))
    metrics = np.random.default_rng(1).standard_normal(30).cumsum() + 3
    for i, metric in enumerate(metrics):
        if i == 15:
            state = pair.our_schedule.state_dict()
            assert state == pair.their_schedule.state_dict() and list(map(type, state)) == [str] * len(state)
            pair.our_schedule = maker("ReduceLROnPlateau", {})(byhand.optim.lr_scheduler, pair.ours)
            pair.our_schedule.load_state_dict(pair.their_schedule.state_dict())
        pair.our_schedule.step(bt.tensor(metric))
        pair.their_schedule.step(torch.tensor(metric))
        pair.check()


@pytest.mark.parametrize("make", [MAKERS[0], MAKERS[4], MAKERS[25], MAKERS[35], *MAKERS[-4:]])
def test_learning_rate_as_a_tensor_is_filled(make):
    results = []
    for library, new in (("torch", torch.tensor), ("ours", bt.tensor)):
        rate = new(np.array(0.5))
        optimizer, schedules = optimizer_of(library, "Adam", rate)
        schedule = make(schedules, optimizer)
        path = []
        for _ in range(12):
            path.append([float(rate), *map(float, schedule.get_last_lr())])
            assert optimizer.param_groups[0]["lr"] is rate and schedule.get_last_lr()[0] is not rate
            optimizer.step()
            schedule.step()
        results.append(path)
    np.testing.assert_allclose(*results, rtol=1e-12)
