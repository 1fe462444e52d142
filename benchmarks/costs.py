"""W9 and W10: what it costs to be there. Peak memory of a process, what a graph holds, and the time of an import."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from time import perf_counter

from . import held
from .libraries import in_byhand, in_torch
from .processes import Make, Runner
from .rounds import Row, row_of

STEPS = 3
NAMES = ("W4", "W6")
OURS = "import byhand.tensor, byhand.nn, byhand.optim"
THEIRS = "import torch"


def peaks(threads: int) -> list[Row]:
    """The most memory that a process of its own has had after a few steps of each workload, in bytes, imports included."""
    rows = []
    for name in NAMES:
        figures = _peak(partial(in_byhand, name), threads), _peak(partial(in_torch, name, threads), threads)
        rows.append(row_of("W9-peak", f"peak memory of a process that trains {name}", "PyTorch", [figures], unit="B"))
    return rows


def _peak(make: Make, threads: int) -> float:
    with Runner(make, threads) as runner:
        runner.losses(STEPS)
        return float(runner.peak())


def graphs(threads: int) -> list[Row]:
    """What the graph holds between forward and backward, in bytes, without parameters and inputs."""
    rows = []
    for name in NAMES:
        figures = sum(held.by_ours(in_byhand(name)).values()), held.by_torch(in_torch(name, threads))
        rows.append(row_of("W9-graph", f"what the graph of {name} holds before backward", "PyTorch", [figures], unit="B"))
    return rows


def imports(rounds: int) -> Row:
    """The time that an import adds to that of starting Python, compiled modules being at hand as after a first run."""
    for code in (OURS, THEIRS):
        _seconds(code)
    times = []
    for _ in range(rounds):
        bare, ours, theirs = map(_seconds, ("pass", OURS, THEIRS))
        times.append((ours - bare, theirs - bare))
    return row_of("W10", "import of tensor, nn and optim, over bare Python", "PyTorch", times)


def _seconds(code: str) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    return perf_counter() - start
