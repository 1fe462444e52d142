"""A workload in one library or the other: what a runner's process is told to make."""

from __future__ import annotations

from collections.abc import Callable


def in_byhand(name: str) -> Callable[[], float]:
    """The workload in byhand, in a process that from now on keeps the memory it has freed."""
    from byhand.tensor.utils.memory import keep_freed_memory

    keep_freed_memory()
    return built_in_byhand(name)


def built_in_byhand(name: str) -> Callable[[], float]:
    """The workload in byhand."""
    import byhand.nn
    import byhand.nn.functional
    import byhand.optim
    import byhand.tensor

    from .workloads import WORKLOADS

    return WORKLOADS[name].build(byhand.tensor, byhand.nn, byhand.nn.functional, byhand.optim)


def in_torch(name: str, threads: int) -> Callable[[], float]:
    """The workload in PyTorch."""
    import torch

    from .workloads import WORKLOADS

    torch.set_num_threads(threads)
    return WORKLOADS[name].build(torch, torch.nn, torch.nn.functional, torch.optim)
