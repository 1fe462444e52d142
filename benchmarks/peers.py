"""What is measured beside what: PyTorch, others that install from the package index, and NumPy by hand."""

from __future__ import annotations

from functools import partial

from . import floors, mlp_elsewhere, scalar_engine
from .libraries import in_byhand, in_torch
from .processes import Make
from .rounds import Pair
from .workloads import WORKLOADS

STEPS = 5  # of the scalar engines in a row, as in the demo: micrograd's graphs, which are cycles, burden the steps after them


def torch(name: str, threads: int) -> Pair:
    """A workload beside PyTorch."""
    return _beside("PyTorch", name, partial(in_torch, name, threads))


def micrograd() -> list[Pair]:
    """W1: the scalar engine beside micrograd on micrograd's own demo, with its network code and with ours."""
    what = "scalar engine, micrograd's demo"
    makers = (("W1", "its network code", scalar_engine.plain), ("W1-fused", "our neurons", scalar_engine.fused))
    return [
        Pair(name, f"{what}, {how}", "micrograd", make, scalar_engine.in_micrograd, STEPS, 1e-9) for name, how, make in makers
    ]


def others() -> list[Pair]:
    """W2 and W3 beside HIPS autograd and tinygrad."""
    makers = (("autograd", mlp_elsewhere.in_autograd), ("tinygrad", mlp_elsewhere.in_tinygrad))
    return [_beside(library, name, partial(make, name)) for name in ("W2", "W3-sgd") for library, make in makers]


def by_hand() -> list[Pair]:
    """The workloads beside hand-written NumPy with explicit gradients: what is left to gain without leaving NumPy."""
    return [_beside("NumPy by hand", name, partial(floors.by_hand, name)) for name in floors.FLOORS]


def _beside(library: str, name: str, theirs: Make) -> Pair:
    workload = WORKLOADS[name]
    return Pair(name, workload.what, library, partial(in_byhand, name), theirs, workload.repeat, workload.tolerance)
