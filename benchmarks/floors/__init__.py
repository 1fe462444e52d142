"""NumPy by hand: each workload with its gradients written out, no autograd, buffers made once, products into `out=`.

It is what is left to gain without leaving NumPy: the same weights and data as `workloads`, the same losses, and as fast as
plain NumPy goes with reasonable effort. A floor for an engine that has to allocate, record and dispatch.
"""

from __future__ import annotations

from collections.abc import Callable

from . import char_gpt, cnn, large, lstm, mlp, one_op, resnet

FLOORS: dict[str, Callable[[], Callable[[], float]]] = {
    "W0-forward": one_op.forward,
    "W0": one_op.forward_and_backward,
    "W2": mlp.small,
    "W3-sgd": mlp.mnist_sgd,
    "W3-adam": mlp.mnist_adam,
    "W4": cnn.cnn,
    "W5": resnet.resnet8,
    "W6": char_gpt.char_gpt,
    "W7": lstm.lstm,
    "W8-matmul": large.matmul,
    "W8-gelu": large.gelu,
    "W8-softmax": large.softmax,
    "W8-layernorm": large.layer_norm,
}


def by_hand(workload: str) -> Callable[[], float]:
    """The workload by hand, in a process that keeps the memory it has freed, as ours does."""
    from byhand.tensor.utils.memory import keep_freed_memory

    keep_freed_memory()
    return FLOORS[workload]()
