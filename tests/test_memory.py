"""Memory: what a training step needs at its peak, and that many steps leave nothing behind. Run by `hatch run memray`."""

import gc

import byhand.nn as nn
import byhand.nn.functional as F
import byhand.optim as optim
import byhand.tensor as bt
import numpy as np
import pytest


@pytest.fixture(autouse=True)
def warm_blas():
    """The first sizeable product allocates 32 MiB inside OpenBLAS, once and for all."""
    a = np.ones((256, 256), np.float32)
    return a @ a


def training_step():
    """A closure that takes one step of an MLP 256-512-512-10 on 128 samples (0.4 M parameters, 1.6 MiB)."""
    bt.manual_seed(0)
    model = nn.Sequential(nn.Linear(256, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
    optimiser = optim.Adam(model.parameters(), lr=1e-3)
    x, target = bt.randn(128, 256), bt.randint(0, 10, (128,))

    def step():
        optimiser.zero_grad()
        F.cross_entropy(model(x), target).backward()
        optimiser.step()

    return step


@pytest.mark.limit_memory("14 MB")
def test_peak_of_a_training_step():
    # parameters, gradients and two moments: 4 × 1.6 MiB; a gathered gradient: 1.6; activations of 128 samples: 1.3
    step = training_step()
    for _ in range(3):
        step()


@pytest.mark.limit_leaks("200 KB")
def test_many_steps_leave_nothing_behind():
    step = training_step()
    gc.disable()
    try:
        for _ in range(100):
            step()
    finally:
        gc.enable()


@pytest.mark.limit_memory("24 MB")
def test_a_graph_holds_only_what_its_rules_ask_for():
    # 64 additions of 1 MiB arrays need none of their inputs; keeping them would take 64 MiB.
    x = bt.zeros(512, 512, requires_grad=True)
    y = x
    for _ in range(64):
        y = y + 1.0
    y.sum().backward()
    assert x.grad is not None
