"""What learning-rate schedules are called with, refuse and warn about, beside PyTorch."""

import inspect

import byhand.optim
import byhand.tensor as bt
import numpy as np
import pytest
import torch
from test_schedulers_against_torch import CASES, halve, optimizer_of

NAMES = sorted({name for name, _ in CASES} | {"SequentialLR", "ChainedScheduler", "ReduceLROnPlateau", "LRScheduler"})


@pytest.mark.parametrize("name", NAMES)
def test_signatures_are_torchs(name):
    ours = inspect.signature(getattr(byhand.optim.lr_scheduler, name)).parameters
    theirs = inspect.signature(getattr(torch.optim.lr_scheduler, name)).parameters
    assert [(key, p.default, p.kind) for key, p in ours.items()] == [(key, p.default, p.kind) for key, p in theirs.items()]


def test_every_schedule_is_there():
    assert byhand.optim.lr_scheduler.__all__ == sorted(torch.optim.lr_scheduler.__all__) == NAMES


WRONG = [
    ("LambdaLR", {"lr_lambda": [halve]}),
    ("MultiplicativeLR", {"lr_lambda": 0.5}),
    ("ConstantLR", {"factor": 1.5}),
    ("LinearLR", {"start_factor": 0}),
    ("LinearLR", {"end_factor": -1}),
    ("CosineAnnealingWarmRestarts", {"T_0": 0}),
    ("CosineAnnealingWarmRestarts", {"T_0": 1, "T_mult": 0.5}),
    ("CosineAnnealingWarmRestarts", {"T_0": 1, "eta_min": "0"}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": [1.0]}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 1.0, "mode": "square"}),
    ("OneCycleLR", {"max_lr": 0.1}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": -1}),
    ("OneCycleLR", {"max_lr": 0.1, "epochs": 0, "steps_per_epoch": 3}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 5, "pct_start": 2.0}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 5, "anneal_strategy": "sine"}),
    ("ReduceLROnPlateau", {"factor": 1.0}),
    ("ReduceLROnPlateau", {"mode": "least"}),
    ("ReduceLROnPlateau", {"threshold_mode": "both"}),
    ("ReduceLROnPlateau", {"min_lr": [0.1]}),
    ("SequentialLR", {"schedulers": [], "milestones": []}),
    ("SequentialLR", {"schedulers": [1], "milestones": []}),
]


@pytest.mark.parametrize("name, options", WRONG)
def test_wrong_options_raise_torchs_error_and_change_nothing(name, options):
    errors = []
    for library in ("torch", "ours"):
        optimizer, schedules = optimizer_of(library)
        before = str(optimizer.param_groups)
        with pytest.raises((ValueError, TypeError)) as error:
            getattr(schedules, name)(optimizer, **options)
        errors.append((error.type, str(error.value)))
    assert errors[0] == errors[1] and str(optimizer.param_groups) == before


def test_other_errors_and_warnings_are_torchs():
    messages = []
    for library in ("torch", "ours"):
        optimizer, schedules = optimizer_of(library)
        other, _ = optimizer_of(library)
        with pytest.raises(KeyError, match="initial_lr"):
            schedules.StepLR(optimizer, 3, last_epoch=2)
        with pytest.raises(TypeError, match="int is not an Optimizer"):
            schedules.StepLR(1, 3)
        plain = schedules.StepLR(optimizer, 3)
        with pytest.raises(ValueError, match="belong to the same optimizer"):
            schedules.ChainedScheduler([plain, schedules.StepLR(other, 3)])
        with pytest.raises(ValueError, match="one more than the number"):
            schedules.SequentialLR(optimizer, [plain], [3])
        with pytest.raises(ValueError, match="does not support `ReduceLROnPlateau`"):
            schedules.ChainedScheduler([schedules.ReduceLROnPlateau(optimizer)])
        with pytest.warns(UserWarning, match="before `optimizer.step"):
            plain.step()
        plain.step()  # said once
        with pytest.warns(UserWarning, match="get_last_lr"):
            plain.get_lr()
        with pytest.warns(UserWarning, match="epoch parameter"):
            plain.step(7)
        once = schedules.OneCycleLR(optimizer, 0.1, total_steps=2)
        optimizer.step()
        once.step()
        once.step()
        with pytest.raises(ValueError) as error:
            once.step()
        messages.append(str(error.value))
    assert messages[0] == messages[1]


def test_group_added_later():
    results = []
    for library in ("torch", "ours"):
        optimizer, schedules = optimizer_of(library)
        schedule = schedules.ChainedScheduler([schedules.ExponentialLR(optimizer, 0.5), schedules.StepLR(optimizer, 2)])
        zeros = torch.zeros if library == "torch" else bt.zeros
        optimizer.add_param_group({"params": [zeros(2, requires_grad=True)], "lr": 1.0})
        for _ in range(5):
            optimizer.step()
            schedule.step()
        results.append(schedule.get_last_lr())
    np.testing.assert_allclose(*results, rtol=1e-12)
